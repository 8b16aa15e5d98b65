"""A small tracking server that can go away, come back elsewhere, refuse and stall: the relay's other side."""

from __future__ import annotations

import contextlib
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

PATH = "/mlflow/default"


class Tracker:
    """Keeps metrics per run, over restarts; knows a repeated request by its idempotency key.

    Args:
        server_file: where it says where it is.
    """

    def __init__(self, server_file: Path) -> None:
        self._file = server_file
        self._server: _Server | None = None
        self._seen: set[str] = set()
        self._lock = threading.Lock()
        self.metrics: dict[str, list[dict[str, Any]]] = {}
        self.batches: list[int] = []
        self.requests: list[str] = []
        self.files: dict[str, bytes] = {}
        self.handshakes_refused = 0
        self.breaks_after: int | None = None
        """Requests until it breaks off: the request is taken in, the connection dies without an answer."""

    def start(self, certificate: Path | None = None, prefix: str = "") -> None:
        """Listen on a new port and write the server file; with TLS if there is a certificate (and key) file."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.tracker = self
        record = {"url": f"http://127.0.0.1:{self._server.server_port}{prefix}"}
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            record = {"url": record["url"].replace("http", "https"), "tls_cert": str(certificate)}
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(record))

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.drop_connections()
            self._server = None

    def take(self, key: str | None, run_id: str, metrics: list[dict[str, Any]]) -> str | None:
        """Take in a batch; return why it is refused, if it is."""
        with self._lock:
            if any(metric["key"] == "refused" for metric in metrics):
                return "the key 'refused' is refused"
            if key is None or key not in self._seen:
                self._seen.add(str(key))
                self.batches.append(len(metrics))
                self.metrics.setdefault(run_id, []).extend(metrics)
        return None

    def steps(self, run_id: str) -> list[int]:
        """Return the steps of a run's points in order of arrival."""
        with self._lock:
            return [int(metric["step"]) for metric in self.metrics.get(run_id, [])]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tracker: Tracker

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.open_sockets: set[Any] = set()

    def get_request(self) -> Any:
        try:
            return super().get_request()
        except ssl.SSLError:
            self.tracker.handshakes_refused += 1
            raise

    def drop_connections(self) -> None:
        for connection in list(self.open_sockets):
            with contextlib.suppress(OSError):
                connection.shutdown(2)

    def handle_error(self, *_args: Any) -> None:
        """A connection that dies is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open_sockets.add(self.connection)

    def finish(self) -> None:
        self.server.open_sockets.discard(self.connection)
        super().finish()

    def do_POST(self) -> None:
        body = json.loads(self._body() or b"{}")
        tracker = self._tracker()
        if self.headers["Authorization"] != "Bearer secret-token":
            self._answer(401, {"error_code": "UNAUTHENTICATED"})
            return
        refused = None
        if self.path.endswith("/runs/log-batch"):
            refused = tracker.take(self.headers["Idempotency-Key"], body["run_id"], body["metrics"])
        if self._breaks():
            return
        self._answer(400 if refused else 200, {"message": refused} if refused else {"path": self.path})

    def do_GET(self) -> None:
        tracker = self._tracker()
        if self._breaks():
            return
        if "/history/" in self.path:
            self._answer(200, {"steps": tracker.steps(self.path.rpartition("/")[2])})
        elif "/chunked" in self.path:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in (b"one ", b"two ", b"three"):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        elif self.path in tracker.files:
            self._send(200, tracker.files[self.path])
        elif "/empty" in self.path:
            self.send_response(204)
            self.end_headers()
        elif "/slow" in self.path:
            time.sleep(0.3)
            self._answer(200, {})
        else:
            self._answer(200 if self.path.endswith("/health") else 404, {"path": self.path})

    def do_HEAD(self) -> None:
        self._tracker()
        self.send_response(200)
        self.send_header("Content-Length", "12345")
        self.end_headers()

    def do_PUT(self) -> None:
        self._tracker().files[self.path] = self._body()
        self._answer(200, {})

    def log_message(self, *_args: Any) -> None:
        """Say nothing."""

    def _tracker(self) -> Tracker:
        self.server.tracker.requests.append(f"{self.command} {self.path}")
        return self.server.tracker

    def _breaks(self) -> bool:
        tracker = self.server.tracker
        if tracker.breaks_after is None:
            return False
        tracker.breaks_after -= 1
        if tracker.breaks_after > 0:
            return False
        tracker.breaks_after = None
        self.close_connection = True
        self.connection.shutdown(2)
        return True

    def _body(self) -> bytes:
        if self.headers["Transfer-Encoding"] == "chunked":
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)
        return self.rfile.read(int(self.headers["Content-Length"] or 0))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode())

    def _send(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
