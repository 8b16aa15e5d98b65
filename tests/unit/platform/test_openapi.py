"""Bodies with types: what routes say of their answers, in OpenAPI and on the wire."""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import NotRequired

import pytest
from fastapi import APIRouter
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.platform.http import native_application
from lapisml.server.platform.openapi import Json, Page, answers
from tests.support.asgi import call


class Part(TypedDict):
    size: int


@with_config(ConfigDict(extra="allow"))
class Whole(TypedDict):
    name: str
    parts: list[Part]
    note: NotRequired[str | None]


def _application() -> object:
    routes = APIRouter(prefix="/api/v1")

    @routes.get("/whole", response_model=None, openapi_extra=answers(Whole))
    def whole() -> Json[Whole]:
        return Json({"name": "ünï", "parts": [{"size": 1}]})

    @routes.get("/wholes", response_model=None, openapi_extra=answers(Page[Whole]))
    def wholes() -> Page[Whole]:
        return {"value": [{"name": "a", "parts": []}], "next": None}

    @routes.post("/part", status_code=201, response_model=None, openapi_extra=answers(Part, 201))
    def part() -> Json[Part]:
        return Json({"size": 2}, 201)

    app = native_application()
    app.include_router(routes)
    return app


def test_answers_are_described_by_name() -> None:
    document = json.loads(call(_application(), "GET", "/api/v1/openapi.json").body)
    schemas = document["components"]["schemas"]
    assert set(schemas["Whole"]["required"]) == {"name", "parts"}
    assert schemas["Whole"]["additionalProperties"] is True
    assert schemas["Whole"]["properties"]["parts"]["items"] == {"$ref": "#/components/schemas/Part"}
    assert schemas["Part"]["properties"]["size"]["type"] == "integer"

    def body(path: str, method: str, status: str) -> object:
        return document["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"]

    assert body("/api/v1/whole", "get", "200") == {"$ref": "#/components/schemas/Whole"}
    assert body("/api/v1/part", "post", "201") == {"$ref": "#/components/schemas/Part"}
    page = body("/api/v1/wholes", "get", "200")
    assert isinstance(page, dict)
    assert page["properties"]["value"]["items"] == {"$ref": "#/components/schemas/Whole"}
    assert page["required"] == ["value", "next"]
    assert "x-lapis" not in json.dumps(document)


def test_asking_twice_gives_the_same() -> None:
    app = _application()
    assert call(app, "GET", "/api/v1/openapi.json").body == call(app, "GET", "/api/v1/openapi.json").body


def test_answers_leave_as_they_are() -> None:
    app = _application()
    answer = call(app, "GET", "/api/v1/whole")
    assert (answer.headers["content-type"], json.loads(answer.body)["name"]) == ("application/json", "ünï")
    assert json.loads(call(app, "GET", "/api/v1/wholes").body) == {"value": [{"name": "a", "parts": []}], "next": None}
    assert call(app, "POST", "/api/v1/part").status == 201


def test_two_bodies_of_one_name_are_a_fault() -> None:
    routes = APIRouter()
    here = answers(Part)
    there = {key: mark.replace(f"{Part.__module__}:", "tests.support.twin:") for key, mark in here.items()}
    for path, extra in (("/a", here), ("/b", there)):
        routes.add_api_route(path, lambda: None, response_model=None, openapi_extra=extra)
    app = native_application()
    app.include_router(routes)
    twin = ModuleType("tests.support.twin")
    twin.Part = TypedDict("Part", {"other": str})  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tests.support.twin", twin)
        with pytest.raises(TypeError, match="Part"):
            app.openapi()
