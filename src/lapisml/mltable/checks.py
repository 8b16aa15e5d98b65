"""The steps that an ``MLTable`` file may hold, each checked and with its defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

READERS = frozenset(("read_delimited", "read_parquet", "read_json_lines"))
ENCODINGS = {
    "utf8": "utf-8", "utf-8": "utf-8", "utf8bom": "utf-8-sig", "ascii": "utf-8", "latin1": "latin-1",
    "iso88591": "latin-1", "utf16": "utf-16", "windows1252": "cp1252",
}  # fmt: skip
"""What Azure ML calls an encoding → Python's name."""

_HEADERS = ("all_files_same_headers", "from_first_file", "all_files_different_headers", "no_header")
_DELIMITED = {
    "delimiter": ",", "encoding": "utf8", "header": "all_files_same_headers", "empty_as_string": False,
    "include_path_column": False, "infer_column_types": True, "support_multi_line": False,
}  # fmt: skip
_JSON = {"encoding": "utf8", "include_path_column": False, "invalid_lines": "error"}
_TYPES = ("int", "float", "boolean", "string", "datetime", "stream_info")
_TRUE, _FALSE = ("true", "1"), ("false", "0")


class MLTableError(ValueError):
    """A table can't be read; the text says why, with the place in the ``MLTable`` file where there is one."""


@dataclass(frozen=True)
class Step:
    """One transformation.

    Attributes:
        name: as in the file.
        args: checked, defaults filled in.
        written: as the file has it.
    """

    name: str
    args: Any
    written: Any = None


def step(name: str, value: Any, place: str) -> Step:
    """Check one step.

    Raises:
        MLTableError: it is unknown, or its arguments are.
    """
    check = _CHECKS.get(name)
    if check is None:
        known = ", ".join(sorted(_CHECKS))
        raise MLTableError(f"MLTable: {place}: the transformation `{name}` is not supported; supported are {known}")
    return Step(name, check(value, f"{place}.{name}"), value)


def _fail(place: str, sentence: str) -> MLTableError:
    return MLTableError(f"MLTable: {place}: {sentence}")


def _options(value: Any, place: str, defaults: Mapping[str, Any]) -> dict[str, Any]:
    given = {} if value is None else value
    if not isinstance(given, dict):
        raise _fail(place, "is not a mapping of settings")
    for key in given:
        if key not in defaults:
            raise _fail(f"{place}.{key}", f"is not supported; supported are {', '.join(sorted(defaults)) or 'none'}")
    return {**defaults, **given}


def _delimited(value: Any, place: str) -> dict[str, Any]:
    found = _options(value, place, _DELIMITED)
    found["header"] = str(found["header"]).split(".")[-1]
    if found["header"] not in _HEADERS:
        raise _fail(f"{place}.header", f"is not one of {', '.join(_HEADERS)}")
    found["delimiter"] = str(found["delimiter"]).replace("\\t", "\t")
    if len(found["delimiter"].encode()) != 1:
        raise _fail(f"{place}.delimiter", "is not one character")
    if not isinstance(found["infer_column_types"], bool):
        raise _fail(f"{place}.infer_column_types", "is not true or false; name types with convert_column_types")
    return _encoded(found, place)


def _encoded(found: dict[str, Any], place: str) -> dict[str, Any]:
    name = str(found["encoding"]).lower()
    if name not in ENCODINGS:
        raise _fail(f"{place}.encoding", f"is not one of {', '.join(sorted(ENCODINGS))}")
    return {**found, "encoding": ENCODINGS[name]}


def _parquet(value: Any, place: str) -> dict[str, Any]:
    return _options(value, place, {"include_path_column": False})


def _json_lines(value: Any, place: str) -> dict[str, Any]:
    found = _encoded(_options(value, place, _JSON), place)
    if found["invalid_lines"] not in ("error", "drop"):
        raise _fail(f"{place}.invalid_lines", "is not error or drop")
    return found


def _names(value: Any, place: str) -> list[str]:
    names = [value] if isinstance(value, str) else value
    if not isinstance(names, (list, tuple)) or not names or not all(isinstance(name, str) for name in names):
        raise _fail(place, "is not a column's name, or a list of them")
    return list(names)


def _count(value: Any, place: str) -> int:
    number = value.get("count") if isinstance(value, dict) and set(value) == {"count"} else value
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise _fail(place, "is not a number of rows")
    return int(number)


def _text(value: Any, place: str) -> str:
    if not isinstance(value, str):
        raise _fail(place, "is not a text")
    from . import conditions

    conditions.check(value, place)
    return value


def _partitions(value: Any, place: str) -> str:
    found = value.get("partition_format") if isinstance(value, dict) and len(value) == 1 else value
    if not isinstance(found, str) or "{" not in found:
        raise _fail(place, "has no `partition_format` such as {Store}/{Date:yyyy/MM/dd}/data.csv")
    from . import partitions

    partitions.columns_of(found)
    return found


def _sample(value: Any, place: str) -> dict[str, Any]:
    found = _options(value, place, {"probability": None, "seed": None})
    if not isinstance(found["probability"], (int, float)) or not 0 < found["probability"] <= 1:
        raise _fail(f"{place}.probability", "is not a number above 0 and up to 1")
    return found


def _conversions(value: Any, place: str) -> list[dict[str, Any]]:
    if not isinstance(value, list):
        raise _fail(place, "is not a list with `columns` and `column_type`")
    return [_conversion(entry, f"{place}[{index}]") for index, entry in enumerate(value)]


def _conversion(entry: Any, place: str) -> dict[str, Any]:
    if not isinstance(entry, dict) or set(entry) != {"columns", "column_type"}:
        raise _fail(place, "is not a mapping with `columns` and `column_type`")
    kind: Any = entry["column_type"]
    settings: Any = {}
    if isinstance(kind, dict) and len(kind) == 1:
        kind, settings = next(iter(kind.items()))
    if kind not in _TYPES:
        raise _fail(f"{place}.column_type", f"`{kind}` is not one of {', '.join(_TYPES)}")
    allowed: dict[str, Any] = {}
    if kind == "datetime":
        allowed = {"formats": []}
        settings = {"formats": settings} if isinstance(settings, (str, list)) else settings
    elif kind == "boolean":
        allowed = {"true_values": _TRUE, "false_values": _FALSE, "mismatch_as": "error"}
    found = _options(settings, f"{place}.column_type.{kind}", allowed)
    for name in ("formats", "true_values", "false_values"):
        if isinstance(found.get(name), str):
            found[name] = [found[name]]
    return {"columns": _names(entry["columns"], f"{place}.columns"), "type": kind, **found}


_CHECKS: dict[str, Any] = {
    "read_delimited": _delimited,
    "read_parquet": _parquet,
    "read_json_lines": _json_lines,
    "convert_column_types": _conversions,
    "keep_columns": _names,
    "drop_columns": _names,
    "take": _count,
    "skip": _count,
    "take_random_sample": _sample,
    "filter": _text,
    "extract_columns_from_partition_format": _partitions,
    "extract_partition_format_into_columns": _partitions,
}
