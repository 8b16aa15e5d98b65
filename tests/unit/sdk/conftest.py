"""A small HTTP server that misbehaves on command, to see what the real transport makes of it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from lapisml.sdk.discovery import Address
from lapisml.sdk.transport import Transport

Act = Callable[["Handler"], None]


@dataclass
class Peer:
    """The server's side.

    Attributes:
        script: what to do with each request in turn; the last one stays.
        seen: method, target, headers and body of every request.
    """

    script: list[Act] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    peer: Peer

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.peer.seen.append((self.command, self.path, dict(self.headers), self.rfile.read(length)))
        script = self.peer.script
        (script.pop(0) if len(script) > 1 else script[0])(self)

    do_GET = do_PUT = do_POST = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names that http.server calls

    def log_message(self, *_: Any) -> None:
        pass

    def answer(self, status: int, body: Any, **headers: str) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(raw)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(raw)


def answer(status: int, body: Any, **headers: str) -> Act:
    """Answer with `status` and `body` (JSON, or bytes as they are)."""
    return lambda handler: handler.answer(status, body, **headers)


def hang_up(handler: Handler) -> None:
    """Close the connection without a word."""
    handler.close_connection = True
    handler.connection.close()


@pytest.fixture
def peer() -> Iterator[Peer]:
    made = Peer()
    bound = type("BoundHandler", (Handler,), {"peer": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), bound)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def transport(peer: Peer) -> Transport:
    return Transport(lambda _: Address(peer.url, "tkn"), timeout=5)
