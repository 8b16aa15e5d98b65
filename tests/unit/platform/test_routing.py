"""Routes that are read when they are first needed."""

from __future__ import annotations

import json

import pytest

from lapisml.server.platform.http import native_application
from lapisml.server.platform.routing import LazyRoute, Routes
from tests.support.asgi import call


def _routes() -> Routes:
    inner = Routes(prefix="/{name}", tags=["inner"])

    @inner.get("/size", tags=["own"])
    def size(ws: str, name: str, limit: int = 3) -> dict[str, str | int]:
        return {"ws": ws, "name": name, "limit": limit}

    outer = Routes(prefix="/ws/{ws}", tags=["outer"])
    outer.add(inner, prefix="/things", tags=["things"])
    return outer


def test_a_route_is_read_at_its_first_request() -> None:
    app = native_application()
    app.add(_routes())
    route = next(route for route in app.router.routes if isinstance(route, LazyRoute) and route.path.endswith("size"))
    assert call(app, "GET", "/ws/a/things").status == 404
    assert "dependant" not in vars(route)
    assert json.loads(call(app, "GET", "/ws/a/things/b/size").body) == {"ws": "a", "name": "b", "limit": 3}
    assert "dependant" in vars(route)
    assert call(app, "POST", "/ws/a/things/b/size").status == 405
    with pytest.raises(AttributeError):
        _ = route.nothing_of_this_name


def test_openapi_knows_every_route_and_what_it_is_under() -> None:
    app = native_application()
    app.add(_routes())
    operation = app.openapi()["paths"]["/ws/{ws}/things/{name}/size"]["get"]
    assert operation["tags"] == ["outer", "things", "inner", "own"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["ws", "name", "limit"]
