"""Records of evaluation data sets: checked, told apart by their inputs, and what fields they have."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from lapisml.server.features.tracking.limits import invalid

_PARTS = ("inputs", "outputs", "expectations", "tags", "source", "source_id", "source_type", "created_by")
_TYPES = {bool: "boolean", int: "integer", float: "float", str: "string", list: "array", dict: "object"}


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of a record.

    Raises:
        LapisError: Usage.
    """
    inputs = given.get("inputs", {})
    if not isinstance(inputs, dict):
        raise invalid("The inputs of a record must be an object.")
    for part in ("expectations", "tags"):
        if given.get(part) is not None and not isinstance(given[part], dict):
            raise invalid(f"The {part} of a record must be an object.")
    kept = {part: given[part] for part in _PARTS if part in given}
    source = given.get("source")
    if isinstance(source, dict):
        data = source.get("source_data") or {}
        kind = source.get("source_type")
        kept.setdefault("source_type", kind)
        kept.setdefault("source_id", data.get("trace_id") if kind == "TRACE" else data.get("source_id"))
    return {"inputs": inputs, **kept}


def digest(record: Mapping[str, Any]) -> str:
    """Give what tells records apart: the digest of their inputs."""
    return hashlib.sha256(orjson.dumps(record["inputs"], option=orjson.OPT_SORT_KEYS)).hexdigest()


def merged(before: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with another of the same inputs written over it; expectations and tags are added to."""
    made = {**before, **{part: given[part] for part in ("outputs",) if part in given}}
    for part in ("expectations", "tags"):
        if given.get(part):
            made[part] = {**(before.get(part) or {}), **given[part]}
    user = (given.get("tags") or {}).get("mlflow.user")
    return made | ({"last_updated_by": user} if user else {})


def merged_schema(before: dict[str, Any] | None, records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the types of the fields of records, added to those that are known."""
    schema: dict[str, Any] = before or {"inputs": {}, "outputs": {}, "expectations": {}, "version": "1.0"}
    for record in records:
        for part in ("inputs", "outputs", "expectations"):
            value = record.get(part)
            if isinstance(value, dict) and isinstance(schema[part], dict):
                schema[part] = {**{key: _type(one) for key, one in value.items()}, **schema[part]}
            elif value is not None and not schema[part]:
                schema[part] = _type(value)
    return schema


def _type(value: Any) -> str:
    return "null" if value is None else _TYPES.get(type(value), "unknown")
