"""The same data for both servers, put straight into their databases: 10,000 runs and one long history."""

from __future__ import annotations

import random
import time
import uuid
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from lapisml.core.clock import SystemClock
from lapisml.server.features.tracking.records import Caller, LogEntry, Point
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.platform.database import Database

RUNS = 10_000
POINTS = 100_000
_METRICS = ("acc", "loss", "auc")


@dataclass(frozen=True)
class Filled:
    """Where the data is: the experiment of the runs, and the run with the long history."""

    experiment: str
    long_run: str


def fill_lapis(database_url: str) -> Filled:
    """Fill the database of a stopped Lapis server, workspace ``default``."""
    database = Database(database_url)
    tracking = TrackingService(database, SystemClock())
    with database.read() as connection:
        row = connection.execute(sa.text("SELECT id FROM workspaces WHERE name = 'default'")).scalar_one()
    caller = Caller(int(row), "default", "bench")
    experiment = tracking.experiments.create(caller, "bench")
    for number, values in enumerate(_values()):
        run = tracking.runs.create(caller, experiment, name=f"run{number}", tags=_tags(number), start_time=number)
        points = [Point(key, value, 1, 0) for key, value in zip(_METRICS, values, strict=True)]
        tracking.runs.log_and_wait(LogEntry(caller, run.info.run_id, points, _params(number)))
    long_run = tracking.runs.create(caller, "0").info.run_id
    for begin in range(0, POINTS, 1000):
        points = [Point("loss", 1 / (step + 1), step, step) for step in range(begin, begin + 1000)]
        tracking.runs.log_and_wait(LogEntry(caller, long_run, points))
    tracking.close()
    database.close()
    return Filled(experiment, long_run)


def fill_mlflow(database_url: str) -> Filled:
    """Fill the database of an MLflow server."""
    engine = sa.create_engine(database_url)
    tables = sa.MetaData()
    tables.reflect(engine)
    get = tables.tables.__getitem__
    now = int(time.time() * 1000)
    with engine.begin() as connection:
        experiment = connection.execute(
            sa.insert(get("experiments")).values(
                name="bench", artifact_location="mlflow-artifacts:/9", lifecycle_stage="active",
                creation_time=now, last_update_time=now,
                **({"workspace": "default"} if "workspace" in get("experiments").c else {}),
            )
        ).inserted_primary_key[0]  # fmt: skip
        rows: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("runs", "tags", "params", "metrics", "latest_metrics")
        }
        for number, values in enumerate(_values()):
            _add_run(rows, experiment, number, f"run{number}")
            run = rows["runs"][-1]["run_uuid"]
            rows["tags"] += [{"run_uuid": run, "key": k, "value": v} for k, v in _tags(number).items()]
            rows["tags"].append({"run_uuid": run, "key": "mlflow.runName", "value": f"run{number}"})
            rows["params"] += [{"run_uuid": run, "key": k, "value": v} for k, v in _params(number)]
            for key, value in zip(_METRICS, values, strict=True):
                point = {"run_uuid": run, "key": key, "value": value, "timestamp": 1, "step": 0, "is_nan": False}
                rows["metrics"].append(point)
                rows["latest_metrics"].append(point)
        _add_run(rows, 0, 0, "long")
        long_run: str = rows["runs"][-1]["run_uuid"]
        rows["metrics"] += [
            {
                "run_uuid": long_run,
                "key": "loss",
                "value": 1 / (step + 1),
                "timestamp": step,
                "step": step,
                "is_nan": False,
            }
            for step in range(POINTS)
        ]
        for name, many in rows.items():
            connection.execute(sa.insert(get(name)), many)
    engine.dispose()
    return Filled(str(experiment), long_run)


def _add_run(rows: dict[str, list[dict[str, Any]]], experiment: int, start: int, name: str) -> None:
    run = uuid.uuid4().hex
    rows["runs"].append(
        {
            "run_uuid": run, "name": name, "source_type": "UNKNOWN", "source_name": "", "entry_point_name": "",
            "user_id": "bench", "status": "RUNNING", "start_time": start, "deleted_time": None, "source_version": "",
            "lifecycle_stage": "active", "artifact_uri": f"mlflow-artifacts:/9/{run}/artifacts",
            "experiment_id": experiment,
        }
    )  # fmt: skip


def _values() -> list[tuple[float, ...]]:
    chance = random.Random(7)
    return [tuple(chance.random() for _ in _METRICS) for _ in range(RUNS)]


def _params(number: int) -> list[tuple[str, str]]:
    return [(f"p{i}", f"{number % (i + 2)}") for i in range(5)]


def _tags(number: int) -> dict[str, str]:
    return {
        "mlflow.user": "bench",
        "mlflow.source.name": "train.py",
        "mlflow.source.type": "LOCAL",
        "team": f"t{number % 5}",
    }
