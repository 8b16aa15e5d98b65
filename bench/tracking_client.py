"""The stock MLflow client in a process of its own, told what to do line by line on standard input.

Each line is a JSON object ``{"do": name, …}``; the answer is one JSON line with the figures.
"""

from __future__ import annotations

import contextlib
import json
import logging
import statistics
import sys
import time
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

logging.getLogger("mlflow").setLevel(logging.ERROR)


class Client:
    """One process of a training script, seen from the client's side."""

    def __init__(self) -> None:
        self._client = MlflowClient()
        self._run = ""
        self._step = 0

    def new_run(self, experiment: str = "0") -> dict[str, Any]:
        self._run = self._client.create_run(experiment).info.run_id
        return {"run_id": self._run}

    def log_metric(self, calls: int) -> dict[str, Any]:
        """Log `calls` points one by one; calls per second and the median of a call, ms."""
        times = []
        for _ in range(calls):
            self._step += 1
            begin = time.perf_counter()
            self._client.log_metric(self._run, "loss", 0.5, step=self._step)
            times.append(time.perf_counter() - begin)
        return {"per_second": calls / sum(times), "p50_ms": statistics.median(times) * 1000, "calls": calls}

    def log_batch(self, batches: int, size: int = 1000) -> dict[str, Any]:
        """Log batches of `size` points; points per second."""
        now, took = int(time.time() * 1000), 0.0
        for _ in range(batches):
            points = [Metric(f"m{i % 10}", 0.25, now, self._step + i) for i in range(size)]
            self._step += size
            begin = time.perf_counter()
            self._client.log_batch(self._run, metrics=points)
            took += time.perf_counter() - begin
        return {"per_second": batches * size / took}

    def runs(self, count: int, experiment: str = "0") -> dict[str, Any]:
        """Create a run, log five parameters (one call), end it; runs per second."""
        begin = time.perf_counter()
        for number in range(count):
            run = self._client.create_run(experiment)
            params = [Param(f"p{i}", str(number)) for i in range(5)]
            self._client.log_batch(run.info.run_id, params=params)
            self._client.set_terminated(run.info.run_id)
        return {"per_second": count / (time.perf_counter() - begin)}

    def fluent_runs(self, count: int) -> dict[str, Any]:
        """Do the same as a script does: ``start_run``, ``log_params``, the end of the block; runs per second."""
        begin = time.perf_counter()
        for number in range(count):
            with mlflow.start_run():
                mlflow.log_params({f"p{i}": number for i in range(5)})
        return {"per_second": count / (time.perf_counter() - begin)}

    def search(self, experiment: str, order_by: str = "") -> dict[str, Any]:
        """Search the first 1,000 runs; seconds."""
        begin = time.perf_counter()
        found = self._client.search_runs([experiment], order_by=[order_by] if order_by else None, max_results=1000)
        took = time.perf_counter() - begin
        assert len(found) == 1000, len(found)
        return {"seconds": took, "first": found[0].data.metrics.get("acc")}

    def history(self, run_id: str, points: int) -> dict[str, Any]:
        """Read the history of a metric; seconds."""
        begin = time.perf_counter()
        found = self._client.get_metric_history(run_id, "loss")
        took = time.perf_counter() - begin
        assert len(found) == points, len(found)
        return {"seconds": took}


def main() -> None:
    client = Client()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        with contextlib.redirect_stdout(sys.stderr):
            answer = getattr(client, order.pop("do"))(**order)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
