"""A million rows through a mini-batch job on a Ray cluster of two nodes, submitted to a real server.

The peer is the same job on one of the nodes, with as many workers. Every row is returned once with the node that had
it; rows are counted, their order is looked at, and their sums compared, so that none can be lost or doubled. With
``--kill`` the second node's crew host is killed half way in each round of the two nodes, and the same must hold.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from bench.harness import Table
from tests.support.cli import run_lapis
from tests.support.fetched import RAY
from tests.support.polling import eventually
from tests.support.ray_cluster import RayCluster
from tests.support.server import LapisServer, end_everything

ROWS = 1_000_000
_SCRIPT = """
import os

def run(mini_batch):
    return mini_batch.assign(node=os.environ["AZUREML_CR_NODE_RANK"])
"""
_DONE = ("Completed", "Failed", "Canceled")
_API = "/api/v1/workspaces/default"


class Rows:
    """A server, the cluster that is attached to it, and the table.

    Args:
        folder: empty; holds documents and answers.
        server: started.
        rows: how many.
    """

    def __init__(self, folder: Path, server: LapisServer, rows: int) -> None:
        self._folder = folder
        self._server = server
        self._rows = rows
        table = folder / "table"
        table.mkdir()
        values = pl.DataFrame({"n": range(rows)}).with_columns(value=pl.col("n").hash(0) % 1_000_003)
        values.write_csv(table / "rows.csv")
        (table / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n")
        (folder / "code").mkdir()
        (folder / "code" / "score.py").write_text(_SCRIPT)
        self._sum = int(values["value"].sum())

    def job(self, nodes: int, each: int, *, kill: Path | None = None) -> tuple[float, Counter[int]]:
        """Run the job; return rows a second of its running time, and how many each node had."""
        name = self._submit(nodes, each)
        if kill is not None:
            self._kill_half_way(name, kill)
        eventually(lambda: self._record(name)["status"] in _DONE, 1800, what=f"the end of {name}")
        record = self._record(name)
        assert record["status"] == "Completed", (record, self._log(name))
        shares = self._checked(name)
        return self._rows / self._seconds(name), shares

    def _submit(self, nodes: int, each: int) -> str:
        packages: list[Any] = [f"python={sys.version_info.major}.{sys.version_info.minor}", "pip", {"pip": ["pandas"]}]
        document = {
            "type": "parallel",
            "compute": "azureml:ray",
            "resources": {"instance_count": nodes},
            "inputs": {"data": {"type": "mltable", "path": "./table"}},
            "outputs": {"scored": {"type": "uri_file"}},
            "input_data": "${{inputs.data}}",
            "mini_batch_size": "100kb",
            "max_concurrency_per_instance": each,
            "mini_batch_error_threshold": 0,
            "error_threshold": 0,
            "retry_settings": {"max_retries": 2, "timeout": 60},
            "task": {
                "type": "run_function",
                "code": "./code",
                "entry_script": "score.py",
                "environment": {"image": "python", "conda_file": {"dependencies": packages}},
                "append_row_to": "${{outputs.scored}}",
            },
        }
        (self._folder / "job.yml").write_text(yaml.safe_dump(document))
        words = ("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv")
        return run_lapis(*words, home=self._server.home, cwd=self._folder, check=True, timeout=300).stdout.strip()

    def _record(self, name: str) -> dict[str, Any]:
        status, body = self._server.request("GET", f"{_API}/jobs/{name}")
        assert status == 200, body
        return dict(body)

    def _log(self, name: str) -> str:
        words = ("job", "stream", "--name", name)
        return run_lapis(*words, home=self._server.home, timeout=300).stdout[-3000:]

    def _seconds(self, name: str) -> float:
        """Return how long the driver ran, seconds: workers start, rows are read, sent, worked on and put together."""
        _status, body = self._server.request("GET", f"{_API}/jobs/{name}/events")
        at = {event["status"]: datetime.fromisoformat(event["at"]) for event in body["value"]}
        return (at.get("Finalizing", at["Completed"]) - at["Running"]).total_seconds()

    def _checked(self, name: str) -> Counter[int]:
        """Read what came back, and see that each row is there once, in its place."""
        got = self._folder / f"got-{name}"
        words = ("job", "download", "--name", name, "--output-name", "scored", "--download-path", str(got))
        run_lapis(*words, home=self._server.home, cwd=self._folder, check=True, timeout=600)
        (path,) = [path for path in got.rglob("*") if path.is_file()]
        found = pl.read_csv(path, separator=" ", has_header=False, new_columns=["n", "value", "node"])
        assert found.height == self._rows, found.height
        assert (found["n"] == pl.int_range(self._rows, eager=True)).all()
        assert found["value"].sum() == self._sum
        return Counter({int(node): count for node, count in found["node"].value_counts().iter_rows()})

    def _kill_half_way(self, name: str, cluster: Path) -> None:
        """Kill the second node's crew host once it works."""

        def look() -> bool:
            assert self._record(name)["status"] not in _DONE, "it was over before anything could be killed: more --rows"
            for pid in _with_command(b"lapisml.runner.parallel.host"):
                line = _read(pid, "cmdline")
                if os.fsencode(cluster) in line and name.encode() in line and len(_children(pid)) > 0:
                    if self._completed(name) < 20:
                        return False
                    os.kill(pid, signal.SIGKILL)
                    return True
            return False

        eventually(look, 1800, what="a crew host at work")

    def _completed(self, name: str) -> float:
        _status, body = self._server.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
        metrics = {point["key"]: point["value"] for point in body["run"]["data"].get("metrics", ())}
        return float(metrics.get("minibatches_completed", 0))


def _with_command(mark: bytes) -> list[int]:
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if mark in _read(pid, "cmdline")]


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def _children(pid: int) -> list[bytes]:
    return _read(pid, f"task/{pid}/children").split()


def main() -> int:
    """Print the table; return how many rows missed their target."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count, each side once a round")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--kill", action="store_true", help="kill the second node's crew host while it works")
    asked = parser.parse_args()
    cluster = RayCluster()
    table = Table("Ray rows", "one node, two workers", ("polars", "pandas"), asked.rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        folder = Path(name)
        server = LapisServer(folder / "home").start()
        try:
            cluster.start(cpus=1)
            cluster.join("n1", cpus=1)
            document = {"name": "ray", "type": "ray", "address": cluster.address}
            status, body = server.request("PUT", f"{_API}/computes/ray", document)
            assert status == 200, body
            work = folder / "work"
            work.mkdir()
            rows = Rows(work, server, asked.rows)
            _measure(table, rows, asked.rounds, cluster.folder if asked.kill else None)
        finally:
            server.stop()
            end_everything(server.home)
            cluster.stop()
    return table.finish()


def _measure(table: Table, rows: Rows, rounds: int, kill: Path | None) -> None:
    one: list[float] = []
    two: list[float] = []
    shares: Counter[int] = Counter()
    rows.job(2, 1)  # environments and tools are made on both nodes
    for _round in range(rounds):
        one.append(rows.job(1, 2)[0])
        figure, had = rows.job(2, 1, kill=kill)
        two.append(figure)
        shares.update(had)
    parts = ", ".join(f"node {node} had {count / sum(shares.values()):.0%}" for node, count in sorted(shares.items()))
    note = f"Ray {RAY}; {parts}; each row was counted once in every round"
    what = "rows on two nodes with a worker each" + (", one crew host killed" if kill else "")
    table.add(what, "rows/s", "higher", one, two, note=note)


if __name__ == "__main__":
    sys.exit(main())
