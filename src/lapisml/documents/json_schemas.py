"""JSON schemas of models that hold each other: pipelines within pipelines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, TypeAdapter

from lapisml.documents.kinds.by_type import MODELS_KEY

_REF = "#/$defs/"


def schema_of(models: Sequence[type[BaseModel]]) -> dict[str, Any]:
    """Return the JSON schema of any of some models; what stands within them is under ``$defs``, each model once."""
    union: Any = models[0]
    for model in models[1:]:
        union = union | model
    made: dict[str, Any] = TypeAdapter(union).json_schema(by_alias=True)
    definitions = made.pop("$defs", {})
    waiting = _resolve(made) + _resolve(definitions)
    while waiting:
        model = waiting.pop()
        if model.__name__ not in definitions:
            inner = model.model_json_schema(by_alias=True)
            found = {**inner.pop("$defs", {}), model.__name__: inner}
            definitions.update({name: one for name, one in found.items() if name not in definitions})
            waiting += _resolve(found)
    return {**made, "$defs": definitions} if definitions else made


def _resolve(schema: Any) -> list[type[BaseModel]]:
    """Put references in place of the marks that `ByType` leaves, and list the models that they lead to."""
    if isinstance(schema, list):
        return [model for inner in schema for model in _resolve(inner)]
    if not isinstance(schema, dict):
        return []
    models: list[type[BaseModel]] = schema.pop(MODELS_KEY, [])
    found = [model for inner in list(schema.values()) for model in _resolve(inner)]
    if models:
        schema["anyOf"] = [{"$ref": _REF + model.__name__} for model in models]
    return [*models, *found]
