"""The middleware of ``Idempotency-Key``: claims the key, runs the request once, keeps and repeats its answer."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import sleep, to_thread

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.database import on_first_write
from lapisml.server.platform.errors import as_lapis_error, error_body, http_status
from lapisml.server.platform.idempotency import IdempotencyStore, KeptAnswer

_WAIT_S = 20.0
_LOOK_S = 0.05
_MAX_ANSWER = 8 * 2**20


class IdempotencyLayer:
    """The middleware, to be placed behind the gate.

    Args:
        app: what answers requests.
        keys: where keys and answers are kept.
        secret: path prefixes whose answers hold secrets: they are not kept, and a key changes nothing there.
        secret_endings: ends of such paths.
    """

    def __init__(
        self,
        app: Callable[..., Awaitable[None]],
        keys: IdempotencyStore,
        secret: tuple[str, ...] = (),
        secret_endings: tuple[str, ...] = (),
    ) -> None:
        self._app = app
        self._keys = keys
        self._secret = secret
        self._secret_endings = secret_endings

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or answer it from memory."""
        key = _key(scope) if scope["type"] == "http" and scope["method"] == "POST" else None
        if key is None or self._is_secret(scope["path"]):
            await self._app(scope, receive, send)
            return
        who = scope["state"]["principal"]
        principal = f"{who.kind}:{who.name}"
        body = await _read(receive)
        kept = await self._claim(principal, key, _digest(scope, body))
        if kept is None:
            kept = await self._run(scope, body, principal, key)
        await _send(send, kept)

    def _is_secret(self, path: str) -> bool:
        return path.startswith(self._secret) or path.endswith(self._secret_endings)

    async def _claim(self, principal: str, key: str, digest: str) -> KeptAnswer | None:
        for _ in range(int(_WAIT_S / _LOOK_S)):
            found = await to_thread.run_sync(self._keys.claim, principal, key, digest)
            if not isinstance(found, bool):
                return found
            await sleep(_LOOK_S)
        raise LapisError(ErrorCode.CONFLICT, "The same request is still being carried out.", "Ask again later.")

    async def _run(self, scope: Any, body: bytes, principal: str, key: str) -> KeptAnswer:
        recorder = _Recorder(body)
        with on_first_write(lambda connection: self._keys.mark_applied(connection, principal, key)):
            try:
                await self._app(scope, recorder.receive, recorder.send)
            except Exception as error:
                await to_thread.run_sync(self._keys.keep, principal, key, _of_fault(error))
                raise
        answer = recorder.answer()
        await to_thread.run_sync(self._keys.keep, principal, key, answer)
        return answer


class _Recorder:
    """Plays the request's body to the application and takes down its answer."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._played = False
        self._status = 500
        self._content_type = ""
        self._parts: list[bytes] = []

    async def receive(self) -> dict[str, Any]:
        if self._played:
            await sleep(3600)
        self._played = True
        return {"type": "http.request", "body": self._body, "more_body": False}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = dict(message.get("headers", ()))
            self._content_type = headers.get(b"content-type", b"").decode("latin-1")
        self._parts.append(message.get("body", b""))
        if sum(map(len, self._parts)) > _MAX_ANSWER:
            raise LapisError(ErrorCode.REQUEST_TOO_LARGE, "The answer is too large to be kept under a key.")

    def answer(self) -> KeptAnswer:
        return KeptAnswer(self._status, self._content_type, b"".join(self._parts))


def _of_fault(error: Exception) -> KeptAnswer:
    shown = as_lapis_error(error)
    return KeptAnswer(http_status(shown), "application/json", error_body(shown, ""))


def _key(scope: Any) -> str | None:
    for name, value in scope["headers"]:
        if name == b"idempotency-key":
            key = str(value.decode("latin-1"))
            if not 1 <= len(key) <= 255:
                raise LapisError(ErrorCode.USAGE, "An Idempotency-Key has 1 to 255 characters.")
            return key
    return None


def _digest(scope: Any, body: bytes) -> str:
    head = f"{scope['path']}?{scope['query_string'].decode('latin-1')}\n".encode()
    return hashlib.sha256(head + body).hexdigest()


async def _read(receive: Any) -> bytes:
    parts, more = [], True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(parts)


async def _send(send: Any, answer: KeptAnswer) -> None:
    headers = [(b"content-length", str(len(answer.body)).encode())]
    if answer.content_type:
        headers.append((b"content-type", answer.content_type.encode("latin-1")))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})
