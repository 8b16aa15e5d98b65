"""Native routes that cost little before somebody asks for them.

FastAPI reads the signature of a route's function and makes validators of its parameters when the route is declared, and
once more for each router that includes another: with hundreds of routes a third of the server's start. A route made by
`Routes` does so at its first request, or when OpenAPI is asked for, and stands in the application's own list of routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import compile_path


class LazyRoute(APIRoute):
    """A route that knows its path and methods, and reads all else when it is first needed."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        self._declared: tuple[str, Callable[..., Any], dict[str, Any]] = (path, endpoint, options)
        self._is_read = False
        self.path, self.endpoint = path, endpoint
        self.methods = {method.upper() for method in options.get("methods") or ("GET",)}
        self.path_regex, self.path_format, self.param_convertors = compile_path(path)

    def __getattr__(self, name: str) -> Any:
        """Read what the route declares; called for what is not known yet."""
        if name.startswith("__") or self.__dict__.get("_is_read", True):
            raise AttributeError(name)
        self._is_read = True
        path, endpoint, options = self._declared
        super().__init__(path, endpoint, **options)
        return getattr(self, name)

    def below(self, prefix: str, tags: list[str]) -> LazyRoute:
        """Give the same route below a prefix, with more tags."""
        path, endpoint, options = self._declared
        return LazyRoute(prefix + path, endpoint, **{**options, "tags": [*tags, *(options.get("tags") or [])]})


class Routes(APIRouter):
    """A group of native routes.

    Args:
        prefix: of their paths.
        tags: what OpenAPI puts them under.
    """

    def __init__(self, prefix: str = "", tags: list[str] | None = None) -> None:
        super().__init__(prefix=prefix, tags=list(tags or []), route_class=LazyRoute)

    def add(self, other: Routes, prefix: str = "", tags: list[str] | None = None) -> None:
        """Take the routes of another group, below this one's prefix and `prefix`."""
        under = [*map(str, self.tags), *(tags or [])]
        self.routes.extend(route.below(self.prefix + prefix, under) for route in other.lazy_routes())

    def lazy_routes(self) -> list[LazyRoute]:
        """The routes."""
        return [route for route in self.routes if isinstance(route, LazyRoute)]
