"""Reads a server's stream of changes, as a page does."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from tests.support.polling import eventually
from tests.support.server import LapisServer


class LiveReader:
    """Follows ``/live`` of a workspace in a thread.

    Attributes:
        topics: everything told so far, in order.
        messages: how many messages it took.
        is_over: the server has ended the stream.
    """

    def __init__(self, server: LapisServer, workspace: str = "default", token: str = "") -> None:
        self.topics: list[str] = []
        self.messages = 0
        self.is_over = False
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        headers = {"Authorization": f"Bearer {token or server.token}"}
        self._connection.request("GET", f"/api/v1/workspaces/{workspace}/live", headers=headers)
        self._socket = self._connection.sock
        self._answer = self._connection.getresponse()
        self.status = self._answer.status
        self.headers = {name.lower(): value for name, value in self._answer.getheaders()}
        self._thread = threading.Thread(target=self._read, daemon=True)
        if self.status == 200:
            self._thread.start()

    def refusal(self) -> Any:
        """Give the body of an answer that is no stream."""
        return json.loads(self._answer.read())

    def heard(self, topic: str, timeout: float = 10.0) -> None:
        """Wait until a topic was told."""
        eventually(lambda: topic in self.topics, timeout, what=f"{topic} among {self.topics}")

    def close(self) -> None:
        """Go away, as a page does that is closed."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(10)
        self._answer.close()
        self._connection.close()

    def _read(self) -> None:
        try:
            for line in self._answer:
                if line.startswith(b"data: "):
                    self.topics += json.loads(line[6:])
                    self.messages += 1
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass
        self.is_over = True
