"""The surface as an ASGI application: everything below ``/<workspace>.blob.lapis/``.

Requests are let in by the signature in their address, or by a user's token. The protocol:
https://learn.microsoft.com/rest/api/storageservices/blob-service-rest-api.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from typing import Any
from urllib.parse import parse_qsl

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import Storage
from lapisml.server.features.datastores.service import DatastoreService
from lapisml.server.features.workspaces.registries import Places
from lapisml.server.features.workspaces.service import WorkspaceService
from lapisml.server.platform.errors import as_lapis_error
from lapisml.server.platform.principal import Authenticator, Principal
from lapisml.server.surfaces.blob.addresses import WORD_END
from lapisml.server.surfaces.blob.blobs import Blobs
from lapisml.server.surfaces.blob.blocks import BlockLists
from lapisml.server.surfaces.blob.call import BlobAnswer, BlobCall, Receive, Scope, Send, encoded, http_date
from lapisml.server.surfaces.blob.containers import Containers
from lapisml.server.surfaces.blob.errors import BlobError, of_domain, render
from lapisml.server.surfaces.blob.listing import Listings
from lapisml.server.surfaces.blob.pending import Pending
from lapisml.server.surfaces.blob.service import BlobService
from lapisml.server.surfaces.blob.signing import PERMISSIONS, VERSION, BlobSigner
from lapisml.server.surfaces.blob.transfer import Transfers
from lapisml.server.surfaces.blob.writing import Writing

_THREADS = 16
_MOST_BODY = 16 << 20
"""Bytes of a body that is not a content: the list of 50,000 blocks has fewer."""

_REFUSED_HEADERS = {
    "x-ms-access-tier": "tiers",
    "x-ms-encryption-key": "keys of clients",
    "x-ms-encryption-scope": "encryption scopes",
    "x-ms-if-tags": "tags",
    "x-ms-immutability-policy-until-date": "immutability policies",
    "x-ms-lease-id": "leases",
    "x-ms-legal-hold": "legal holds",
    "x-ms-structured-body": "structured bodies (switch the CRC-64 of downloads and streams off)",
    "x-ms-tags": "tags",
}
_BEARER = ((b"www-authenticate", b"Bearer"),)
_REFUSED_QUERY = {"snapshot": "snapshots", "versionid": "versions"}

log = logging.getLogger("lapisml.server")


class BlobSurface:
    """Answers Blob's clients.

    Args:
        pending: finds pending uploads.
        authenticator: turns tokens into principals.
    """

    def __init__(
        self,
        workspaces: WorkspaceService,
        datastores: DatastoreService,
        storage: Storage,
        pending: Pending,
        signer: BlobSigner,
        authenticator: Authenticator,
        clock: Clock,
    ) -> None:
        self._signer = signer
        self._authenticator = authenticator
        self._clock = clock
        self._threads = ThreadPoolExecutor(_THREADS, "blob")
        places = Places(workspaces.get, workspaces.registries.get)
        containers = Containers(places, datastores, pending, datastores.files.folder)
        blobs = Blobs(storage, clock)
        writing = Writing(blobs)
        self._routes = BlobService(containers, blobs, BlockLists(blobs, writing), Listings(storage)).routes()
        self._transfers = Transfers(containers, blobs, writing, self._threads)

    def close(self) -> None:
        """End the threads; called once, when the server ends."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        head = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope.get("headers", ())}
        answering = _Answering(scope, head, send, self._clock.now_ms())
        try:
            await self._serve(scope, head, receive, answering)
        except Exception as error:  # noqa: BLE001 - the edge of the protocol: everything becomes an answer in its form
            await answering.error(error)

    async def _serve(self, scope: Scope, head: Mapping[str, str], receive: Receive, answering: _Answering) -> None:
        if scope["type"] != "http":
            raise LapisError(ErrorCode.NOT_SUPPORTED, "Blob's protocol has no WebSockets.")
        call = await self._admit(scope, head)
        comp, restype = call.query.get("comp", ""), call.query.get("restype", "")
        if call.name and not restype and (call.method, comp) == ("GET", ""):
            answer, parts = await self._transfers.download(call)
            await answering.stream(answer, parts)
        elif call.name and not restype and (call.method, comp) == ("PUT", ""):
            await answering.whole(await self._transfers.upload(call, receive))
        elif call.name and not restype and (call.method, comp) == ("PUT", "block"):
            await answering.whole(await self._transfers.upload_block(call, receive))
        else:
            await answering.whole(await self._short(call, receive))

    async def _short(self, call: BlobCall, receive: Receive) -> BlobAnswer:
        scope = "blob" if call.name else "container" if call.container else "account"
        key = (call.method, scope, call.query.get("restype", ""), call.query.get("comp", ""))
        handler = self._routes.get(key)
        if handler is None:
            raise BlobError("NotImplemented", f"{call.method} of a {scope} with {_words(call)} is not offered here.")
        body = await _read(receive) if call.method in ("PUT", "POST") else b""
        return await asyncio.get_running_loop().run_in_executor(self._threads, handler, call, body)

    async def _admit(self, scope: Scope, head: Mapping[str, str]) -> BlobCall:
        """Read the address, and let its sender in.

        Raises:
            BlobError: NoAuthenticationInformation, AuthenticationFailed, UnsupportedHeader, InvalidInput.
            LapisError: Unauthenticated, Forbidden.
        """
        word, _, rest = scope["path"].lstrip("/").partition("/")
        container, _, name = rest.partition("/")
        query = _pairs(scope.get("query_string", b""))
        workspace = word[: -len(WORD_END)]
        permissions = await self._permissions(workspace, container, scope, head, query)
        for header in _REFUSED_HEADERS.keys() & head.keys():
            raise BlobError(
                "UnsupportedHeader", f"'{header}' is not supported: there are no {_REFUSED_HEADERS[header]}."
            )
        for key in _REFUSED_QUERY.keys() & query.keys():
            raise BlobError(
                "UnsupportedQueryParameter", f"'{key}' is not supported: there are no {_REFUSED_QUERY[key]}."
            )
        return BlobCall(scope["method"], workspace, container, name, query, head, permissions)

    async def _permissions(
        self, workspace: str, container: str, scope: Scope, head: Mapping[str, str], query: Mapping[str, str]
    ) -> str:
        if "sig" in query:
            return self._signer.check(workspace, container, query)
        kind, _, token = head.get("authorization", "").partition(" ")
        if not kind:
            sentence = "This address needs a signature (a SAS), or a token: Authorization: Bearer …"
            raise BlobError("NoAuthenticationInformation", sentence, _BEARER)
        if kind.lower() != "bearer" or not token.strip():
            raise BlobError("AuthenticationFailed", "Only signatures (SAS) and Bearer tokens are taken here.")
        principal = await self._principal(token.strip())
        if not principal.may_reach(scope["path"]):
            raise LapisError(ErrorCode.FORBIDDEN, f"The token of a {principal.kind} does not reach this address.")
        return PERMISSIONS

    async def _principal(self, token: str) -> Principal:
        known = self._authenticator.cached(token)
        if known is not None:
            return known
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._authenticator.authenticate, token)
        except LapisError as error:
            if error.code in (ErrorCode.UNAUTHENTICATED, ErrorCode.TOKEN_EXPIRED):
                raise BlobError("InvalidAuthenticationInfo", error.message, _BEARER) from error
            raise


