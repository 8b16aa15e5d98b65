"""What all servers over one database must agree on: a few values, each written once and changed by no accident."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, Text, insert, select, update
from sqlalchemy.exc import IntegrityError

from lapisml.server.platform.database import Database, metadata

installation = Table(
    "installation",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)


class Installation:
    """Reads and writes the values; of several servers that write one at once, the first decides."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return a value, None when it was never written."""
        with self._database.read() as connection:
            return connection.execute(select(installation.c.value).where(installation.c.name == name)).scalar()

    def put_once(self, name: str, value: str) -> str:
        """Write a value unless there is one; return the one that is kept."""
        found = self.get(name)
        if found is not None:
            return found
        try:
            with self._database.write() as connection:
                connection.execute(insert(installation).values(name=name, value=value))
        except IntegrityError:  # another server was faster
            return self.get(name) or value
        return value

    def replace(self, name: str, before: str | None, value: str) -> bool:
        """Write a value in place of another; False when that is not the one that is kept."""
        if before is None:
            return self.put_once(name, value) == value
        kept = (installation.c.name == name) & (installation.c.value == before)
        with self._database.write() as connection:
            return connection.execute(update(installation).where(kept).values(value=value)).rowcount == 1
