"""The versions that ``az`` shows: those of the commands whose words it follows, and Lapis's own."""

from __future__ import annotations

CLI_VERSION = "2.80.0"
ML_VERSION = "2.40.0"
