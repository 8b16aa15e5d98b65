"""Columns out of the paths of files: ``{Store}/{Date:yyyy/MM/dd}/data.csv``."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from .checks import MLTableError

_FIELD = re.compile(r"\{([^{}:]+)(?::([^{}]+))?\}")
_TOKENS = {"yyyy": ("%Y", r"\d{4}"), "MM": ("%m", r"\d{1,2}"), "dd": ("%d", r"\d{1,2}"), "HH": ("%H", r"\d{1,2}"),
           "mm": ("%M", r"\d{1,2}"), "ss": ("%S", r"\d{1,2}")}  # fmt: skip
_TOKEN = re.compile("|".join(_TOKENS))


def columns_of(form: str) -> dict[str, bool]:
    """Return column → whether it is a date, in the order of the format."""
    return {name: dates is not None for name, dates in _FIELD.findall(form) for dates in [dates or None]}


def values_of(form: str, path: str) -> dict[str, Any]:
    """Return column → value for one path; the format describes its end.

    Raises:
        MLTableError: the path does not have that form.
    """
    pattern, dates = _pattern(form)
    found = pattern.search(path)
    if found is None:
        raise MLTableError(f"the path {path} does not have the form {form}")
    values: dict[str, Any] = {}
    for index, name in enumerate(columns_of(form)):
        text = found.group(f"v{index}")
        values[name] = text if dates[index] is None else datetime.strptime(text, dates[index] or "")  # noqa: DTZ007
    return values


def _pattern(form: str) -> tuple[re.Pattern[str], list[str | None]]:
    """Make the expression that finds a format at the end of a path, and how its dates are read."""
    parts: list[str] = []
    dates: list[str | None] = []
    names: list[str] = []
    at = 0
    text = form.lstrip("/")
    for field in _FIELD.finditer(text):
        parts.append(_fixed(text[at : field.start()]))
        name, date = field.groups()
        if name in names:
            parts.append(f"(?P=v{names.index(name)})")
        else:
            names.append(name)
            inner = r"[^/]+?" if date is None else _TOKEN.sub(lambda t: _TOKENS[t.group()][1], re.escape(date))
            parts.append(f"(?P<v{len(names) - 1}>{inner})")
            dates.append(None if date is None else _TOKEN.sub(lambda t: _TOKENS[t.group()][0], date))
        at = field.end()
    parts.append(_fixed(text[at:]))
    return re.compile("(?:^|/)" + "".join(parts) + r"\Z"), dates


def _fixed(text: str) -> str:
    return re.escape(text).replace(r"\*", "[^/]*")
