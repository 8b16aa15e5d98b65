"""A million rows through an MLflow model without code, from CSV and from Parquet, beside three peers."""

from __future__ import annotations

import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import psutil
from mlflow.models import infer_signature
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from bench.batch_peers import in_memory, mlflow_predict, ray_data
from bench.harness import Table, rounds_from_arguments, seconds
from lapisml.backends.compute.local import LocalProcesses
from lapisml.ports.launch import ParallelSpec
from lapisml.testing.compute_bench import Bench
from tests.support.data import real_diabetes_csv, write_stand_in
from tests.support.server import end_everything

ROWS = 1_000_000
WORKERS = 2
TREES = 100
FASTEST = 800_000
"""Rows a second that the regression must reach."""
TIMES = 10
"""How much longer the input is of which the memory is compared."""


class Scoring:
    """Models, files with rows for them, and the job that brings them together.

    Args:
        folder: empty; holds everything.
    """

    def __init__(self, folder: Path) -> None:
        self._bench = Bench(lambda: LocalProcesses(folder), folder)
        self._folder = folder
        csv = real_diabetes_csv() or write_stand_in(folder / "diabetes.csv")
        data = pd.read_csv(csv)
        features = data.drop(columns=[c for c in ("PatientID", "Diabetic") if c in data]).astype("float64").iloc[:, :8]
        self.estimators = {
            "regression": make_pipeline(StandardScaler(), LogisticRegression()).fit(features, data["Diabetic"]),
            "forest": RandomForestClassifier(TREES, random_state=0, n_jobs=1).fit(features, data["Diabetic"]),
        }
        for name, estimator in self.estimators.items():
            self.model(name).parent.mkdir(parents=True, exist_ok=True)
            signature = infer_signature(features, estimator.predict(features))
            mlflow.sklearn.save_model(
                estimator, self.model(name), signature=signature, serialization_format="cloudpickle"
            )
        self.rows = pd.concat([features] * (ROWS // len(features) + 1), ignore_index=True).head(ROWS)
        for file in ("rows.csv", "rows.parquet"):
            self.file(file).parent.mkdir(parents=True, exist_ok=True)
        self.rows.to_csv(self.file("rows.csv"), index=False)
        self.rows.to_parquet(self.file("rows.parquet"))

    def model(self, name: str) -> Path:
        """Give the folder of a model."""
        return self._bench.stored(f"model-{name}")

    def file(self, name: str) -> Path:
        """Give the place of a file with rows, alone in its folder."""
        return self._bench.stored(f"input-{name}") / name

    def longer(self) -> str:
        """Make a CSV file of ten times the rows and give its name."""
        name = "longer.csv"
        self.file(name).parent.mkdir(parents=True, exist_ok=True)
        lines = self.file("rows.csv").read_bytes()
        head, _, body = lines.partition(b"\n")
        with self.file(name).open("wb") as out:
            out.write(head + b"\n")
            for _ in range(TIMES):
                out.write(body)
        return name

    def job(self, model: str, file: str, rows: int = ROWS) -> tuple[float, float]:
        """Score a file; seconds from submit to end, and from the first mini-batch to the last."""
        launch = self._launch(model, file)

        def run() -> None:
            course = self._bench.follow(self._bench.backend.submit(launch), timeout=900)
            assert course.exit.reason_code == "Succeeded", course.exit

        whole = seconds(run)
        scored = self._bench.stored("score") / "predictions.csv"
        with scored.open("rb") as lines:
            assert sum(1 for _ in lines) == rows
        shutil.rmtree(scored.parent)
        log = (Path(launch.artifacts.location["path"]) / "user_logs" / "std_log.txt").read_text()
        found = re.search(r"rows were scored in (\S+) s", log)
        assert found is not None, log
        return whole, float(found[1])

    def memory(self, model: str, file: str, rows: int) -> float:
        """Score a file; the most memory that driver and workers had together, MB."""
        most, done = [0.0], threading.Event()

        def watch() -> None:
            while not done.is_set():
                most[0] = max(most[0], _resident(str(self._folder)))
                time.sleep(0.05)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            self.job(model, file, rows)
        finally:
            done.set()
            thread.join()
        return most[0]

    def _launch(self, model: str, file: str) -> Any:
        spec = ParallelSpec(
            "", "data", append_row_to="score", mini_batch_size=10, concurrency=WORKERS, timeout_s=300, by_model=True,
            model="model", model_name="model", program_arguments="--append_row_file_name predictions.csv",
        )  # fmt: skip
        return self._bench.spec(
            "",
            parallel=spec,
            inputs={
                "data": self._bench.input(f"input-{file}", "uri_folder"),
                "model": self._bench.input(f"model-{model}", "mlflow_model"),
            },
            outputs={"score": self._bench.output("score", "uri_folder")},
        )


def _resident(folder: str) -> float:
    """Give the memory of the driver and its workers, MB; pages that they share count once for each."""
    total = 0
    for process in psutil.process_iter(["cmdline", "memory_info"]):
        words = process.info["cmdline"] or []
        if any(word.startswith(folder) and word.endswith("parallel.json") for word in words):
            total += process.info["memory_info"].rss
    return total / 1e6


def _compare(table: Table, scoring: Scoring, rounds: int) -> None:
    for file in ("rows.csv", "rows.parquet"):
        kind = file.rpartition(".")[2].upper()
        for model in ("regression", "forest"):
            memory: list[float] = []
            ours: list[float] = []
            whole: list[float] = []
            for _ in range(rounds):
                memory.append(ROWS / in_memory(scoring.estimators[model], scoring.rows))
                total, steady = scoring.job(model, file)
                ours.append(ROWS / steady)
                whole.append(ROWS / total)
            what = f"{model}, {ROWS:,} rows of {kind}, {WORKERS} workers"
            forest = model == "forest"
            note = "first mini-batch to last, reading and writing included; the peer predicts what lies in memory"
            table.add(
                f"{what}: scoring", "rows/s", "higher", memory, ours,
                target=0.8 if forest else None, limit=None if forest else FASTEST, note=note,
            )  # fmt: skip
            table.add(
                f"{what}: the whole job", "rows/s", "higher", [], whole, note="starts of Python and loads included"
            )


def _compare_tools(table: Table, scoring: Scoring, rounds: int, folder: Path) -> None:
    """Compare with tools that read, score and write files as we do."""
    model = scoring.model("regression")
    by_mlflow: list[float] = []
    by_ray: list[float] = []
    by_ray_whole: list[float] = []
    ours: list[float] = []
    whole: list[float] = []
    for number in range(rounds):
        csv = scoring.file("rows.csv")
        by_mlflow.append(ROWS / mlflow_predict(model, csv, folder / "mlflow.json"))
        steady, total = ray_data(model, csv, folder / f"ray-{number}")
        by_ray.append(ROWS / steady)
        by_ray_whole.append(ROWS / total)
        total, steady = scoring.job("regression", "rows.csv")
        whole.append(ROWS / total)
        ours.append(ROWS / steady)
    what = f"regression, {ROWS:,} rows of CSV"
    note = "from first row to last on both sides, without starting processes"
    table.add(f"{what}, beside Ray Data: scoring", "rows/s", "higher", by_ray, ours, target=6, note=note)
    table.add(f"{what}, beside Ray Data: all", "rows/s", "higher", by_ray_whole, whole)
    note = "all: `mlflow models predict --env-manager local`; starts of Python included on both sides"
    table.add(f"{what}, beside mlflow models predict: all", "rows/s", "higher", by_mlflow, whole, note=note)
    note = "what it takes beyond starting: its own time less that of a file with ten rows"
    start = mlflow_predict(model, _ten_rows(scoring), folder / "mlflow.json")
    without = [ROWS / max(0.001, ROWS / figure - start) for figure in by_mlflow]
    table.add(f"{what}, beside mlflow models predict: scoring", "rows/s", "higher", without, ours, target=6, note=note)


def _ten_rows(scoring: Scoring) -> Path:
    file = scoring.file("ten.csv")
    file.parent.mkdir(parents=True, exist_ok=True)
    scoring.rows.head(10).to_csv(file, index=False)
    return file


def main() -> int:
    """Print the table; return how many rows missed their target."""
    rounds = rounds_from_arguments(3)
    table = Table("Batch scoring", "peer", ("scikit-learn", "polars", "pandas", "mlflow"), rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        folder = Path(name)
        scoring = Scoring(folder)
        try:
            scoring.job("regression", "rows.csv")
            _compare(table, scoring, rounds)
            _compare_tools(table, scoring, rounds, folder)
            short = [scoring.memory("regression", "rows.csv", ROWS) for _ in range(rounds)]
            longer = [scoring.memory("regression", scoring.longer(), ROWS * TIMES)]
            limit = round(1.15 * statistics.median(short))
            note = f"driver and workers together; the limit is 1.15 × the {statistics.median(short):.0f} MB of a tenth"
            table.add(f"most memory with {ROWS * TIMES:,} rows", "MB", "lower", [], longer, limit=limit, note=note)
        finally:
            end_everything(folder)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
