"""Other ways to score a file with an MLflow model: in memory, MLflow's command, Ray Data."""

from __future__ import annotations

import os
import subprocess
from importlib.metadata import version
from pathlib import Path

from bench.harness import BIN, peer_python, seconds

CORES = 2

_RAY = """
import sys, time
import mlflow, numpy as np, ray

model, data, out, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)

class Scorer:
    def __init__(self):
        self._model = mlflow.sklearn.load_model(model)

    def __call__(self, rows):
        rows["prediction"] = self._model.predict(rows)
        return rows[["prediction"]]

read = ray.data.read_parquet if data.endswith(".parquet") else ray.data.read_csv
begin = time.perf_counter()
# two actors of half a core each: with a whole one each, nothing is left for reading, and Ray waits for ever
rows = read(data).map_batches(Scorer, concurrency=2, num_cpus=0.5, batch_size=size, batch_format="pandas")
rows.write_csv(out)
print("seconds", time.perf_counter() - begin)
"""


def in_memory(estimator: object, rows: object) -> float:
    """Predict with two threads what lies in memory already; seconds."""
    if hasattr(estimator, "n_jobs"):
        estimator.n_jobs = CORES
    return seconds(lambda: estimator.predict(rows))  # type: ignore[attr-defined]


def mlflow_predict(model: Path, csv: Path, out: Path) -> float:
    """Let ``mlflow models predict`` read a CSV file, score it and write JSON; seconds of the whole command.

    Its interpreter is ours, so no environment is made.
    """
    words = [
        "models",
        "predict",
        "-m",
        str(model),
        "-i",
        str(csv),
        "-o",
        str(out),
        "-t",
        "csv",
        "--env-manager",
        "local",
    ]
    env = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    return seconds(lambda: subprocess.run([BIN / "mlflow", *words], check=True, capture_output=True, env=env))


def ray_data(model: Path, data: Path, out: Path, batch: int = 50_000) -> tuple[float, float]:
    """Let Ray Data read, score with two actors and write CSV; seconds of the pipeline, and of the whole program."""
    names = ("scikit-learn", "pandas", "mlflow", "numpy")
    python = peer_python("batch-ray", "ray[data]", *(f"{name}=={version(name)}" for name in names))
    found = []

    def run() -> None:
        words = [str(python), "-c", _RAY, str(model), str(data), str(out), str(batch)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        found.append(float(done.stdout.rpartition("seconds ")[2]))

    whole = seconds(run)
    return found[0], whole
