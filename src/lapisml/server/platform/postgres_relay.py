"""Wake-ups between servers on one PostgreSQL (https://www.postgresql.org/docs/current/sql-notify.html).

One thread holds one connection: it sends what this server tells and delivers what others tell. When the
connection breaks, it makes a new one; what was lost meanwhile is found by everybody's own slow look.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
from contextlib import suppress

import psycopg

from lapisml.server.platform.events import EventBus

log = logging.getLogger("lapisml.server")

CHANNEL = "lapis"
_TURN_S = 0.2
_RETRY_S = 2.0


class PostgresRelay:
    """Implements `lapisml.server.platform.events.Relay`.

    Args:
        conninfo: libpq connection string or URL.
    """

    def __init__(self, bus: EventBus, conninfo: str) -> None:
        self._bus = bus
        self._conninfo = conninfo
        self._me = f"{os.getpid()}-{id(self):x}"
        self._outgoing: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="postgres-relay", daemon=True)

    def start(self) -> None:
        """Begin to relay."""
        self._thread.start()
        self._bus.connect(self)

    def stop(self) -> None:
        """End the thread and its connection."""
        self._bus.connect(None)
        self._stopping.set()
        self._thread.join(2)

    def send(self, topic: str) -> None:
        """Pass a topic on, soon."""
        self._outgoing.put(topic)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._conninfo, autocommit=True) as connection:
                    self._relay(connection)
            except psycopg.Error as error:
                log.warning("events.relay_broken %s", error)
                self._stopping.wait(_RETRY_S)

    def _relay(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._stopping.is_set():
            for topic in sorted(self._drain()):
                connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, f"{self._me} {topic}"))
            for note in connection.notifies(timeout=_TURN_S, stop_after=1):
                sender, _, topic = note.payload.partition(" ")
                if sender != self._me:
                    self._bus.deliver(topic)

    def _drain(self) -> set[str]:
        topics = set()
        with suppress(queue.Empty):
            while True:
                topics.add(self._outgoing.get_nowait())
        return topics
