"""A load generator: a process of its own that keeps N connections busy with one request, on one core.

    python -m bench.online_load '{"url": …, "headers": {…}, "body": …, "connections": 8, "seconds": 3, "rate": null}'

Prints ``{"rps", "p50_ms", "p99_ms", "failed", "first_failure"}``. Without a rate each connection sends its next request
when it has its answer; with one (requests a second) requests leave at fixed times, and their wait counts too.
Sockets and epoll without a library between, so that it can ask for some 40,000 answers a second.
"""

from __future__ import annotations

import heapq
import json
import select
import socket
import sys
import time
from typing import Any
from urllib.parse import urlsplit

_WARM_S = 0.5


class Connection:
    """A connection that is kept.

    Attributes:
        began: when its request was to leave; None while it is free.
        closes: whether the server said that it closes after this answer.
    """

    def __init__(self, address: tuple[str, int], request: bytes) -> None:
        self._address, self._request = address, request
        self.began: float | None = None
        self.closes = False
        self._held = b""
        self.connect()

    def connect(self) -> None:
        self.socket = socket.create_connection(self._address, timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, at: float) -> None:
        self.began = at
        self.socket.sendall(self._request)

    def read(self) -> tuple[int, bytes] | None:
        """Return status and body of an answer, None while it is not whole.

        Raises:
            ConnectionError: the server has closed.
        """
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("closed")
        held = self._held = self._held + data if self._held else data
        end = held.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = held[:end].lower()
        body = _body(head, held[end + 4 :])
        if body is None:
            return None
        self._held, self.began = b"", None
        self.closes = b"connection: close" in head
        return int(head[9:12]), body


def _body(head: bytes, rest: bytes) -> bytes | None:
    place = head.find(b"content-length:")
    if place >= 0:
        length = int(head[place + 15 :].split(b"\r\n", 1)[0])
        return rest[:length] if len(rest) >= length else None
    if b"transfer-encoding: chunked" in head:
        return rest if rest.endswith(b"0\r\n\r\n") else None
    return rest


class Load:
    """One measurement."""

    def __init__(self, asked: dict[str, Any]) -> None:
        place = urlsplit(asked["url"])
        assert place.hostname
        assert place.port
        body = asked["body"].encode()
        headers = {"Host": place.netloc, "Content-Type": "application/json", "Content-Length": str(len(body))}
        lines = [
            f"POST {place.path or '/'} HTTP/1.1",
            *(f"{k}: {v}" for k, v in {**headers, **asked["headers"]}.items()),
        ]
        request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        self._epoll = select.epoll()
        self._by_number: dict[int, Connection] = {}
        for _ in range(asked["connections"]):
            connection = Connection((place.hostname, place.port), request)
            self._watch(connection)
        self._rate: float | None = asked.get("rate")
        self._seconds = float(asked["seconds"])
        self._times: list[float] = []
        self._failed: list[str] = []

    def run(self) -> dict[str, Any]:
        """Warm up, measure, and give what was found."""
        self._for(_WARM_S)
        self._times.clear()
        self._failed.clear()
        took = self._for(self._seconds)
        times = sorted(self._times) or [float("nan")]
        return {
            "rps": len(self._times) / took,
            "p50_ms": 1000 * times[len(times) // 2],
            "p99_ms": 1000 * times[int(len(times) * 0.99)],
            "failed": len(self._failed),
            "first_failure": self._failed[0] if self._failed else None,
        }

    def _for(self, seconds: float) -> float:
        """Ask for so long, then wait for what is under way; return how long it took."""
        begin = time.perf_counter()
        last = begin + seconds
        due = self._departures(begin, last)
        free = [connection for connection in self._by_number.values() if connection.began is None]
        under_way = 0
        while True:
            now = time.perf_counter()
            while free and (now < last if due is None else due and due[0] <= now):
                free.pop().send(now if due is None else heapq.heappop(due))
                under_way += 1
            if under_way == 0 and (now >= last or due == []):
                return time.perf_counter() - begin
            wait = 60.0 if due is None or not due or not free else max(0.0, due[0] - now)
            if due:
                select.select([self._epoll], [], [], wait)  # epoll itself waits whole milliseconds
                wait = 0
            for number, _event in self._epoll.poll(wait):
                connection = self._by_number[number]
                if self._take(connection):
                    free.append(connection)
                    under_way -= 1

    def _departures(self, begin: float, last: float) -> list[float] | None:
        if self._rate is None:
            return None
        count = int(self._rate * (last - begin))
        return [begin + index / self._rate for index in range(count)]

    def _take(self, connection: Connection) -> bool:
        """Take what has arrived; True when the connection is free again."""
        began = connection.began
        try:
            answer = connection.read()
        except OSError as error:
            self._failed.append(repr(error))
            self._replace(connection)
            return True
        if answer is None:
            return False
        if answer[0] == 200:
            self._times.append(time.perf_counter() - (began or 0.0))
        else:
            self._failed.append(f"{answer[0]}: {answer[1][:200]!r}")
        if connection.closes:  # some servers keep none; the new one is on their time
            self._replace(connection)
        return True

    def _replace(self, connection: Connection) -> None:
        self._epoll.unregister(connection.socket)
        del self._by_number[connection.socket.fileno()]
        connection.socket.close()
        connection.connect()
        connection.began, connection.closes = None, False
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        self._by_number[connection.socket.fileno()] = connection
        self._epoll.register(connection.socket, select.EPOLLIN)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(Load(json.loads(sys.argv[1])).run()) + "\n")
