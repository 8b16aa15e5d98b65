"""Tracking with the stock MLflow client: ``mlflow server`` in its fastest configuration, Lapis, and the client alone.

``python -m bench.tracking`` measures on SQLite, ``--database postgresql://…/name`` on PostgreSQL: two databases,
``name_peer`` and ``name_lapis``, are made there anew. The peer runs with one worker and without its job runner;
with several workers each of its answers waits 40 ms for the client's delayed acknowledgement.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import sqlalchemy as sa

from bench.harness import BIN, Row, Table, ending, seconds
from bench.tracking_data import POINTS, Filled, fill_lapis, fill_mlflow
from tests.support.polling import eventually
from tests.support.processes import clean_environment, free_port
from tests.support.server import LapisServer, end_everything

PROCESSES = 4
CALLS = 300


class ClientProcess:
    """The stock client in a process of its own."""

    def __init__(self, uri: str, token: str = "") -> None:
        env = clean_environment(
            MLFLOW_TRACKING_URI=uri, MLFLOW_DISABLE_TELEMETRY="true", MLFLOW_ENABLE_ASYNC_LOGGING="false",
            **({"MLFLOW_TRACKING_TOKEN": token} if token else {}),
        )  # fmt: skip
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.tracking_client"], env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._read()

    def do(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Have one thing done and return its figures."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": what, **arguments}) + "\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client ended with {self._process.wait()}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@dataclass
class Side:
    """A server with its data and the clients that talk to it."""

    uri: str
    token: str
    filled: Filled
    clients: list[ClientProcess] = field(default_factory=list)

    def __post_init__(self) -> None:
        with ThreadPoolExecutor(PROCESSES) as pool:
            self.clients = list(pool.map(lambda _: ClientProcess(self.uri, self.token), range(PROCESSES)))
        for client in self.clients:
            client.do("new_run")

    def figure(self, name: str, what: str, **arguments: Any) -> float:
        """Have the first client do something and return one of its figures."""
        return float(self.clients[0].do(what, **arguments)[name])

    def together(self, calls: int) -> float:
        """Let every client log at once; calls per second of all."""
        begin = time.perf_counter()
        with ThreadPoolExecutor(PROCESSES) as pool:
            list(pool.map(lambda client: client.do("log_metric", calls=calls), self.clients))
        return PROCESSES * calls / (time.perf_counter() - begin)

    def end(self) -> None:
        """End the clients."""
        for client in self.clients:
            client.end()


class FloorTable(Table):
    """A table that also shows the client against a server that answers at once, and what ratio that allows."""

    def with_floor(self, row: Row, floor: list[float]) -> None:
        """Note the client's own figures for a row."""
        self._floors = {**getattr(self, "_floors", {}), row.what: (row, floor)}

    def markdown(self) -> str:
        """Return the table with the client's figure behind ours, and the greatest possible ratio behind the ratio."""
        return "\n".join(self._widened(line) for line in super().markdown().split("\n"))

    def _widened(self, line: str) -> str:
        cells = line.split(" | ")
        if line.startswith("| what"):
            cells[3:4] = ["client alone", "ratio", "at most"]
        elif line.startswith("|---"):
            return line + "---|---|"
        elif line.startswith("| "):
            alone, most = self._limits(cells[0].removeprefix("| "))
            cells[3:4] = [alone, cells[3], most]
        return " | ".join(cells)

    def _limits(self, what: str) -> list[str]:
        """Return the client's own figure and the ratio that a server without cost would reach."""
        row, floor = getattr(self, "_floors", {}).get(what, (None, []))
        if row is None or not floor or not row.peer:
            return ["", ""]
        alone, peer = statistics.median(floor), statistics.median(row.peer)
        return [f"{alone:,.1f} {row.unit}", f"{max(alone, peer) / min(alone, peer):.1f}×"]


