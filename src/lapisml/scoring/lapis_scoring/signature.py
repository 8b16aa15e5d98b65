"""A model's signature: what its ``MLmodel`` says of inputs, outputs and parameters."""

from __future__ import annotations

import json
import os
from typing import Any

from .errors import LoadError

NUMPY_TYPES = {
    "double": "float64",
    "float": "float32",
    "long": "int64",
    "integer": "int32",
    "boolean": "bool",
}
"""MLflow's types of columns that numpy holds as numbers."""

SCALARS = {*NUMPY_TYPES, "string", "binary", "datetime"}


class Column:
    """A named input (or one known by its place, then `name` is None)."""

    __slots__ = ("name", "required", "type")

    def __init__(self, name: Any, type_: Any, required: bool) -> None:
        self.name = name
        self.type = type_
        self.required = required


class Signature:
    """What goes in.

    Args:
        inputs: the list behind ``signature.inputs``.
        outputs: the list behind ``signature.outputs``.
        params: the list behind ``signature.params``.

    Attributes:
        columns: the columns; empty for tensors.
        tensors: ``{"name", "dtype", "shape"}`` of each tensor; empty for columns.
        simple: whether every column holds one plain value a row.
        numeric: whether every column holds numbers or truth values.
    """

    def __init__(self, inputs: list[Any], outputs: list[Any] | None, params: list[Any] | None) -> None:
        self.outputs = outputs or []
        self.params = params or []
        self.tensors = [_tensor(item) for item in inputs if item.get("type") == "tensor"]
        self.columns = [] if self.tensors else [_column(item) for item in inputs]
        types = [column.type for column in self.columns]
        self.simple = bool(types) and all(isinstance(kind, str) and kind in SCALARS for kind in types)
        self.numeric = self.simple and all(kind in NUMPY_TYPES for kind in types)

    @property
    def names(self) -> list[Any] | None:
        """Names of the columns; None when they have none."""
        names = [column.name for column in self.columns]
        return None if not names or None in names else names


def _column(item: dict[str, Any]) -> Column:
    required = item.get("required", not item.get("optional", False))
    kind = item.get("type")
    return Column(item.get("name"), kind if kind in SCALARS else item, bool(required))


def _tensor(item: dict[str, Any]) -> dict[str, Any]:
    spec = item.get("tensor-spec") or {}
    return {"name": item.get("name"), "dtype": spec.get("dtype"), "shape": list(spec.get("shape") or [])}


class ModelFile:
    """``MLmodel``, read.

    Args:
        folder: the model's folder.

    Raises:
        LoadError: there is none, or it is none.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.document = _read(folder)
        self.flavors: dict[str, Any] = self.document.get("flavors") or {}
        self.signature = _signature(self.document.get("signature"))

    @property
    def loader(self) -> str:
        """Module that MLflow loads the model with."""
        return str((self.flavors.get("python_function") or {}).get("loader_module") or "")

    def example(self) -> str | None:
        """Return the file with the model's input example, if it has one."""
        info = self.document.get("saved_input_example_info") or {}
        name = info.get("artifact_path")
        path = os.path.join(self.folder, name) if name else ""
        return path if name and os.path.isfile(path) else None


def find(path: str) -> str:
    """Return the folder with ``MLmodel``: `path`, or the only folder in it that has one.

    Raises:
        LoadError: there is none.
    """
    if os.path.isfile(path) and os.path.basename(path) == "MLmodel":
        return os.path.dirname(path)
    if os.path.isfile(os.path.join(path, "MLmodel")):
        return path
    inner = sorted(os.listdir(path)) if os.path.isdir(path) else []
    found = [name for name in inner if os.path.isfile(os.path.join(path, name, "MLmodel"))]
    if len(found) == 1:
        return os.path.join(path, found[0])
    raise LoadError(
        "the model's folder has no file MLmodel; a deployment without a scoring script needs an MLflow model"
    )


def _read(folder: str) -> dict[str, Any]:
    try:
        import yaml
    except ImportError as error:
        raise LoadError("the model's environment lacks mlflow (and PyYAML); add mlflow to it") from error
    try:
        with open(os.path.join(folder, "MLmodel"), encoding="utf-8") as file:
            quick = hasattr(yaml, "CSafeLoader")  # libyaml's; it comes with most builds
            document = yaml.load(file, yaml.CSafeLoader) if quick else yaml.safe_load(file)
    except (OSError, yaml.YAMLError) as error:
        raise LoadError(f"the model's MLmodel can't be read: {error}") from error
    if not isinstance(document, dict):
        raise LoadError("the model's MLmodel is no YAML mapping")
    return document


def _signature(found: Any) -> Signature | None:
    if not isinstance(found, dict) or not found.get("inputs"):
        return None
    try:
        inputs, outputs, params = (_list(found.get(key)) for key in ("inputs", "outputs", "params"))
    except ValueError as error:
        raise LoadError(f"the signature in the model's MLmodel can't be read: {error}") from error
    return Signature(inputs, outputs, params) if inputs else None


def _list(value: Any) -> list[Any]:
    found = json.loads(value) if isinstance(value, str) else value
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []
