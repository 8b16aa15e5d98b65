"""A tracking service over a real, empty database: SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import insert

from lapisml.core.clock import SystemClock
from lapisml.server.features.tracking.records import Caller, LogEntry, Point
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.tables import workspaces
from lapisml.server.platform.database import Database, metadata


@dataclass
class Bench:
    """A service with two workspaces."""

    database: Database
    service: TrackingService
    caller: Caller
    elsewhere: Caller

    def run(self, experiment: str = "0", **values: object) -> str:
        """Make a run and return its id."""
        return self.service.runs.create(self.caller, experiment, **values).info.run_id  # type: ignore[arg-type]

    def log(self, run_id: str, *points: Point, caller: Caller | None = None, **pairs: list[tuple[str, str]]) -> None:
        """Log to a run and wait until it is durable."""
        self.service.runs.log_and_wait(LogEntry(caller or self.caller, run_id, points, **pairs))

    def metrics(self, run_id: str) -> dict[str, tuple[float, int, int, int]]:
        """Return key → (value, timestamp, step, is_nan) of the latest points."""
        found = self.service.runs.get(self.caller, run_id).metrics
        return {key: (value, timestamp, step, is_nan) for key, value, timestamp, step, is_nan in found}


@pytest.fixture
def tracking(database_url: str) -> Iterator[Bench]:
    """A service over a fresh database, workspaces ``one`` and ``two``."""
    database = Database(database_url)
    with database.write() as connection:
        metadata.create_all(connection)
        for row, name in ((1, "one"), (2, "two")):
            connection.execute(
                insert(workspaces).values(
                    id=row, name=name, document={}, created_by="t", updated_by="t", created_at=0, updated_at=0
                )
            )
    service = TrackingService(database, SystemClock())
    yield Bench(database, service, Caller(1, "one", "ann"), Caller(2, "two", "bob"))
    service.close()
    database.close()
