"""Paths within a document: ``inputs.data.path``, ``identities[0].resource_id``, ``properties["a.b"]``."""

from __future__ import annotations

import re
from typing import Any

Step = str | int
DocumentPath = tuple[Step, ...]
"""Keys and list indexes from the top of a document to a value."""

_PLAIN_KEY = re.compile(r"[^.=\[\]\"'\s]+\Z")
_TOKEN = re.compile(
    r"""\[(?P<index>-?\d+)\]            # list index
      | \["(?P<double>(?:[^"\\]|\\.)*)"\]   # quoted key
      | \['(?P<single>(?:[^'\\]|\\.)*)'\]
      | \.?(?P<key>[^.\[]+)""",
    re.VERBOSE,
)


def format_path(path: DocumentPath) -> str:
    """Write a path with dots between keys and list indexes in brackets."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.match(step):
            text += f".{step}" if text else step
        else:
            escaped = step.replace("\\", "\\\\").replace('"', '\\"')
            text += f'["{escaped}"]'
    return text


def parse_path(text: str) -> DocumentPath:
    """Read a dotted path.

    Raises:
        ValueError: with a sentence, when the text is no path.
    """
    steps: list[Step] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None or (at == 0 and text.startswith(".")):
            raise ValueError(f"'{text}' is not a path such as inputs.data.path or items[0].name")
        steps.append(_step(token))
        at = token.end()
    if not steps:
        raise ValueError("the path is empty")
    return tuple(steps)


def _step(token: re.Match[str]) -> Step:
    if token["index"] is not None:
        return int(token["index"])
    for quoted in (token["double"], token["single"]):
        if quoted is not None:
            return re.sub(r"\\(.)", r"\1", quoted)
    return token["key"]


def value_at(data: Any, path: DocumentPath) -> Any:
    """Return the value at `path`.

    Raises:
        LookupError: nothing is there.
    """
    for step in path:
        indexable = isinstance(data, list) if isinstance(step, int) else isinstance(data, dict) and step in data
        if not indexable:
            raise LookupError(step)
        data = data[step]
    return data
