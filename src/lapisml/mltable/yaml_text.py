"""YAML of ``MLTable`` files, with PyYAML where there is one and without it where there is none.

A job's environment may hold pandas and no PyYAML. What stands in for it reads the plain block style that these files
are written in, and refuses anything else instead of guessing.
"""

from __future__ import annotations

import json
import re
from typing import Any

_NUMBER = re.compile(r"[-+]?\d+\Z")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None, "": None}
_KEY = re.compile(r"""("[^"]*"|'[^']*'|[^\s'"\[\]{},#&*!|>%@`][^:#]*?)\s*:(?:\s+(.*))?\Z""")


def load(text: str) -> Any:
    """Read YAML.

    Raises:
        ValueError: it is none, or of a kind that needs PyYAML, which is not there.
    """
    try:
        import yaml
    except ImportError:
        return load_plain(text)
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error


def dump(content: Any) -> str:
    """Write plain values as YAML: mappings and lists in block style, every text in quotes where needed."""
    return "\n".join(_written(content, 0)) + "\n"


def load_plain(text: str) -> Any:
    """Read the plain block style without PyYAML; errors as `load`."""
    lines = [(number, line.rstrip()) for number, line in enumerate(text.splitlines(), 1)]
    kept = [(n, _uncommented(x)) for n, x in lines if _uncommented(x).strip() not in ("", "---")]
    entries = [(n, len(x) - len(x.lstrip(" ")), x.strip()) for n, x in kept]
    if not entries:
        return None
    value, rest = _block(entries, entries[0][1])
    if rest:
        raise _strange(rest[0])
    return value


def _block(entries: list[tuple[int, int, str]], indent: int) -> tuple[Any, list[tuple[int, int, str]]]:
    first = entries[0][2]
    if first == "-" or first.startswith("- "):
        return _sequence(entries, indent)
    return _mapping(entries, indent) if _KEY.match(first) else (_scalar(first), entries[1:])


def _sequence(entries: list[tuple[int, int, str]], indent: int) -> tuple[Any, list[tuple[int, int, str]]]:
    found: list[Any] = []
    while entries and entries[0][1] == indent and (entries[0][2] == "-" or entries[0][2].startswith("- ")):
        number, _indent, text = entries[0]
        inner = text[1:].lstrip()
        if inner:
            deeper = indent + len(text) - len(inner)
            entries = [(number, deeper, inner), *entries[1:]]
            value, entries = _block(entries, deeper)
        else:
            value, entries = _below(entries[1:], indent)
        found.append(value)
    return found, entries


def _mapping(entries: list[tuple[int, int, str]], indent: int) -> tuple[Any, list[tuple[int, int, str]]]:
    found: dict[Any, Any] = {}
    while entries and entries[0][1] == indent:
        match = _KEY.match(entries[0][2])
        if match is None:
            raise _strange(entries[0])
        key, value = _scalar(match.group(1)), match.group(2)
        if value:
            found[key], entries = _scalar(value), entries[1:]
        else:
            found[key], entries = _below(entries[1:], indent, same=True)
    if entries and entries[0][1] > indent:
        raise _strange(entries[0])
    return found, entries


def _below(
    entries: list[tuple[int, int, str]], indent: int, *, same: bool = False
) -> tuple[Any, list[tuple[int, int, str]]]:
    """Read what belongs to a key or dash: what is indented deeper, or a list at a key's own depth."""
    if entries and (entries[0][1] > indent or (same and entries[0][1] == indent and entries[0][2].startswith("-"))):
        return _block(entries, entries[0][1])
    return None, entries


def _scalar(text: str) -> Any:
    if text[:1] in ("[", "{"):
        return _flow(text)
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        return json.loads(text)
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] in tuple("&*!|>%@`\"'"):
        raise ValueError(f"`{text}` can't be read without PyYAML; add pyyaml to the environment")
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    if _NUMBER.match(text):
        return int(text)
    return float(text) if _FLOAT.match(text) else text


def _flow(text: str) -> Any:
    closing = {"[": "]", "{": "}"}[text[0]]
    inner = text[1:-1].strip()
    if not text.endswith(closing) or re.search(r"[\[\]{}]", inner):
        raise ValueError(f"`{text}` can't be read without PyYAML; add pyyaml to the environment")
    parts = re.findall(r"""(?:"[^"]*"|'[^']*'|[^,"'])+""", inner)
    if text[0] == "[":
        return [_scalar(part.strip()) for part in parts]
    pairs = [_KEY.match(part.strip()) for part in parts]
    if not all(pairs):
        raise ValueError(f"`{text}` can't be read without PyYAML; add pyyaml to the environment")
    return {_scalar(pair.group(1)): _scalar((pair.group(2) or "").strip()) for pair in pairs if pair}


def _uncommented(line: str) -> str:
    match = re.match(r"""((?:"[^"]*"|'[^']*'|[^'"#]|(?<=\S)#)*?)(?:(?:^|\s)#.*)?\Z""", line)
    return (match.group(1) if match else line).rstrip()


def _strange(entry: tuple[int, int, str]) -> ValueError:
    return ValueError(f"line {entry[0]} can't be read without PyYAML; add pyyaml to the environment")


def _written(content: Any, indent: int) -> list[str]:
    pad = "  " * indent
    lines: list[str] = []
    if isinstance(content, dict):
        for key, value in content.items():
            if isinstance(value, (dict, list, tuple)) and value:
                lines += [f"{pad}{_plain(key)}:", *_written(value, indent + 1)]
            else:
                lines.append(f"{pad}{_plain(key)}: {_plain(value)}")
        return lines
    for value in content:
        if isinstance(value, (dict, list, tuple)) and value:
            inner = _written(value, indent + 1)
            lines += [f"{pad}- {inner[0].lstrip()}", *inner[1:]]
        else:
            lines.append(f"{pad}- {_plain(value)}")
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, str):
        return value if re.match(r"[A-Za-z_][\w./-]*\Z", value) and value.lower() not in _WORDS else json.dumps(value)
    return json.dumps(list(value) if isinstance(value, tuple) else value)