def measure(table: FloorTable, peer: Side, ours: Side, floor: Side) -> None:
    """Measure every row, the three in turns."""

    def compare(
        what: str,
        unit: str,
        better: Any,
        target: float | None,
        work: Callable[[Side], float],
        rounds: int | None = None,
    ) -> None:
        alone: list[float] = []

        def us() -> float:
            alone.append(work(floor))
            return work(ours)

        row = table.compare(
            what, peer=lambda: work(peer), ours=us, unit=unit, better=better, target=target, rounds=rounds
        )
        table.with_floor(row, alone[1:])

    compare("log_metric", "/s", "higher", 5, lambda s: s.figure("per_second", "log_metric", calls=CALLS))
    compare(
        "log_metric, median of a call", "ms", "lower", None, lambda s: s.figure("p50_ms", "log_metric", calls=CALLS)
    )
    compare(f"log_metric, {PROCESSES} processes at once", "/s", "higher", None, lambda s: s.together(CALLS // 2))
    compare("log_batch of 1,000, metrics", "/s", "higher", 6, lambda s: s.figure("per_second", "log_batch", batches=5))
    compare("create run, 5 params, end: runs", "/s", "higher", 8, lambda s: s.figure("per_second", "runs", count=30))
    compare(
        "the same with the fluent API", "/s", "higher", None, lambda s: s.figure("per_second", "fluent_runs", count=20)
    )
    compare(
        "search 10,000 runs by a metric, first 1,000", "s", "lower", 15,
        lambda s: s.figure("seconds", "search", experiment=s.filled.experiment, order_by="metrics.acc DESC"), 3,
    )  # fmt: skip
    compare(
        "the same, default order", "s", "lower", None,
        lambda s: s.figure("seconds", "search", experiment=s.filled.experiment), 3,
    )  # fmt: skip
    compare(
        f"history of {POINTS:,} points", "s", "lower", 5,
        lambda s: s.figure("seconds", "history", run_id=s.filled.long_run, points=POINTS), 3,
    )  # fmt: skip


def round_trip_ms(side: Side, calls: int = 500) -> float:
    """Return the median time of one log_metric on a bare socket, ms: an upper bound of our server's share."""
    run = side.clients[0].do("new_run")["run_id"]
    address = urlsplit(side.uri)
    times = []
    with socket.create_connection((str(address.hostname), int(address.port or 80))) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for step in range(calls):
            body = json.dumps({"run_id": run, "key": "loss", "value": 0.5, "timestamp": 1, "step": step}).encode()
            head = (
                f"POST {address.path}/api/2.0/mlflow/runs/log-metric HTTP/1.1\r\nHost: {address.netloc}\r\n"
                f"Authorization: Bearer {side.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            )
            begin = time.perf_counter()
            connection.sendall(head.encode() + body)
            answer = b""
            while b"\r\n\r\n" not in answer or not answer.endswith(b"{}"):
                answer += connection.recv(65536)
            times.append(time.perf_counter() - begin)
            assert answer.startswith(b"HTTP/1.1 200"), answer
    return statistics.median(times) * 1000


@contextlib.contextmanager
def mlflow_side(folder: Path, database: str) -> Iterator[Side]:
    """Run ``mlflow server`` over a filled database."""
    port = free_port()
    command = [str(BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    command += ["--backend-store-uri", database, "--artifacts-destination", str(folder / "artifacts")]
    env = clean_environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION="false", MLFLOW_DISABLE_TELEMETRY="true")
    uri = f"http://127.0.0.1:{port}"
    log = (folder / "mlflow.log").open("wb")
    with ending(subprocess.Popen(command, env=env, cwd=folder, stdout=log, stderr=log)):
        eventually(lambda: _answers(port), 120, what="mlflow server")
        side = Side(uri, "", fill_mlflow(database))
        yield side
        side.end()


@contextlib.contextmanager
def lapis_side(folder: Path, database: str) -> Iterator[Side]:
    """Run Lapis over a filled database."""
    server = LapisServer(folder / "home", {"LAPIS_DATABASE_URL": database}).start()
    server.stop()
    filled = fill_lapis(database)
    server.start()
    try:
        side = Side(f"{server.url}/mlflow/default", server.token, filled)
        yield side
        side.end()
    finally:
        server.stop()
        end_everything(server.home)


@contextlib.contextmanager
def floor_side(folder: Path, ours: Side) -> Iterator[Side]:
    """Run the server that answers at once what our server answered."""
    folder.mkdir()
    _record(ours, folder)
    command = [sys.executable, "-m", "bench.floor_server", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=clean_environment())
    with ending(process):
        assert process.stdout is not None
        side = Side(f"http://127.0.0.1:{int(process.stdout.readline())}", "", ours.filled)
        yield side
        side.end()


def _record(ours: Side, folder: Path) -> None:
    search = {"experiment_ids": [ours.filled.experiment], "max_results": 1000, "order_by": ["metrics.acc DESC"]}
    for name, method, body in (
        ("runs/create", "POST", {"experiment_id": "0"}),
        ("runs/search", "POST", search),
        ("experiments/get?experiment_id=0", "GET", None),
    ):
        answer = _ask(ours, method, name, body)
        (folder / name.rsplit("/", 1)[-1].partition("?")[0]).write_bytes(answer)
    run = json.loads((folder / "create").read_bytes())["run"]
    (folder / "update").write_text(json.dumps({"run_info": run["info"]}))
    token = ""
    while True:
        query = f"metrics/get-history?run_id={ours.filled.long_run}&metric_key=loss&max_results=25000"
        answer = _ask(ours, "GET", query + (f"&page_token={quote(token)}" if token else ""), None)
        (folder / (f"get-history.{token}" if token else "get-history")).write_bytes(answer)
        token = json.loads(answer).get("next_page_token", "")
        if not token:
            return


def _ask(side: Side, method: str, name: str, body: Any) -> bytes:
    address = urlsplit(side.uri)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    headers = {"Authorization": f"Bearer {side.token}", "Content-Type": "application/json"}
    sent = None if body is None else json.dumps(body)
    connection.request(method, f"{address.path}/api/2.0/mlflow/{name}", sent, headers)
    answer = connection.getresponse()
    found = answer.read()
    assert answer.status == 200, found
    return found


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    return False


def _databases(url: str, folder: Path) -> tuple[str, str]:
    """Return the databases of the peer and of us, both empty."""
    if not url:
        return f"sqlite:///{folder / 'mlflow.db'}", f"sqlite:///{folder / 'lapis.db'}"
    parsed = sa.make_url(url).set(drivername="postgresql+psycopg")
    with sa.create_engine(parsed.set(database="postgres"), isolation_level="AUTOCOMMIT").connect() as connection:
        for name in (f"{parsed.database}_peer", f"{parsed.database}_lapis"):
            connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}"'))
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    ours = parsed.set(database=f"{parsed.database}_lapis", drivername="postgresql")
    theirs = parsed.set(database=f"{parsed.database}_peer")
    return theirs.render_as_string(hide_password=False), ours.render_as_string(hide_password=False)


def main() -> int:
    """Measure on one database."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--database", default="", help="PostgreSQL URL; SQLite when it is left out")
    arguments = parser.parse_args()
    title = "Tracking PostgreSQL" if arguments.database else "Tracking SQLite"
    table = FloorTable(title, "mlflow server", ("mlflow",), arguments.rounds)
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        theirs, mine = _databases(arguments.database, folder)
        peer = stack.enter_context(mlflow_side(folder, theirs))
        ours = stack.enter_context(lapis_side(folder, mine))
        floor = stack.enter_context(floor_side(folder / "floor", ours))
        measure(table, peer, ours, floor)
        table.compare("one log_metric on a bare socket, median", ours=lambda: round_trip_ms(ours), unit="ms", limit=1.0)
        took = seconds(lambda: ours.figure("per_second", "log_metric", calls=1))
        print(f"(a single call after the run: {took * 1000:.1f} ms)", file=sys.stderr)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
