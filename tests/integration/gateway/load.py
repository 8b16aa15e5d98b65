"""Clients that send one request after the other until they are told to stop, and count what comes back."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.support.gateway import KEY


class Load:
    """What came back: statuses, deployments, and requests that got no answer."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.deployments: Counter[str] = Counter()
        self.lost = 0
        self.bodies: list[bytes] = []
        self._stop = threading.Event()
        self._lock = threading.Lock()

    @property
    def answered(self) -> int:
        """All answers."""
        return sum(self.statuses.values())

    def stop(self) -> None:
        """End the clients after the request that each is at."""
        self._stop.set()

    def run(self, port: int, body: bytes, headers: dict[str, str]) -> None:
        """Be one client."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while not self._stop.is_set():
            try:
                connection.request("POST", "/ws/ep/score", body, headers)
                response = connection.getresponse()
                read = response.read()
            except (OSError, http.client.HTTPException):
                connection.close()
                with self._lock:
                    self.lost += 1
                continue
            with self._lock:
                self.statuses[response.status] += 1
                self.deployments[response.getheader("azureml-model-deployment", "")] += 1
                if response.status != 200:
                    self.bodies.append(read)
        connection.close()


@contextmanager
def load(port: int, clients: int = 4, body: Any = None) -> Iterator[Load]:
    """Keep clients busy for the length of the block."""
    made = Load()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    sent = json.dumps(body if body is not None else {}).encode()
    threads = [threading.Thread(target=made.run, args=(port, sent, headers)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield made
    finally:
        made.stop()
        for thread in threads:
            thread.join()
