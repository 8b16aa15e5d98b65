"""Reading the YAML tables that ship with the environments part."""

from __future__ import annotations

from typing import Any

import yaml

try:
    from yaml import CSafeLoader
except ImportError:  # PyYAML built without libyaml: the same, ten times slower
    from yaml import SafeLoader as CSafeLoader  # type: ignore[assignment]


def read_table(text: str) -> Any:
    """Read YAML text into plain values."""
    return yaml.load(text, Loader=CSafeLoader)
