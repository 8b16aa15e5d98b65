"""Which servers share the database: where each is reached by the others, and whether it is there.

Only on PostgreSQL, where there may be several. Each renews its row every few seconds, by the database's clock, so that
clocks of machines may differ.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, String, Table, cast, delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import BigInteger

from lapisml.server.platform.database import Database, Millis, metadata
from lapisml.server.platform.processes import owner_is_gone

_log = logging.getLogger("lapis.server")

BEAT_S = 3.0
AWAY_MS = 15_000
"""A server that has not renewed its row for this long is taken for gone, milliseconds."""

_KEEP_MS = 7 * 86_400_000

servers = Table(
    "servers",
    metadata,
    Column("owner", String(255), primary_key=True),
    Column("site", String(64), nullable=False),
    Column("url", String(1024), nullable=False),
    Column("version", String(64), nullable=False),
    Column("seen_at", Millis, nullable=False),
)


@dataclass(frozen=True)
class Server:
    """One server, as it says of itself.

    Attributes:
        owner: name of its process.
        site: lasting name of its installation, whose jobs it follows.
        url: where the other servers reach it.
    """

    owner: str
    site: str
    url: str
    version: str


class Servers:
    """Keeps this server's row, and reads those of the others.

    Args:
        me: this server.
    """

    def __init__(self, database: Database, me: Server) -> None:
        self._database = database
        self.me = me
        self._alone = database.is_sqlite
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="servers", daemon=True)

    def start(self) -> None:
        """Say that this server is there, and go on saying so."""
        if self._alone:
            return
        self._beat()
        for other in self.others():
            if other.version != self.me.version:
                _log.warning("server.versions.differ %s has %s, this one %s", other.url, other.version, self.me.version)
        self._thread.start()

    def stop(self) -> None:
        """Take the row away, so that nobody waits for this server."""
        if self._alone:
            return
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(2)
        with self._database.write() as connection:
            connection.execute(delete(servers).where(servers.c.owner == self.me.owner))

    def others(self) -> list[Server]:
        """Return the other servers that are there."""
        if self._alone:
            return []
        query = select(servers).where(servers.c.owner != self.me.owner, servers.c.seen_at > _now() - AWAY_MS)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(servers.c.seen_at.desc())).all()
        return [Server(row.owner, row.site, row.url, row.version) for row in rows if not owner_is_gone(row.owner)]

    def is_gone(self, owner: str) -> bool:
        """Say of another server's name that it has ended, or was silent for so long that it is taken for that."""
        if owner_is_gone(owner):
            return True
        return not self._alone and owner not in {self.me.owner, *(other.owner for other in self.others())}

    def _loop(self) -> None:
        while not self._stopping.wait(BEAT_S):
            try:
                self._beat()
            except SQLAlchemyError as error:
                _log.warning("server.beat.failed %s", type(error).__name__)

    def _beat(self) -> None:
        values = {"site": self.me.site, "url": self.me.url, "version": self.me.version, "seen_at": _now()}
        with self._database.write() as connection:
            mine = update(servers).where(servers.c.owner == self.me.owner)
            if not connection.execute(mine.values(**values)).rowcount:
                connection.execute(delete(servers).where(servers.c.seen_at < _now() - _KEEP_MS))
                connection.execute(insert(servers).values(owner=self.me.owner, **values))


def _now() -> ColumnElement[int]:
    """The database's clock, milliseconds since the epoch."""
    return cast(func.extract("epoch", func.clock_timestamp()) * 1000, BigInteger)
