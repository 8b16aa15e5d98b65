"""The native HTTP application that the features' routes are added to, and how it answers errors."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException

from lapisml import __version__
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.errors import as_lapis_error, error_body, http_status, validation_problems
from lapisml.server.platform.landing import LANDING_CSP, landing_page
from lapisml.server.platform.openapi import describe_bodies
from lapisml.server.platform.routing import Routes


class Native(FastAPI):
    """FastAPI whose OpenAPI knows the bodies that routes name with `answers`."""

    def openapi(self) -> dict[str, Any]:
        """Describe every route; made once, when it is first asked for."""
        document = super().openapi()
        describe_bodies(document)
        return document

    def add(self, routes: Routes) -> None:
        """Take a group of routes as they are: each request would have to look through an included router first."""
        self.router.routes.extend(routes.lazy_routes())


def native_application(page_at: Callable[[], str] = lambda: "") -> Native:
    """Make the application with ``/healthz``, the landing page and the error answers; OpenAPI lies behind the gate.

    Args:
        page_at: gives the path of the web page that ``/`` leads to; empty: there is none, and ``/`` says so.
    """
    app = Native(
        title="Lapis",
        version=__version__,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(LapisError, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_validation)
    app.add_exception_handler(HTTPException, _answer_http)
    app.add_exception_handler(Exception, _answer_fault)
    app.add_api_route("/healthz", _healthz, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/", _root(page_at), methods=["GET", "HEAD"], include_in_schema=False, response_model=None)
    return app


async def _healthz() -> dict[str, str]:
    return {"status": "ok"}


def _root(page_at: Callable[[], str]) -> Callable[[], Awaitable[Response]]:
    async def root() -> Response:
        path = page_at()
        if path:
            return RedirectResponse(path, headers={"Cache-Control": "no-cache"})
        headers = {"Content-Security-Policy": LANDING_CSP, "Cache-Control": "no-cache"}
        return HTMLResponse(landing_page(__version__), headers=headers)

    return root


def _response(request: Request, error: LapisError, status: int | None = None) -> Response:
    request_id = request.scope.get("state", {}).get("request_id", "")
    body = error_body(error, request_id)
    return Response(body, status or http_status(error), media_type="application/json")


async def _answer_error(request: Request, error: Exception) -> Response:
    shown = as_lapis_error(error)
    if http_status(shown) >= 500:
        raise error  # the gate logs it and answers
    return _response(request, shown)


async def _answer_validation(request: Request, error: Exception) -> Response:
    faults: Any = error.errors() if isinstance(error, RequestValidationError) else []
    wrong_type = all(fault["loc"][:1] in (("query",), ("path",), ("header",)) for fault in faults)
    code = ErrorCode.USAGE if wrong_type else ErrorCode.DOCUMENT_INVALID
    return _response(request, LapisError(code, "The request is not valid.", problems=validation_problems(faults)))


async def _answer_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    path = request.scope["path"]
    sentences: dict[int, tuple[ErrorCode, str]] = {
        404: (ErrorCode.NOT_FOUND, f"There is nothing at {path}."),
        405: (ErrorCode.USAGE, f"{request.method} is not possible at {path}."),
    }
    code, sentence = sentences.get(status, (ErrorCode.USAGE, "The request is not valid."))
    return _response(request, LapisError(code, sentence), status)


async def _answer_fault(_request: Request, error: Exception) -> Response:
    raise error


AddressOf = Callable[[], str]
"""Gives the server's public URL, without a slash at its end."""
