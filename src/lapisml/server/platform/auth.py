"""The gate: one middleware below every route that lets nothing through by default.

HTTP and WebSocket, routes and mounted applications alike. It checks the Host, the Origin, the token (or the cookie
of a browser that signed in with one), what the principal may reach, the body's type and size; gives every request an
id; sets the security headers; and turns whatever an application raises into an answer. It is plain ASGI: the tracking
path has a budget of a millisecond in which this is a few microseconds.
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from anyio import to_thread

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.errors import ErrorForm, RenderError, as_lapis_error, error_body, storage_full
from lapisml.server.platform.policy import SAFE_METHODS, RequestPolicy, works_when_full
from lapisml.server.platform.principal import Authenticator, Principal

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[Any], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("lapisml.server")

_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
]
_DEFAULTED = frozenset(name for name, _ in _HEADERS)


class Capacity(Protocol):
    """Knows whether there is room to write."""

    def is_full(self) -> bool:
        """Say whether the server is read-only because its disk is full."""
        ...

    def note_full(self) -> None:
        """Take notice that a write found no space."""
        ...


class Gate:
    """The middleware.

    Args:
        app: what to call when a request may pass.
        authenticator: turns tokens into principals.
        policy: hosts, origins and sizes that are let in.
        capacity: closes the server for writing when the disk is full.
        renderers: path prefix → form of an error below it, where that is not the native one.
        form_of: path → the whole form of an error there, None for those that `renderers` or the native form has.
    """

    def __init__(
        self,
        app: AsgiApp,
        authenticator: Authenticator,
        policy: RequestPolicy,
        capacity: Capacity,
        renderers: Mapping[str, RenderError] | None = None,
        form_of: Callable[[str], ErrorForm | None] = lambda _path: None,
    ) -> None:
        self._app = app
        self._authenticator = authenticator
        self._policy = policy
        self._capacity = capacity
        self._renderers = tuple((renderers or {}).items())
        self._form_of = form_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request through, or answer it with an error."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = secrets.token_hex(8)
        answer = _Answer(send, request_id, self._capacity.note_full)
        try:
            receive = await self._admit(scope, receive)
            scope["state"]["request_id"] = request_id
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the outermost edge of a request: everything becomes an answer
            await self._refuse(scope, answer, error)

    async def _admit(self, scope: Scope, receive: Receive) -> Receive:
        """Check the head of the request; return the channel to read its body from."""
        head = _head(scope)
        method, path, host = scope.get("method", "WEBSOCKET"), scope["path"], head.get(b"host", "")
        self._policy.check_host(host)
        if method not in SAFE_METHODS:
            self._policy.check_origin(head.get(b"origin"), host)
        scope.setdefault("state", {})
        if not self._policy.is_open(method, path):
            principal = await self._identify(method, head)
            _authorise(principal, path)
            scope["state"]["principal"] = principal
        if method in SAFE_METHODS or scope["type"] != "http":
            return receive
        self._check_body(method, path, head)
        if self._capacity.is_full() and not works_when_full(method, path):
            raise storage_full()
        return self._limited(method, path, head, receive)

    async def _identify(self, method: str, head: dict[bytes, str]) -> Principal:
        """Find who sends a request: by the token it carries, or else by the cookie of a browser."""
        who, authorization = self._authenticator, head.get(b"authorization")
        secret = self._policy.session_in(head.get(b"cookie", "")) if authorization is None else ""
        if secret:
            if method not in SAFE_METHODS:
                self._policy.check_own_origin(head.get(b"origin"), head.get(b"host", ""))
            known = who.cached_session(secret)
            return await to_thread.run_sync(who.authenticate_session, secret) if known is None else known
        token = _token(authorization or "")
        if not token:
            _unauthenticated()
        known = who.cached(token)
        return await to_thread.run_sync(who.authenticate, token) if known is None else known

    def _check_body(self, method: str, path: str, head: dict[bytes, str]) -> None:
        length = head.get(b"content-length", "")
        has_body = b"transfer-encoding" in head or length not in ("", "0")
        if not self._policy.accepts_type(method, path, head.get(b"content-type", ""), has_body):
            raise LapisError(ErrorCode.USAGE, "The body must be JSON: set Content-Type to application/json.")
        if length.isdigit() and int(length) > self._policy.max_body and not self._policy.is_raw(method, path):
            _too_large(self._policy.max_body)

    def _limited(self, method: str, path: str, head: dict[bytes, str], receive: Receive) -> Receive:
        if b"transfer-encoding" not in head or self._policy.is_raw(method, path):
            return receive
        limit, seen = self._policy.max_body, 0

        async def counted() -> dict[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                _too_large(limit)
            return message

        return counted

    async def _refuse(self, scope: Scope, answer: _Answer, error: Exception) -> None:
        shown = as_lapis_error(error)
        form = self._form(scope["path"])
        if form.status(shown) >= 500:
            _log_fault(scope, answer.request_id, shown, error)
        if scope["type"] == "websocket":
            await answer.raw({"type": "websocket.close", "code": 1008, "reason": shown.code.value})
            return
        await answer.error(shown, form)

    def _form(self, path: str) -> ErrorForm:
        render = next((render for prefix, render in self._renderers if path.startswith(prefix)), None)
        if render is not None:
            return ErrorForm(render)
        return self._form_of(path) or ErrorForm(error_body)


class _Answer:
    """The way back of one request: adds headers, and knows whether the answer has begun."""

    __slots__ = ("_begun", "_note_full", "raw", "request_id")

    def __init__(self, send: Send, request_id: str, note_full: Callable[[], None]) -> None:
        self.raw = send
        self._note_full = note_full
        self.request_id = request_id
        self._begun = False

    async def send(self, message: dict[str, Any]) -> None:
        """Pass a message on; complete the headers of the first."""
        if message["type"] == "http.response.start":
            self._begun = True
            if message["status"] == 507:
                self._note_full()
            headers = list(message.get("headers", ()))
            if message["status"] == 204:  # nothing follows, so nothing has a type
                headers = [pair for pair in headers if pair[0] != b"content-type"]
            own = _DEFAULTED.intersection([name for name, _ in headers])
            headers += [pair for pair in _HEADERS if pair[0] not in own] if own else _HEADERS
            headers.append((b"x-request-id", self.request_id.encode()))
            message = {**message, "headers": headers}
        await self.raw(message)

    async def error(self, error: LapisError, form: ErrorForm) -> None:
        """Send an error as the whole answer; when one has begun already, break off so that the client notices."""
        if self._begun:
            raise ConnectionAbortedError(f"answer {self.request_id} broke off: {error.code}")
        body, status = form.render(error, self.request_id), form.status(error)
        headers = [*form.headers(error), (b"content-length", str(len(body)).encode())]
        if status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        if status == 413:
            headers.append((b"connection", b"close"))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.raw({"type": "http.response.body", "body": body})


def _log_fault(scope: Scope, request_id: str, shown: LapisError, error: Exception) -> None:
    where = (request_id, scope.get("method", scope["type"]), scope["path"], shown.code)
    if shown.code == ErrorCode.STORAGE_FULL:  # expected for as long as the disk is full, and the log is on that disk
        log.warning("request.refused id=%s %s %s: %s", *where)
        return
    log.error("request.failed id=%s %s %s: %s", *where, exc_info=error)


def _head(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in scope["headers"]}


def _token(authorization: str) -> str:
    """Return the token that a header carries: as it is, or as the password of a pair whose name says nothing."""
    kind, _, value = authorization.partition(" ")
    if kind.lower() == "bearer":
        return value.strip()
    if kind.lower() != "basic":
        return ""
    with suppress(ValueError):
        return base64.b64decode(value.strip(), validate=True).decode().partition(":")[2]
    return ""


def _authorise(principal: Principal, path: str) -> None:
    if not principal.may_reach(path):
        raise LapisError(ErrorCode.FORBIDDEN, f"The token of a {principal.kind} does not reach this address.")


def _unauthenticated() -> NoReturn:
    raise LapisError(
        ErrorCode.UNAUTHENTICATED,
        "This address needs an access token.",
        "Send it as `Authorization: Bearer …`; `lapis auth token` prints it.",
    )


def _too_large(limit: int) -> NoReturn:
    raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"The body is larger than {limit // 2**20} MiB.")
