"""swagger.json: what a client may send and gets back, as Swagger 2.0 in the form of Azure ML's."""

from __future__ import annotations

from typing import Any

from .signature import Signature

_TYPES = {
    "double": ("number", "double"),
    "float": ("number", "float"),
    "long": ("integer", "int64"),
    "integer": ("integer", "int32"),
    "boolean": ("boolean", None),
    "string": ("string", None),
    "binary": ("string", "byte"),
    "datetime": ("string", "date-time"),
}


def of_function(run: Any, util: Any) -> dict[str, Any]:
    """Describe a scoring script by the decorators of its ``run()``; `util` is inference-schema's ``schema_util``."""
    empty: dict[str, Any] = {"type": "object", "example": {}}
    if util is None or not util.is_schema_decorated(run):
        return document(empty, dict(empty))
    return document(util.get_input_schema(run), util.get_output_schema(run))


def of_signature(signature: Signature | None, names: list[Any] | None) -> dict[str, Any]:
    """Describe a model by its signature; one without is described by the names of its columns."""
    if signature is not None and signature.tensors:
        return document(_input(_tensor(signature.tensors)), _output(signature.outputs))
    columns = [(c.name, c.type, c.required) for c in signature.columns] if signature is not None else []
    columns = columns or [(name, "double", True) for name in names or []]
    labels = [str(place if name is None else name) for place, (name, _, _) in enumerate(columns)]
    types = [_type(kind) for _, kind, _ in columns]
    split: dict[str, Any] = {
        "type": "object",
        "required": ["columns", "data"],
        "properties": {
            "columns": {"type": "array", "items": {"type": "string"}},
            "index": {"type": "array", "items": {"type": "integer", "format": "int64"}},
            "data": {"type": "array", "items": {"type": "array", "items": _common(types)}},
        },
        "example": {"columns": labels, "index": [0], "data": [[_example(kind) for kind in types]]},
    }
    described = _input(split)
    if columns:
        required = [label for label, column in zip(labels, columns) if column[2]]
        described["x-columns"] = {"required": required, "properties": dict(zip(labels, types))}
    return document(described, _output(signature.outputs if signature is not None else []))


def document(service_input: Any, service_output: Any) -> dict[str, Any]:
    """Return the whole document around the two definitions."""
    error = {"description": "The service failed to execute.", "schema": {"$ref": "#/definitions/ErrorResponse"}}
    return {
        "swagger": "2.0",
        "info": {"title": "ML service", "description": "An online endpoint of Lapis", "version": "1.0"},
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "Bearer": {
                "type": "apiKey",
                "name": "Authorization",
                "in": "header",
                "description": "For example: Bearer abc123",
            }
        },
        "paths": {
            "/score": {
                "post": {
                    "operationId": "RunMLService",
                    "description": "Run the model and get its predictions",
                    "security": [{"Bearer": []}],
                    "parameters": [
                        {
                            "name": "serviceInputPayload",
                            "in": "body",
                            "description": "What the model is to look at.",
                            "schema": {"$ref": "#/definitions/ServiceInput"},
                        }
                    ],
                    "responses": {
                        "200": {
                            "description": "The predictions.",
                            "schema": {"$ref": "#/definitions/ServiceOutput"},
                        },
                        "default": error,
                    },
                }
            },
            "/swagger.json": {
                "get": {
                    "operationId": "GetSwaggerSpec",
                    "description": "Get this document.",
                    "responses": {
                        "200": {"description": "The Swagger specification.", "schema": {"type": "object"}},
                        "default": error,
                    },
                }
            },
        },
        "definitions": {
            "ServiceInput": service_input,
            "ServiceOutput": service_output,
            "ErrorResponse": {
                "type": "object",
                "properties": {
                    "error": {
                        "type": "object",
                        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    }
                },
            },
        },
    }


def _input(data: dict[str, Any]) -> dict[str, Any]:
    example = data.pop("example")
    return {
        "type": "object",
        "required": ["input_data"],
        "properties": {"input_data": data},
        "example": {"input_data": example},
    }


def _output(outputs: list[Any]) -> dict[str, Any]:
    kinds = [item.get("type") for item in outputs]
    if outputs and all(isinstance(kind, str) and kind in _TYPES for kind in kinds):
        if len(outputs) == 1:
            return {"type": "array", "items": _type(kinds[0])}
        properties = {str(item.get("name", i)): _type(item["type"]) for i, item in enumerate(outputs)}
        return {"type": "array", "items": {"type": "object", "properties": properties}}
    return {"type": "array", "items": {}}


def _tensor(tensors: list[dict[str, Any]]) -> dict[str, Any]:
    made = [(tensor["name"], _array(tensor)) for tensor in tensors]
    if len(made) == 1 and made[0][0] is None:
        return made[0][1]
    return {
        "type": "object",
        "required": [str(name) for name, _ in made],
        "properties": {str(name): {k: v for k, v in array.items() if k != "example"} for name, array in made},
        "example": {str(name): array["example"] for name, array in made},
    }


def _array(tensor: dict[str, Any]) -> dict[str, Any]:
    whole = str(tensor["dtype"]).startswith(("int", "uint"))
    schema: dict[str, Any] = _type("long" if whole else "string" if "str" in str(tensor["dtype"]) else "double")
    example: Any = _example(schema)
    for size in reversed(tensor["shape"] or [-1]):
        schema = {"type": "array", "items": schema}
        example = [example] * (1 if size < 1 else min(int(size), 16))
    return {**schema, "example": example}


def _type(kind: Any) -> dict[str, Any]:
    name, form = _TYPES.get(kind, ("object", None)) if isinstance(kind, str) else ("object", None)
    return {"type": name} if form is None else {"type": name, "format": form}


def _common(types: list[dict[str, Any]]) -> dict[str, Any]:
    return types[0] if types and all(kind == types[0] for kind in types) else {}


def _example(kind: dict[str, Any]) -> Any:
    return {"number": 0.0, "integer": 0, "boolean": False, "string": ""}.get(kind["type"], {})
