"""A constant load on an online endpoint: clients that never stop asking, and what became of each request."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Load:
    """Clients, each with one connection that it keeps, that ask for the same prediction again and again.

    Args:
        url: the scoring address.
        key: the endpoint's.
        body: the request, JSON.
        clients: how many ask at once.

    Attributes:
        answers: (status, deployment that answered) → how many.
        faults: what a client saw instead of an answer, or a wrong status with its body.
        expected: the one prediction of each deployment, checked when it is given.
    """

    url: str
    key: str
    body: Any
    clients: int = 4
    expected: Mapping[str, Any] = field(default_factory=dict)
    answers: Counter[tuple[int, str]] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def __enter__(self) -> Load:
        """Begin."""
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask_on, daemon=True) for _ in range(self.clients)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        """End, once each client has its last answer."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    @property
    def good(self) -> int:
        """How many requests were answered with 200."""
        return sum(count for (status, _), count in self.answers.items() if status == 200)

    def by(self, deployment: str) -> int:
        """How many requests a deployment has answered with 200."""
        return self.answers[200, deployment]

    def _ask_on(self) -> None:
        place = urlsplit(self.url)
        data = json.dumps(self.body).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        connection = http.client.HTTPConnection(place.netloc, timeout=60)
        while not self._stop.is_set():
            try:
                connection.request("POST", place.path, data, headers)
                answer = connection.getresponse()
                self._take(answer.status, answer.getheader("azureml-model-deployment") or "", answer.read())
            except (OSError, http.client.HTTPException) as error:
                self._fault(f"{type(error).__name__}: {error}")
                connection.close()
                connection = http.client.HTTPConnection(place.netloc, timeout=60)
        connection.close()

    def _take(self, status: int, deployment: str, body: bytes) -> None:
        with self._lock:
            self.answers[status, deployment] += 1
        if status != 200:
            self._fault(f"{status}: {body[:300]!r}")
        elif deployment in self.expected and json.loads(body) != self.expected[deployment]:
            self._fault(f"{deployment} answered {body[:300]!r}")

    def _fault(self, text: str) -> None:
        with self._lock:
            self.faults.append(text)
