"""Time zones under the names of ``azure.ai.ml.constants.TimeZone``."""

from __future__ import annotations

import re
from enum import StrEnum

from lapisml.core.schedules.zones import windows_names

_ODD = {
    "E. South America Standard Time": "E_SOUTH_AMERICAN_STANDARD_TIME",
    "E. Australia Standard Time": "E_AUSTRALIAN_STANDARD_TIME",
    "Afghanistan Standard Time": "AFGHANISTANA_STANDARD_TIME",
    "W. Central Africa Standard Time": "W_CENTEAL_AFRICA_STANDARD_TIME",
    "Tonga Standard Time": "TONGA__STANDARD_TIME",
}
"""Names that azure.ai.ml spells in a way of its own."""


def _members() -> dict[str, str]:
    plain = {re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_"): name for name in windows_names()}
    return plain | {"UTC_12": "UTC+12", "UTC": "UTC"} | {key: name for name, key in _ODD.items()}


TimeZone = StrEnum("TimeZone", _members())  # type: ignore[misc]  # the names come from the table of zones
