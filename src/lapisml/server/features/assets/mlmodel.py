"""What the ``MLmodel`` file of a model tells people: its flavours, what goes in and comes out, an example.

Form of the file: https://mlflow.org/docs/latest/ml/model/#mlmodel-configuration. It is read as plain YAML and JSON;
nothing of the model is loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from typing_extensions import TypedDict

from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.safe_yaml import read_mapping

MOST_EXAMPLE = 256 << 10
"""An input example that is longer, in bytes, is left to the list of files."""

_MOST_DEPTH = 6
_FACTS = ("mlflow_version", "model_size_bytes", "model_id", "run_id", "utc_time_created")


class ColumnBody(TypedDict):
    """One input, output or parameter.

    Attributes:
        name: None for what is known by its place alone.
        type: as people write it: ``double``, ``array(string)``, ``tensor(float32)``.
        shape: of a tensor, -1 for any length; None for others.
        default: of a parameter.
    """

    name: str | None
    type: str
    shape: list[int] | None
    required: bool
    default: Any


class SignatureBody(TypedDict):
    """What goes into a model and what comes out."""

    inputs: list[ColumnBody]
    outputs: list[ColumnBody]
    params: list[ColumnBody]


class MlmodelBody(TypedDict):
    """What is known of an MLflow model.

    Attributes:
        flavors: flavour → its settings.
        facts: further keys of the file: ``mlflow_version``, ``model_size_bytes``, ``model_id``, ``run_id``, ….
        example: the input example as it was saved; None without one, or for one that is no JSON or too long.
        request: the example as the body of a request, as MLflow wrote it.
    """

    flavors: dict[str, Any]
    facts: dict[str, Any]
    signature: SignatureBody | None
    example: Any
    request: Any


def describe(storage: Storage, location: StorageLocation) -> MlmodelBody | None:
    """Read the description of a model's folder; None when it holds no ``MLmodel`` file.

    Raises:
        LapisError: DocumentInvalid when the file can't be read; what the storage raises.
    """
    content = read_mapping(storage, location.child("MLmodel"))
    if content is None:
        return None
    saved = _mapping(content.get("saved_input_example_info"))
    return {
        "flavors": _plain(_mapping(content.get("flavors"))),
        "facts": _plain({key: content[key] for key in _FACTS if content.get(key) is not None}),
        "signature": _signature(content.get("signature")),
        "example": _read_json(storage, location, saved.get("artifact_path")),
        "request": _read_json(storage, location, saved.get("serving_input_path")),
    }


def signature_of(storage: Storage, location: StorageLocation) -> SignatureBody | None:
    """Read the signature alone; None for a model without one.

    Raises:
        LapisError: as `describe`.
    """
    content = read_mapping(storage, location.child("MLmodel"))
    return _signature(content.get("signature")) if content is not None else None


def _signature(given: Any) -> SignatureBody | None:
    parts = _mapping(given)
    if not any(parts.get(key) for key in ("inputs", "outputs", "params")):
        return None
    return {
        "inputs": _columns(parts.get("inputs")),
        "outputs": _columns(parts.get("outputs")),
        "params": _columns(parts.get("params")),
    }


def _columns(given: Any) -> list[ColumnBody]:
    """Read one list of the signature, which the file keeps as JSON in a text."""
    if isinstance(given, str):
        try:
            given = orjson.loads(given)
        except orjson.JSONDecodeError:
            return []
    return [_column(one) for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _column(given: Mapping[str, Any]) -> ColumnBody:
    tensor = _mapping(given.get("tensor-spec"))
    shape = tensor.get("shape") if tensor else given.get("shape")
    name = given.get("name")
    return {
        "name": str(name) if name is not None else None,
        "type": f"tensor({tensor.get('dtype')})" if tensor else _type(given),
        "shape": [int(size) for size in shape if isinstance(size, int)] if isinstance(shape, list) else None,
        "required": bool(given.get("required", not given.get("optional", False))),
        "default": given.get("default"),
    }


def _type(given: Any, depth: int = 0) -> str:
    """Write a type: of plain values, of lists and mappings of them, of objects with their properties."""
    if not isinstance(given, dict) or depth > _MOST_DEPTH:
        return "any"
    kind = str(given.get("type"))
    if kind == "array":
        return f"array({_type(given.get('items'), depth + 1)})"
    if kind == "map":
        return f"map({_type(given.get('values'), depth + 1)})"
    if kind == "object":
        parts = [f"{key}: {_type(part, depth + 1)}" for key, part in _mapping(given.get("properties")).items()]
        return f"object({', '.join(parts)})"
    return kind


def _read_json(storage: Storage, location: StorageLocation, name: Any) -> Any:
    """Read a JSON file that the ``MLmodel`` file names; None for one that is not as it should be."""
    if not isinstance(name, str) or not name or "/" in name or "\\" in name or name.startswith("."):
        return None
    file = location.child(name)
    found = storage.info(file)
    if found is None or found.is_dir or found.size > MOST_EXAMPLE:
        return None
    try:
        return orjson.loads(storage.read_range(file, 0, MOST_EXAMPLE))
    except orjson.JSONDecodeError:
        return None


def _mapping(given: Any) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    """Give values of YAML as JSON has them; empty when they are nested beyond sense."""
    try:
        plain: dict[str, Any] = orjson.loads(orjson.dumps(given, default=str, option=orjson.OPT_NON_STR_KEYS))
    except orjson.JSONEncodeError:
        return {}
    return plain
