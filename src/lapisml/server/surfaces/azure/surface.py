"""The surface as an ASGI application: Azure's resource manager and the services beside it.

It takes requests apart, finds the handler, has it work in a thread, and writes the answer. Any api-version is taken,
and words of an address in any letter case. Errors become ARM's form in the gate, which knows `render_error`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import parse_qsl

import orjson

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.auth import Receive, Scope, Send
from lapisml.server.platform.principal import Principal
from lapisml.server.platform.wire import RESOURCE_GROUP, SUBSCRIPTION_ID
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, Query
from lapisml.server.surfaces.azure.errors import ArmError, unknown_address, wrong_method
from lapisml.server.surfaces.azure.routing import Address, read_address
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.azure.table import route_tree
from lapisml.server.surfaces.azure.words import OPEN_WORDS

_THREADS = 16
_NOBODY = Principal("anonymous", "")
"""Who asks at the few addresses that need no token."""


class AzureSurface:
    """Answers Azure's SDK and raw requests of scripts."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._routes = route_tree(services)
        self._threads = ThreadPoolExecutor(_THREADS, "azure")

    def close(self) -> None:
        """End the threads; called once, when the server ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            LapisError: whatever the request can't have; the gate renders it.
        """
        if scope["type"] != "http":
            raise LapisError(ErrorCode.NOT_SUPPORTED, "This protocol has no WebSockets.")
        path = _raw_path(scope)
        address = read_address(path)
        self._check_scope(address)
        handler, names = self._find(scope["method"], path, address)
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body = await _json_body(receive, self._services.max_body)
        call = self._call(scope, path, address, names, headers, body)
        loop = asyncio.get_running_loop()
        answer = await loop.run_in_executor(self._threads, self._handle, handler, call, address)
        await _send(send, answer)
        if answer.parts is not None:
            await self._send_parts(send, answer.parts)

    async def _send_parts(self, send: Send, parts: Iterator[bytes]) -> None:
        loop = asyncio.get_running_loop()
        while (part := await loop.run_in_executor(self._threads, next, parts, None)) is not None:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    def _find(self, method: str, path: str, address: Address) -> tuple[Handler, tuple[str, ...]]:
        match = self._routes.find(method, address.words)
        if match is None:
            raise unknown_address(path)
        if match.leaf is None:
            raise wrong_method(method, match.methods)
        return match.leaf, match.names

    def _check_scope(self, address: Address) -> None:
        """Refuse another subscription or group than the server's, where it has one.

        Raises:
            ArmError: SubscriptionNotFound, ResourceGroupNotFound.
        """
        subscription, group = self._services.subscription, self._services.group
        if subscription and address.subscription and address.subscription.lower() != subscription.lower():
            sentence = f"The subscription '{address.subscription}' could not be found."
            raise ArmError(ErrorCode.NOT_FOUND, "SubscriptionNotFound", sentence)
        if group and address.group and address.group.lower() != group.lower():
            sentence = f"Resource group '{address.group}' could not be found."
            raise ArmError(ErrorCode.NOT_FOUND, "ResourceGroupNotFound", sentence)

    def _call(
        self, scope: Scope, path: str, address: Address, names: tuple[str, ...], headers: dict[str, str], body: Any
    ) -> ArmCall:
        principal = scope.get("state", {}).get("principal")
        if principal is None and (not address.words or address.words[0].lower() not in OPEN_WORDS):
            raise LapisError(ErrorCode.UNAUTHENTICATED, "This address needs an access token.")
        return ArmCall(
            method=scope["method"],
            path=path,
            names=names,
            query=Query(parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)),
            body=body,
            headers=headers,
            url=self._url(scope, headers),
            principal=principal or _NOBODY,
            subscription=address.subscription or self._services.subscription or SUBSCRIPTION_ID,
            group=address.group or self._services.group or RESOURCE_GROUP,
            workspace_name=address.name if address.kind == "WS" else "",
            registry=address.name if address.kind == "REG" else "",
            scope_id=address.scope_id,
        )

    def _url(self, scope: Scope, headers: dict[str, str]) -> str:
        """Give the address that the client reached: the public one where that has TLS, which a proxy may end."""
        if self._services.url.startswith("https://"):
            return self._services.url
        return f"{scope.get('scheme', 'http')}://{headers.get('host', '')}"

    def _handle(self, handler: Handler, call: ArmCall, address: Address) -> ArmAnswer:
        """Do the work of a request, in a thread."""
        if address.kind == "WS" and not address.is_scope_itself:
            call = call.within(self._services.workspaces.get(address.name))
        return handler(call)


def _raw_path(scope: Scope) -> str:
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


async def _json_body(receive: Receive, most: int) -> Any:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise LapisError(ErrorCode.USAGE, "The request ended before its body did.")
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"The body is larger than {most // 2**20} MiB.")
        more = message.get("more_body", False)
    text = b"".join(parts)
    if not text.strip():
        return None
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        sentence = f"The request content was invalid and could not be read as JSON: {error}."
        raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", sentence) from error


async def _send(send: Send, answer: ArmAnswer) -> None:
    body = b"" if answer.body is None else orjson.dumps(answer.body)
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    if answer.body is not None:
        headers.append((b"content-type", b"application/json; charset=utf-8"))
    if answer.parts is not None:
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
    elif answer.status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    if answer.parts is None:
        await send({"type": "http.response.body", "body": body})