class _Answering:
    """The way back of one request."""

    def __init__(self, scope: Scope, head: Mapping[str, str], send: Send, now_ms: int) -> None:
        self._scope = scope
        self._send = send
        self._begun = False
        self._request_id = str(scope.get("state", {}).get("request_id", ""))
        self._common = [
            ("Date", http_date(now_ms)),
            ("x-ms-request-id", self._request_id),
            ("x-ms-version", head.get("x-ms-version", VERSION)[:32]),
        ]
        if "x-ms-client-request-id" in head:
            self._common.append(("x-ms-client-request-id", head["x-ms-client-request-id"][:1024]))

    async def whole(self, answer: BlobAnswer) -> None:
        """Send an answer whose body is at hand."""
        headers = encoded([*answer.headers, *self._common])
        if not any(name == b"content-length" for name, _ in headers):
            headers.append((b"content-length", str(len(answer.body)).encode()))
        await self._start(answer.status, headers)
        await self._send({"type": "http.response.body", "body": answer.body})

    async def stream(self, answer: BlobAnswer, parts: AsyncIterator[bytes]) -> None:
        """Send an answer part by part."""
        async with aclosing(parts) as opened:  # type: ignore[type-var]
            await self._start(answer.status, encoded([*answer.headers, *self._common]))
            async for part in opened:
                await self._send({"type": "http.response.body", "body": part, "more_body": True})
        await self._send({"type": "http.response.body", "body": b""})

    async def error(self, error: Exception) -> None:
        """Send an error; one that comes in the middle of an answer breaks the connection off."""
        shown = error if isinstance(error, BlobError) else of_domain(as_lapis_error(error))
        if shown.code == "InternalError":
            where = (self._request_id, self._scope.get("method"), self._scope["path"])
            log.error("request.failed id=%s %s %s", *where, exc_info=error)
        if self._begun or self._scope["type"] != "http":
            raise error
        has_body = self._scope["method"] != "HEAD" and shown.status != 304
        body = render(shown, self._request_id) if has_body else b""
        headers = [*shown.headers, (b"x-ms-error-code", shown.code.encode())]
        if has_body:
            headers += [(b"content-type", b"application/xml"), (b"content-length", str(len(body)).encode())]
        if shown.status == 413:
            headers.append((b"connection", b"close"))  # rather than take what is too much
        await self._start(shown.status, headers + encoded(self._common))
        await self._send({"type": "http.response.body", "body": body})

    async def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        self._begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": headers})


def _pairs(query: bytes) -> dict[str, str]:
    text = query.decode("latin-1")
    try:
        return {key.lower(): value for key, value in parse_qsl(text, keep_blank_values=True, max_num_fields=64)}
    except ValueError as error:
        raise BlobError("InvalidInput", "The address has more than 64 parameters.") from error


def _words(call: BlobCall) -> str:
    words = [f"{key}={call.query[key][:40]}" for key in ("restype", "comp") if key in call.query]
    return " and ".join(words) or "no further words"


async def _read(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message: dict[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            raise BlobError("InvalidInput", "The request ended before its body did.")
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > _MOST_BODY:
            raise BlobError("RequestBodyTooLarge", f"The body is larger than {_MOST_BODY} bytes.")
    return b"".join(parts)
