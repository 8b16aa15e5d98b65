"""The surface as an ASGI application: everything below ``/mlflow/<workspace>/``.

The stock client's tracking address is ``http://host:port/mlflow/<workspace>``. Plain ASGI: no framework stands
between the socket and the writer of metrics.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import orjson

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.service import BusyError, TrackingService
from lapisml.server.features.webhooks.service import Webhooks
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.principal import Principal
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea, Locator
from lapisml.server.surfaces.mlflow.artifact_routes import ArtifactStreams, artifact_listing_routes
from lapisml.server.surfaces.mlflow.call import (
    JSON_HEADER,
    Call,
    Handler,
    Receive,
    Scope,
    Send,
    answer,
    answer_json,
    read_body,
)
from lapisml.server.surfaces.mlflow.errors import error_status, render_error
from lapisml.server.surfaces.mlflow.evaluation_routes import evaluation_routes
from lapisml.server.surfaces.mlflow.experiment_routes import Routes, experiment_routes
from lapisml.server.surfaces.mlflow.fields import Fields
from lapisml.server.surfaces.mlflow.logging_routes import logging_routes
from lapisml.server.surfaces.mlflow.model_routes import logged_model_routes
from lapisml.server.surfaces.mlflow.not_offered import not_offered
from lapisml.server.surfaces.mlflow.otlp_routes import ADDRESS as EXPORT_ADDRESS
from lapisml.server.surfaces.mlflow.otlp_routes import SpanExport
from lapisml.server.surfaces.mlflow.prompt_routes import prompt_routes, with_prompts
from lapisml.server.surfaces.mlflow.registry_routes import Registry
from lapisml.server.surfaces.mlflow.run_routes import run_routes
from lapisml.server.surfaces.mlflow.trace_routes import trace_routes
from lapisml.server.surfaces.mlflow.webhook_routes import MODEL_TELLS, PROMPT_TELLS, telling, webhook_routes

PREFIX = "/mlflow/"
PROTOCOL_VERSION = "3.17.0"
"""The MLflow release whose protocol this is; the client asks for it before it uses newer calls."""

_VERSIONS = ("api/2.0/", "api/3.0/")
_SERVER_INFO = {
    "store_type": "SqlStore",
    "workspaces_enabled": False,
    "trace_archival_enabled": False,
    "multipart_uploads_enabled": False,
    "multipart_downloads_enabled": False,
}
_SHORT = frozenset({"runs/create", "runs/update", "runs/get", "experiments/get", "experiments/get-by-name"})
"""Calls that take less time than handing them to a thread."""

_THREADS = 16
_REMEMBER_S = 2.0


class MlflowSurface:
    """Answers MLflow's client.

    Args:
        tracking: experiments, runs, logged models.
        workspaces: finds workspaces by name.
        locator: turns ``azureml://`` addresses into places.
        storage: reads and writes artifacts.
        registry: routes of registered models, and where their files lie.
        webhooks: are told what happens in the registry.
        max_body: most bytes of a JSON body.
    """

    def __init__(
        self,
        tracking: TrackingService,
        workspaces: WorkspaceService,
        locator: Locator,
        storage: Storage,
        registry: Registry,
        webhooks: Webhooks,
        max_body: int = 32 << 20,
    ) -> None:
        self._tracking = tracking
        self._workspaces = workspaces
        self._max_body = max_body
        self._threads = ThreadPoolExecutor(_THREADS, "mlflow")
        self._known: dict[str, tuple[Workspace, float]] = {}
        area = ArtifactArea(tracking, locator, storage, registry)
        self._artifacts = ArtifactStreams(area, storage, self._threads)
        self._export = SpanExport(tracking.traces, max_body)
        self._hot = logging_routes(tracking.runs)
        routes: Routes = {
            **experiment_routes(tracking.experiments),
            **run_routes(tracking.runs),
            **logged_model_routes(tracking.models, area),
            **artifact_listing_routes(area),
            **trace_routes(tracking.traces, area),
            **evaluation_routes(tracking.datasets, tracking.scorers),
            **with_prompts(
                telling(registry.routes(area), webhooks, MODEL_TELLS),
                telling(prompt_routes(tracking.prompts), webhooks, PROMPT_TELLS),
                tracking.prompts,
            ),
            **webhook_routes(webhooks),
        }
        self._routes = {key: handler for key, handler in routes.items() if "*" not in key[1]}
        self._open_routes = [
            (method, address.split("/"), handler) for (method, address), handler in routes.items() if "*" in address
        ]

    def close(self) -> None:
        """End the threads; called once, when the server ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            await self._serve(scope, receive, send)
        except LapisError as error:
            request_id = scope.get("state", {}).get("request_id", "")
            await answer(send, error_status(error), render_error(error, request_id), [JSON_HEADER])

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise LapisError(ErrorCode.NOT_SUPPORTED, "MLflow's protocol has no WebSockets.")
        path: str = scope["path"]
        name, _, address = path.partition(PREFIX)[2].partition("/")
        caller, workspace = await self._enter(scope, name)
        version = address[:8]
        method: str = scope["method"]
        if (method, address) == ("POST", EXPORT_ADDRESS):
            await self._take_spans(caller, scope, receive, send)
            return
        if version not in _VERSIONS:
            await _serve_plain(method, address, send)
            return
        address = address[8:]
        if address.startswith("mlflow-artifacts/"):
            call = Call(caller, workspace, Fields.of_query(scope["query_string"]))
            await self._artifacts.serve(method, address, call, scope, receive, send)
        elif address.startswith("mlflow/"):
            await self._serve_json(method, address[7:], (caller, workspace), scope, receive, send)
        else:
            await _no_endpoint(send)

    async def _take_spans(self, caller: Caller, scope: Scope, receive: Receive, send: Send) -> None:
        body, headers = await self._export.read(scope, receive)
        loop = asyncio.get_running_loop()
        written, kind = await loop.run_in_executor(self._threads, self._export.take, caller, body, headers)
        await answer(send, 200, written, [(b"content-type", kind.encode())])

    async def _enter(self, scope: Scope, name: str) -> tuple[Caller, Workspace]:
        """Find who asks, and the workspace.

        Raises:
            LapisError: Unauthenticated, Forbidden, NotFound.
        """
        principal: Principal | None = scope.get("state", {}).get("principal")
        if principal is None:
            raise LapisError(ErrorCode.UNAUTHENTICATED, "An access token is needed: set MLFLOW_TRACKING_TOKEN.")
        if principal.workspace not in (None, name):
            raise LapisError(ErrorCode.FORBIDDEN, "This token belongs to another workspace.")
        workspace = await self._workspace(name)
        return Caller(workspace.id, workspace.name, principal.name, principal.job), workspace

    async def _workspace(self, name: str) -> Workspace:
        known = self._known.get(name)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._workspaces.get, name)
        self._known[name] = (found, time.monotonic() + _REMEMBER_S)
        return found

    async def _serve_json(
        self,
        method: str,
        address: str,
        who: tuple[Caller, Workspace],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        hot = self._hot.get(address) if method == "POST" else None
        handler, open_parts = (None, ()) if hot is not None else self._route(method, address)
        if hot is None and handler is None:
            await (answer_json(send, _SERVER_INFO) if address == "server-info" else _no_endpoint(send, address))
            return
        fields = await self._fields(method, scope, receive)
        call = Call(*who, fields, open_parts)
        if hot is not None:
            await hot(call)
            await answer(send, 200, b"{}", [JSON_HEADER])
        elif handler is not None:
            await answer_json(send, await self._answer(address, handler, call))

    async def _answer(self, address: str, handler: Handler, call: Call) -> dict[str, Any]:
        """Have a handler do its work: a short one here when that is possible, others in a thread."""
        if address in _SHORT:
            with suppress(BusyError), self._tracking.at_once():
                return handler(call)
        return await asyncio.get_running_loop().run_in_executor(self._threads, handler, call)

    async def _fields(self, method: str, scope: Scope, receive: Receive) -> Fields:
        if method == "GET":
            return Fields.of_query(scope["query_string"])
        return Fields.of_body(await read_body(receive, self._max_body))

    def _route(self, method: str, address: str) -> tuple[Handler | None, tuple[str, ...]]:
        exact = self._routes.get((method, address))
        if exact is not None:
            return exact, ()
        parts = address.split("/")
        for verb, pattern, handler in self._open_routes:
            if verb == method and len(pattern) == len(parts):
                pairs = list(zip(pattern, parts, strict=True))
                if all(wanted in ("*", part) for wanted, part in pairs):
                    return handler, tuple(part for wanted, part in pairs if wanted == "*")
        return None, ()


async def _serve_plain(method: str, address: str, send: Send) -> None:
    texts = {"health": b"OK", "version": PROTOCOL_VERSION.encode()}
    if method == "GET" and address in texts:
        await answer(send, 200, texts[address], [(b"content-type", b"text/plain; charset=utf-8")])
        return
    await _no_endpoint(send)


async def _no_endpoint(send: Send, address: str = "") -> None:
    area = not_offered(address)
    if area is not None:
        message = f"MLflow's {area} is not implemented by this server."
        body = orjson.dumps({"error_code": "NOT_IMPLEMENTED", "message": message})
        await answer(send, 501, body, [JSON_HEADER])
        return
    body = b'{"error_code":"ENDPOINT_NOT_FOUND","message":"MLflow has no such call, or it is newer than this server."}'
    await answer(send, 404, body, [JSON_HEADER])
