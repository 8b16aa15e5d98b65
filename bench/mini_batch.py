"""A mini-batch job that scores a million rows with a forest, beside scikit-learn's own predict in memory."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from sklearn.ensemble import RandomForestClassifier

from bench.harness import Table, rounds_from_arguments, seconds
from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.ports.launch import CodeSpec, ParallelSpec
from lapisml.testing.compute_bench import Bench
from tests.support.data import real_diabetes_csv, write_stand_in
from tests.support.server import end_everything

ROWS = 1_000_000
WORKERS = 2
TREES = 100
SIZES = (1 << 20, 1 << 22)
"""Bytes of a mini-batch: the default, about 20,000 rows, and 80,000, at which a call costs little."""
MANY = 1_000
"""Mini-batches in the row about what each adds."""

_SCORE = """
import pickle, sys, time

def init():
    global model
    with open(sys.argv[1], "rb") as file:
        model = pickle.load(file)

def run(mini_batch):
    begin = time.time()
    found = model.predict(mini_batch)
    print("scored", begin, time.time(), flush=True)
    return found
"""
_NOTHING = "def run(mini_batch):\n    return mini_batch\n"


class Scoring:
    """A forest, rows for it, and the two ways to bring them together.

    Args:
        folder: empty; holds everything.
        rows: how many rows.
    """

    def __init__(self, folder: Path, rows: int) -> None:
        self._bench = Bench(lambda: LocalProcesses(folder), folder)
        csv = real_diabetes_csv() or write_stand_in(folder / "diabetes.csv")
        data = pd.read_csv(csv)
        features = data.drop(columns=[c for c in ("PatientID", "Diabetic") if c in data]).astype("float64").iloc[:, :8]
        self._model = RandomForestClassifier(TREES, random_state=0, n_jobs=1).fit(features, data["Diabetic"])
        self.rows = pd.concat([features] * (rows // len(features) + 1), ignore_index=True).head(rows)
        self._model_file = folder / "model.pkl"
        self._model_file.write_bytes(pickle.dumps(self._model))
        table = self._bench.stored("table")
        table.mkdir(parents=True)
        self.rows.to_csv(table / "rows.csv", index=False)
        (table / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n")
        files = self._bench.stored("files")
        files.mkdir()
        for number in range(MANY):
            (files / f"{number:05}").touch()

    def in_memory(self) -> float:
        """Predict with two threads; seconds."""
        self._model.n_jobs = WORKERS
        return seconds(lambda: self._model.predict(self.rows))

    def job(self, size: int) -> tuple[float, float]:
        """Run the job with mini-batches of `size` bytes; seconds from submit to end, and from the first to the last."""
        arguments = {"program_arguments": str(self._model_file), "mini_batch_size": size, "in_bytes": True}
        whole, logs = self._run(_SCORE, "table", "mltable", **arguments)
        times = [float(word) for log in logs for found in re.findall(r"scored (\S+) (\S+)", log) for word in found]
        scored = self._bench.stored("scored").read_text().splitlines()
        assert len(scored) == len(self.rows), len(scored)
        return whole, max(times) - min(times)

    def added(self) -> float:
        """Milliseconds that each mini-batch costs beside its work, with one worker."""
        few, _logs = self._run(_NOTHING, "files", "uri_folder", mini_batch_size=MANY, concurrency=1)
        many, _logs = self._run(_NOTHING, "files", "uri_folder", mini_batch_size=1, concurrency=1)
        return 1000 * (many - few) / (MANY - 1)

    def _run(self, script: str, data: str, kind: str, **asked: Any) -> tuple[float, list[str]]:
        spec = ParallelSpec("score.py", "data", append_row_to="scored", **{"concurrency": WORKERS, **asked})
        launch = self._bench.spec(
            "", parallel=spec, code=self._code(script), inputs={"data": self._bench.input(data, kind)},
            outputs={"scored": self._bench.output("scored", "uri_file")},
        )  # fmt: skip

        def run() -> None:
            course = self._bench.follow(self._bench.backend.submit(launch), timeout=600)
            assert course.exit.reason_code == "Succeeded", course.exit

        taken = seconds(run)
        logs = Path(launch.artifacts.location["path"]).glob("user_logs/std_log_process_*.txt")
        return taken, [log.read_text() for log in logs]

    def _code(self, script: str) -> CodeSpec:
        root, content = str(self._bench.home / "snapshots"), script.encode()
        sha = hashlib.sha256(content).hexdigest()
        manifest = Manifest.of([ManifestFile("score.py", len(content), sha, "644")])
        text = json.dumps(manifest.to_dict()).encode()
        for place, what in ((blob_path(root, sha), content), (manifest_path(root, manifest.digest()), text)):
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            Path(place).write_bytes(what)
        return CodeSpec(manifest.digest(), root)


def _compare(table: Table, scoring: Scoring, rounds: int) -> None:
    """Score with each size of mini-batches, beside the peer."""
    peer: list[float] = []
    steady: dict[int, list[float]] = {size: [] for size in SIZES}
    whole: dict[int, list[float]] = {size: [] for size in SIZES}
    for _round in range(rounds):
        peer.append(ROWS / scoring.in_memory())
        for size in SIZES:
            total, scored = scoring.job(size)
            whole[size].append(ROWS / total)
            steady[size].append(ROWS / scored)
    for size in SIZES:
        what = f"{ROWS:,} rows, {TREES} trees, {WORKERS} workers, {size >> 20} MiB each"
        note = "from the first mini-batch to the last; reading the CSV goes on meanwhile"
        table.add(f"{what}, scoring", "rows/s", "higher", peer, steady[size], target=0.8, note=note)
        note = "from submit to Completed: starting Python twice, importing scikit-learn, loading the model too"
        table.add(f"{what}, the whole job", "rows/s", "higher", peer, whole[size], note=note)


def main() -> int:
    """Print the table; return how many rows missed their target."""
    rounds = rounds_from_arguments(3)
    table = Table("Mini-batch scoring", "scikit-learn, two threads", ("scikit-learn", "polars", "pandas"), rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        folder = Path(name)
        scoring = Scoring(folder, ROWS)
        try:
            scoring.job(SIZES[0])
            _compare(table, scoring, rounds)
            table.compare("what each mini-batch adds", ours=scoring.added, unit="ms", limit=5, warm=False)
        finally:
            end_everything(folder)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
