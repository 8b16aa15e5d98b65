"""The description of an endpoint (OpenAPI 2.0), there before it has any deployment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lapisml.gateway.table import Endpoint

_LONGEST = 4 << 20


def description(endpoint: Endpoint, forced: bytes) -> bytes:
    """Give the document: of the deployment asked for, else the endpoint's own, else the main deployment's.

    Args:
        forced: the deployment that the client asks for, empty for none.
    """
    target = endpoint.targets.get(forced) if forced else None
    shown = target or endpoint.shown
    record = shown.pool.record if shown is not None else None
    of_target = record.swagger if record is not None else None
    of_endpoint = None if target is not None else endpoint.route.swagger
    for path in (of_endpoint, of_target):
        found = _read(path) if path else None
        if found is not None:
            return found
    return _general(endpoint.name)


def _read(path: str) -> bytes | None:
    try:
        with Path(path).open("rb") as file:
            found = file.read(_LONGEST + 1)
        json.loads(found)
    except (OSError, ValueError):
        return None
    return found if len(found) <= _LONGEST else None


def _general(name: str) -> bytes:
    """Describe what is true of every endpoint: it takes JSON and gives JSON."""
    answers = {
        "200": {"description": "The predictions.", "schema": {"type": "object"}},
        "default": {"description": "An error: code and message.", "schema": {"$ref": "#/definitions/ErrorResponse"}},
    }
    score = {
        "operationId": "RunMLService",
        "description": "Run the model.",
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "security": [{"Bearer": []}],
        "parameters": [{"name": "serviceInputPayload", "in": "body", "schema": {"type": "object"}}],
        "responses": answers,
    }
    document = {
        "swagger": "2.0",
        "info": {"title": name, "description": f"Online endpoint {name}", "version": "1.0"},
        "schemes": ["http", "https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {"Bearer": {"type": "apiKey", "name": "Authorization", "in": "header"}},
        "paths": {"/score": {"post": score}},
        "definitions": {
            "ErrorResponse": {
                "type": "object",
                "properties": {
                    "error": {
                        "type": "object",
                        "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    }
                },
            }
        },
    }
    return json.dumps(document).encode()
