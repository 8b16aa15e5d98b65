"""Time zones by their IANA name (``Europe/Berlin``) or their Windows name (``W. Europe Standard Time``).

Rules come from the system or, where it has none, from the ``tzdata`` package. Windows names are turned into IANA
names by the table of the Unicode CLDR (windowsZones, as ``tzlocal`` carries it).
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

_WITHDRAWN = {"Mid-Atlantic Standard Time": "Etc/GMT+2", "Kamchatka Standard Time": "Asia/Kamchatka"}
"""Windows names that Azure still takes and the CLDR has dropped."""


class UnknownZoneError(ValueError):
    """A name that no time zone has.

    Attributes:
        suggestion: the nearest name that one has.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no time zone `{name[:80]}`")
        near = get_close_matches(name, [*available_timezones(), *windows_names()], 1)
        self.suggestion = near[0] if near else None


def zone(name: str | None) -> ZoneInfo:
    """Give the time zone of a name; UTC without one.

    Raises:
        UnknownZoneError: no zone has it.
    """
    asked = (name or "UTC").strip()
    return _load(_windows().get(asked.lower(), asked), asked)


def _load(key: str, asked: str) -> ZoneInfo:
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # unknown; no plain name; a folder such as `America`
        raise UnknownZoneError(asked) from None


def windows_names() -> list[str]:
    """List the Windows names that are known."""
    from tzlocal.windows_tz import win_tz

    return [*win_tz, *_WITHDRAWN]


@cache
def _windows() -> dict[str, str]:
    from tzlocal.windows_tz import win_tz

    return {name.lower(): key for name, key in (_WITHDRAWN | win_tz).items()}
