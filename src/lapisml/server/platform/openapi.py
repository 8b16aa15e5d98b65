"""Answers with types: what a route says of its body, and how that becomes part of OpenAPI.

A body is a `TypedDict` that the feature's ``wire.py`` makes and mypy checks. A route names it, which costs nothing::

    @routes.get("/{name}", response_model=None, openapi_extra=answers(JobBody))
    def get_job(ws: str, name: str) -> Json[JobBody]:
        return Json(job_body(…))

Its schema is made when somebody asks for ``/api/v1/openapi.json``. `Json` writes the body at once; a dictionary that a
route returns as it is takes FastAPI's slower way to the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Generic, TypeVar, get_args, get_origin

import orjson
from starlette.responses import Response
from typing_extensions import TypedDict

T = TypeVar("T")

_MARK = "x-lapis-body"
_REFERENCE = "#/components/schemas/{model}"
_PAGE = " page"


class Page(TypedDict, Generic[T]):
    """One page of a list.

    Attributes:
        next: token of the page that follows; None: this is the last.
    """

    value: list[T]
    next: str | None


class Json(Response, Generic[T]):
    """An answer in JSON whose content has a type."""

    media_type = "application/json"

    def __init__(self, content: T, status_code: int = 200) -> None:
        super().__init__(orjson.dumps(content), status_code)


def answers(body: Any, status: int = 200) -> dict[str, Any]:
    """Say what a route answers, for its ``openapi_extra``.

    Args:
        body: a `TypedDict` of a module, or a `Page` of one.
        status: of the answer that has this body.
    """
    is_page = get_origin(body) is Page
    kind = get_args(body)[0] if is_page else body
    return {_MARK: f"{status} {kind.__module__}:{kind.__qualname__}{_PAGE if is_page else ''}"}


def describe_bodies(document: dict[str, Any]) -> None:
    """Replace the marks of `answers` in an OpenAPI document by schemas.

    Raises:
        TypeError: two bodies have the same name.
    """
    marks = [(operation, operation.pop(_MARK)) for operation in _operations(document) if _MARK in operation]
    if not marks:
        return
    kinds = sorted({_words(mark)[1] for _, mark in marks})
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    references = _describe(kinds, schemas)
    for operation, mark in marks:
        status, kind, is_page = _words(mark)
        schema = _page_of(references[kind]) if is_page else references[kind]
        answer = operation.setdefault("responses", {}).setdefault(status, {"description": "Successful Response"})
        answer["content"] = {"application/json": {"schema": schema}}
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document.get("paths", {}).values():
        yield from (operation for operation in path.values() if isinstance(operation, dict))


def _words(mark: str) -> tuple[str, str, bool]:
    status, _, kind = mark.removesuffix(_PAGE).partition(" ")
    return status, kind, mark.endswith(_PAGE)


def _describe(kinds: list[str], schemas: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Add the schemas of bodies, and of what they consist of; give the reference of each."""
    from pydantic import TypeAdapter

    adapters = [(kind, "serialization", TypeAdapter(_load(kind))) for kind in kinds]
    found, made = TypeAdapter.json_schemas(adapters, ref_template=_REFERENCE)  # type: ignore[arg-type]  # modes are words
    names = {kind: kind.rpartition(":")[2] for kind in kinds}
    parts = made.get("$defs", {}) | {names[kind]: s for (kind, _), s in found.items() if "$ref" not in s}
    same = [name for name in parts if "__" in name or name in schemas]  # pydantic puts modules before equal names
    if same or len(set(names.values())) != len(kinds):
        raise TypeError(f"bodies of the same name: {same or sorted(names.values())}")
    schemas.update(parts)
    return {kind: {"$ref": _REFERENCE.format(model=name)} for kind, name in names.items()}


def _load(kind: str) -> Any:
    module, _, name = kind.partition(":")
    return getattr(import_module(module), name)


def _page_of(item: dict[str, Any]) -> dict[str, Any]:
    following = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    properties = {"value": {"type": "array", "items": item}, "next": following}
    return {"type": "object", "properties": properties, "required": ["value", "next"]}
