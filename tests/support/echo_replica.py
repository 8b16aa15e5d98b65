"""A replica that does as its requests say; ``python echo_replica.py <listening fd> <revision> [<hello as JSON>]``.

A request's body may be JSON: ``{"sleep": seconds}``, ``{"exit": status}``, ``{"answer": {head}, "body": text}``,
``{"ignore": true}``. The answer is ``{"pid", "revision", "count", "head", "size"}`` otherwise.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from typing import Any

import uvloop

from lapisml.scoring.lapis_scoring import frames


class Replica(asyncio.Protocol):
    """One gateway's, or keeper's, connection."""

    def __init__(self, revision: str, hello: dict[str, Any]) -> None:
        self._revision = revision
        self._hello = {"raw": False, "max_concurrent": 1, "revision": revision, "kind": "script", "pid": os.getpid()}
        self._hello.update(hello)
        self._parser = frames.Parser()
        self._count = 0
        self._timers: dict[int, asyncio.TimerHandle] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        transport.write(frames.pack(frames.HELLO, 0, b"", frames.pack_head(self._hello)))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        for frame in self._parser.feed(data):
            if frame.kind == frames.PING:
                self._transport.write(frames.pack(frames.PONG, frame.id))
            elif frame.kind == frames.SCORE:
                self._score(frame)
            elif frame.kind == frames.CANCEL and frame.id in self._timers:
                self._timers.pop(frame.id).cancel()
                self._transport.write(frames.pack(frames.ANSWER, frame.id, b"gone"))

    def _score(self, frame: frames.Frame) -> None:
        self._count += 1
        if frame.body == b"{}":
            self._transport.write(frames.pack(frames.ANSWER, frame.id, b'{"fast": true}'))
            return
        try:
            wish = json.loads(frame.body)
        except ValueError:
            wish = {}
        wish = wish if isinstance(wish, dict) else {}
        if "exit" in wish:
            os._exit(wish["exit"])
        if wish.get("ignore"):
            return
        wait = wish.get("sleep", 0)
        self._timers[frame.id] = asyncio.get_running_loop().call_later(wait, self._answer, frame, wish)

    def _answer(self, frame: frames.Frame, wish: dict[str, Any]) -> None:
        self._timers.pop(frame.id, None)
        if "answer" in wish:
            body, head = wish.get("body", "").encode(), frames.pack_head(wish["answer"])
        else:
            seen = {"pid": os.getpid(), "revision": self._revision, "count": self._count, "size": len(frame.body)}
            body, head = json.dumps({**seen, "head": frames.read_head(frame.head)}).encode(), b""
        self._transport.write(frames.pack(frames.ANSWER, frame.id, body, head))


async def serve(listener: socket.socket, revision: str, hello: dict[str, Any]) -> None:
    server = await asyncio.get_running_loop().create_unix_server(lambda: Replica(revision, hello), sock=listener)
    await server.serve_forever()


if __name__ == "__main__":
    given = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], given))
