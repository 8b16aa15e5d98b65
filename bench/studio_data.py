"""The same years of a team's work for Studio and for MLflow's page, put straight into their databases."""

from __future__ import annotations

import math
import random
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

from tests.support.many_runs import METRICS, Course, add_courses, add_runs

COMPARED, CURVE_STEPS = 100, 200
_ROWS_AT_ONCE = 50_000
_MODELS = ("tree", "forest", "linear")


@dataclass(frozen=True)
class Filled:
    """Where the data is.

    Attributes:
        experiment: the id of the experiment that holds all.
        long_run: id of the run with the long curve.
        compared: ids of the runs with curves.
    """

    experiment: str
    long_run: str
    compared: list[str]


def long_curve(points: int) -> list[float]:
    """A loss with noise that falls."""
    chance = random.Random(1)
    return [math.exp(-3 * step / points) + chance.gauss(0, 0.02) for step in range(points)]


def curves(run: int) -> dict[str, list[float]]:
    """Twenty metrics of some steps."""
    chance = random.Random(run)
    return {key: [chance.random() + step / CURVE_STEPS for step in range(CURVE_STEPS)] for key in METRICS}


def fill_lapis(database_url: str, runs: int, points: int) -> Filled:
    """Fill the database of a stopped Lapis server, workspace ``default``."""
    now = int(time.time() * 1000)
    add_runs(database_url, runs, "bench", now - 3_600_000)
    names = [f"compared-{number}" for number in range(COMPARED)]
    courses = [Course(name, {"rate": str(number)}, curves(number)) for number, name in enumerate(names)]
    add_courses(database_url, [*courses, Course("long", {}, {"loss": long_curve(points)})], "bench", now)
    return Filled("bench", "long", names)


def fill_mlflow(database_url: str, runs: int, points: int) -> Filled:
    """Fill the database of an MLflow server."""
    engine = sa.create_engine(database_url)
    tables = sa.MetaData()
    tables.reflect(engine)
    now = int(time.time() * 1000)
    with engine.begin() as connection:
        store = _Store(connection, tables, now)
        chance = random.Random(7)
        ids = [store.run_id() for _ in range(runs)]
        store.add("runs", (store.run(run, f"bench-{n}", now - (runs - n) * 1000) for n, run in enumerate(ids)))
        store.add("tags", (_pair(run, "mlflow.runName", f"bench-{n}") for n, run in enumerate(ids)))
        store.add("params", (_pair(run, k, v) for n, run in enumerate(ids) for k, v in _params(n, chance)))
        values = [(run, key, chance.random()) for run in ids for key in METRICS]
        for table in ("metrics", "latest_metrics"):
            store.add(table, (_point(run, key, value, now, 0) for run, key, value in values))
        compared = [store.add_course(f"compared-{number}", curves(number), now) for number in range(COMPARED)]
        long_run = store.add_course("long", {"loss": long_curve(points)}, now + 1000)
        experiment = str(store.experiment)
    engine.dispose()
    return Filled(experiment, long_run, compared)


class _Store:
    """The tables of MLflow within one transaction."""

    def __init__(self, connection: sa.Connection, tables: sa.MetaData, now: int) -> None:
        self._connection = connection
        self._tables = tables.tables
        values = {
            "name": "bench", "artifact_location": "mlflow-artifacts:/9", "lifecycle_stage": "active",
            "creation_time": now, "last_update_time": now,
        }  # fmt: skip
        if "workspace" in self._tables["experiments"].c:
            values["workspace"] = "default"
        made = connection.execute(sa.insert(self._tables["experiments"]).values(values)).inserted_primary_key
        self.experiment = made[0] if made else 0

    @staticmethod
    def run_id() -> str:
        """A new id."""
        return uuid.uuid4().hex

    def add(self, table: str, rows: Iterable[dict[str, Any]]) -> None:
        """Insert rows, many at once."""
        waiting: Iterator[dict[str, Any]] = iter(rows)
        while part := list(islice(waiting, _ROWS_AT_ONCE)):
            self._connection.execute(sa.insert(self._tables[table]), part)

    def add_course(self, name: str, metrics: dict[str, list[float]], start: int) -> str:
        """Insert a run with curves and return its id."""
        run = self.run_id()
        self.add("runs", [self.run(run, name, start)])
        self.add("tags", [_pair(run, "mlflow.runName", name)])
        for key, values in metrics.items():
            self.add("metrics", (_point(run, key, value, start + s, s) for s, value in enumerate(values)))
            last = len(values) - 1
            self.add("latest_metrics", [_point(run, key, values[last], start + last, last)])
        return run

    def run(self, run: str, name: str, start: int) -> dict[str, Any]:
        """The row of a run."""
        return {
            "run_uuid": run, "name": name, "source_type": "UNKNOWN", "source_name": "", "entry_point_name": "",
            "user_id": "bench", "status": "FINISHED", "start_time": start, "end_time": start + 60_000,
            "deleted_time": None, "source_version": "", "lifecycle_stage": "active",
            "artifact_uri": f"mlflow-artifacts:/9/{run}/artifacts", "experiment_id": self.experiment,
        }  # fmt: skip


def _pair(run: str, key: str, value: str) -> dict[str, Any]:
    return {"run_uuid": run, "key": key, "value": value}


def _params(number: int, chance: random.Random) -> list[tuple[str, str]]:
    return [
        ("model", _MODELS[number % 3]), ("depth", str(number % 12)), ("rate", f"{10 ** -chance.uniform(1, 5):.6f}"),
    ]  # fmt: skip


def _point(run: str, key: str, value: float, at: int, step: int) -> dict[str, Any]:
    return {"run_uuid": run, "key": key, "value": value, "timestamp": at, "step": step, "is_nan": False}
