"""``python -m lapisml.azshim``: what the installed ``az`` runs."""

from __future__ import annotations

import sys

from lapisml.azshim.main import main

sys.exit(main())
