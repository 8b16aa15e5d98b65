"""The answers of a client's connection: one after the other, in the order of the requests."""

from __future__ import annotations

import asyncio
import random
import time
from collections import deque
from enum import Enum, auto

from lapisml.gateway import answers
from lapisml.gateway.calls import Call, Refusal
from lapisml.gateway.limits import Limits
from lapisml.gateway.service import Gateway


class Phase(Enum):
    """What a connection waits for."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    ANSWER = auto()
    END = auto()


class Answering(asyncio.Protocol):
    """Answers the requests of one client, once they are whole; a `lapisml.gateway.calls.Client`.

    Args:
        gateway: what to do with them.
    """

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._limits: Limits = gateway.limits
        self._transport: asyncio.Transport | None = None
        self._call: Call | None = None
        self._line: deque[Call] = deque()
        self._is_begun = False
        self._is_deaf = False
        self._is_paused = False
        self._paused_since = 0.0
        self.phase = Phase.IDLE
        self.since = time.monotonic()
        self.stops = False

    def reply(self, call: Call, status: int, content_type: bytes, headers: bytes, body: bytes) -> None:
        """Send a replica's answer."""
        target = call.target
        assert target is not None
        client_id = b"x-ms-client-request-id: %b\r\n" % answers.value(call.client_id) if call.client_id else b""
        lines = b"x-ms-request-id: %b\r\n%b%b%b" % (call.request_id.encode(), target.lines, client_id, headers)
        self._send(call, status, content_type, lines, body)

    def refuse(self, call: Call, refusal: Refusal) -> None:
        """Send an answer of the gateway's own."""
        if refusal.close:
            call.keep_alive = False
        body = answers.error_body(refusal.code, refusal.message)
        if call.target is not None:
            self.reply(call, refusal.status, answers.JSON, refusal.headers, body)
            return
        if not call.request_id:
            call.request_id = f"{random.getrandbits(64):016x}"
        client_id = b"x-ms-client-request-id: %b\r\n" % answers.value(call.client_id) if call.client_id else b""
        lines = b"x-ms-request-id: %b\r\n%b%b" % (call.request_id.encode(), client_id, refusal.headers)
        self._send(call, refusal.status, answers.JSON, lines, body)

    def close(self) -> None:
        """End the connection once what was written has left."""
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """End the connection now."""
        if self._transport is not None:
            self._transport.abort()

    def stop(self) -> None:
        """End after the next answer: the client, told so, sends nothing that could be lost."""
        self.stops = True

    def _queue(self, call: Call) -> None:
        self._line.append(call)
        self.phase = Phase.ANSWER
        if len(self._line) == 1:
            self._begin()
        elif len(self._line) >= self._limits.pipelined and self._transport is not None:
            self._transport.pause_reading()

    def _begin(self) -> None:
        """See to the first request of the line."""
        if self._is_paused:
            return
        self._is_begun = True
        call = self._line[0]
        if call.refusal is not None:
            self.refuse(call, call.refusal)
        elif call.page is not None:
            self._send_page(call, *call.page)
        else:
            self._gateway.dispatch(call)

    def _send_page(self, call: Call, content_type: bytes, body: bytes) -> None:
        self._send(call, 200, content_type, b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n", body)

    def _send(self, call: Call, status: int, content_type: bytes, headers: bytes, body: bytes) -> None:
        call.client = None
        self._release(call)
        if self._transport is None:
            return
        is_head = call.method == b"HEAD"
        keep_alive = call.keep_alive and not self.stops
        self._transport.write(
            answers.answer(status, content_type, headers, body, keep_alive=keep_alive, is_head=is_head)
        )
        if call.page is None:
            self._gateway.finished(call, status, len(body))
        self._line.popleft()
        self._is_begun = False
        if not keep_alive:
            self._finish()
        else:
            self._next()

    def _next(self) -> None:
        if self._line:
            self._read_on()
            asyncio.get_running_loop().call_soon(self._begin_again)
        elif self._call is None:
            self.phase = Phase.IDLE
            self.since = time.monotonic()

    def _begin_again(self) -> None:
        if self._line and not self._is_begun and self._transport is not None:
            self._begin()

    def _read_on(self) -> None:
        if self._transport is not None and not self._is_paused and len(self._line) < self._limits.pipelined:
            self._transport.resume_reading()

    def _release(self, call: Call) -> None:
        if call.parts:
            self._gateway.held_bytes -= sum(map(len, call.parts))
            call.parts = []
        self._gateway.held_bytes -= len(call.body)
        call.body = b""

    def _finish(self) -> None:
        """End the connection, in such a way that a client which still sends gets to read its answer."""
        while self._line:
            self._release(self._line.popleft())
        if self._transport is None:
            return
        if not self._is_deaf:
            self._transport.close()
            return
        self.phase = Phase.END
        self.since = time.monotonic()
        self._transport.resume_reading()
        if self._transport.can_write_eof():
            self._transport.write_eof()
