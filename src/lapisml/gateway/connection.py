"""A client's connection: HTTP/1.1 (RFC 9112). What comes in; what goes out: `lapisml.gateway.answering`."""

from __future__ import annotations

import asyncio
import sys
import time
import traceback
from typing import Any

import httptools

from lapisml.gateway import answers
from lapisml.gateway.answering import Answering, Phase
from lapisml.gateway.calls import Call, Refusal
from lapisml.gateway.service import Gateway, too_large

_LOOKED_AT = {
    b"host": "host",
    b"origin": "origin",
    b"authorization": "authorization",
    b"content-type": "content_type",
    b"azureml-model-deployment": "forced",
    b"x-ms-client-request-id": "client_id",
    b"traceparent": "trace",
}
_BUSY = b"retry-after: 1\r\n"


class Connection(Answering):
    """Takes requests from one client.

    Args:
        gateway: what to do with them.
        open_connections: this one is in it for as long as it lives.
    """

    def __init__(self, gateway: Gateway, open_connections: set[Connection]) -> None:
        super().__init__(gateway)
        self._all = open_connections
        self._parser: Any = None
        self._room = 0
        self._head_bytes = 0

    # ---- the transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection."""
        self._transport = transport  # type: ignore[assignment]  # a stream's
        self._parser = httptools.HttpRequestParser(self)
        self._all.add(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Let go of everything; tell replicas that nobody waits."""
        self._all.discard(self)
        self._transport = None
        self._parser = None
        for call in (*self._line, *([self._call] if self._call is not None else ())):
            self._release(call)
            link, call.client = call.link, None
            if link is not None:
                link.cancel(call)
        self._line.clear()
        self._call = None

    def data_received(self, data: bytes) -> None:
        """Take what the client sent."""
        if self._is_deaf:
            return
        was_head = self.phase is Phase.HEAD
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError:
            self._failed()
        except httptools.HttpParserUpgrade:
            self._is_deaf = True  # the request asks for another protocol; it is answered in this one, and that is all
        except httptools.HttpParserError:
            self._refuse_now(Refusal(400, "BadRequest", "This is not a request of HTTP/1.1."))
        if was_head and self.phase is Phase.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > self._limits.head_bytes:
                self._refuse_now(Refusal(431, "HeadersTooLarge", "The request's headers are too long."))

    def eof_received(self) -> bool:
        """End with the client; what it asked for is not finished for nobody."""
        return False

    def pause_writing(self) -> None:
        """Take nothing more from a client that does not read its answers."""
        self._is_paused = True
        self._paused_since = time.monotonic()
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on."""
        self._is_paused = False
        self._read_on()
        self._begin_again()

    # ---- the parser's side

    def on_message_begin(self) -> None:
        """Begin a request."""
        now = time.monotonic()
        self._call = Call(self, now)
        self._room = self._limits.head_bytes
        self._head_bytes = 0
        self.phase = Phase.HEAD

    def on_url(self, url: bytes) -> None:
        """Take the address, or a piece of it."""
        call = self._call
        assert call is not None
        call.url += url
        if len(call.url) > self._limits.url_bytes:
            call.refusal = Refusal(414, "UriTooLong", "The request's address is too long.", close=True)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        call = self._call
        assert call is not None
        self._room -= len(name) + len(value)
        if self._room < 0 or len(call.headers) >= self._limits.headers:
            call.refusal = Refusal(431, "HeadersTooLarge", "The request's headers are too long.", close=True)
            return
        call.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Decide by the head, before any of the body is taken."""
        call = self._call
        if call is None or self._is_deaf:
            return
        self.phase = Phase.BODY
        call.method = self._parser.get_method()
        call.keep_alive = (
            self._parser.should_keep_alive()
            and not self._parser.should_upgrade()
            and self._parser.get_http_version() == "1.1"
        )
        self._read_headers(call)
        try:
            self._check_form(call)
            self._gateway.admit(call)
            self._check_length(call)
        except Refusal as refusal:
            call.refusal = refusal
            declared = call.length or 0
            if refusal.close or call.expects or not 0 <= declared <= self._limits.small_body:
                self._refuse_now(refusal)
            return
        if call.expects and not self._line and self._transport is not None:
            self._transport.write(answers.CONTINUE)

    def on_body(self, data: bytes) -> None:
        """Take a piece of the body."""
        call = self._call
        if call is None or self._is_deaf:
            return
        call.size += len(data)
        if call.refusal is not None:
            return
        if call.size > call.limit:
            self._refuse_now(too_large(call.limit))
            return
        self._gateway.held_bytes += len(data)
        call.parts.append(data)
        if self._gateway.held_bytes > self._limits.held_bytes:
            self._refuse_now(_full())

    def on_message_complete(self) -> None:
        """Answer the request, after those before it."""
        call = self._call
        if call is None or self._is_deaf:
            return
        call.body = call.parts[0] if len(call.parts) == 1 else b"".join(call.parts)
        call.parts.clear()
        self._call = None
        self._queue(call)

    # ---- the clock's side

    def end_slow(self, now: float) -> None:
        """Cut off a client that takes too long; called every second or so."""
        waited = now - self.since
        if (self._is_paused and now - self._paused_since > self._limits.read_s) or (
            self.phase is Phase.END and waited > self._limits.linger_s
        ):
            self.abort()
        elif self.phase is Phase.IDLE and waited > self._limits.idle_s:
            self.close()
        elif self._call is not None and now - self._call.started > self._time_for(self._call):
            self._refuse_now(Refusal(408, "RequestTimeout", "The request did not arrive in time."))

    # ---- inside

    def _read_headers(self, call: Call) -> None:
        for name, value in call.headers:
            slot = _LOOKED_AT.get(name)
            if slot is not None:
                setattr(call, slot, value)
            elif name == b"content-length":
                call.length = int(value) if value.isdigit() and len(value) < 19 else -1
            elif name == b"transfer-encoding":
                call.length = -1
            elif name == b"expect":
                call.expects = value.lower() == b"100-continue"

    def _check_form(self, call: Call) -> None:
        if call.refusal is not None:
            raise call.refusal

    def _check_length(self, call: Call) -> None:
        if call.length is not None and call.length > call.limit:
            raise too_large(call.limit)
        if (call.length or 0) + self._gateway.held_bytes > self._limits.held_bytes:
            raise _full()

    def _time_for(self, call: Call) -> float:
        """Return how long a request that is still arriving may take, seconds."""
        if self.phase is Phase.HEAD:
            return self._limits.head_s
        return self._limits.body_grace_s + call.size / self._limits.body_rate

    def _refuse_now(self, refusal: Refusal) -> None:
        """Answer a request that is not whole, and take nothing more from this client."""
        if self._is_deaf:
            return
        call = self._call or Call(self, time.monotonic())
        self._call = None
        self._release(call)
        refusal.close = True
        call.refusal = refusal
        self._is_deaf = True
        self._queue(call)

    def _failed(self) -> None:
        traceback.print_exc(file=sys.stderr)
        self._refuse_now(Refusal(500, "Internal", "Something went wrong inside the gateway; its log has the details."))


def _full() -> Refusal:
    return Refusal(503, "Busy", "The gateway holds as many requests as it can.", _BUSY)
