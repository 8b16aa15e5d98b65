"""Plain requests on a socket, for what no client would send."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def first_line(host: str, port: int, context: ssl.SSLContext | None) -> str:
    """Ask for a server's jobs without a token, with TLS where there is a context.

    Returns:
        The first line of the answer; empty where nobody answers.
    """
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        link = stack.enter_context(socket.create_connection((host, port), 5))
        if context is not None:
            link = stack.enter_context(context.wrap_socket(link, server_hostname=host))
        link.sendall(b"GET /api/v1/workspaces/default/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
        return link.recv(200).split(b"\r\n")[0].decode(errors="replace")
    return ""


class _Refuses(BaseHTTPRequestHandler):
    """Answers as a server does whom nobody showed a token."""

    def do_GET(self) -> None:
        self.send_error(401)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextlib.contextmanager
def answering() -> Iterator[str]:
    """Listen as a server that refuses everything; give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Refuses) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
