"""Starting the server: time to the first answer and resident memory, against ``mlflow server``."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.harness import BIN, Table, ending, resident_mb, rounds_from_arguments
from tests.support.processes import clean_environment, free_port


@dataclass
class Started:
    """What one start of a server showed: seconds to the first answer, MB resident, number of processes."""

    ready_s: float
    resident_mb: float


def mlflow_server(workers: int) -> Started:
    """Start ``mlflow server`` on SQLite with `workers` uvicorn workers, an empty database of its own."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [str(BIN / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", str(workers)]
        job_runner = "true" if workers > 1 else "false"  # one worker stands for its leanest configuration
        env = clean_environment(MLFLOW_SERVER_ENABLE_JOB_EXECUTION=job_runner)
        return _observe(command, env, f"http://127.0.0.1:{port}/health", Path(folder))


def lapis_server() -> Started:
    """Start ``python -m lapisml.server`` over a fresh home."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        env = clean_environment(LAPIS_HOME=folder, LAPIS_PORT=str(port))
        return _observe([sys.executable, "-m", "lapisml.server"], env, f"http://127.0.0.1:{port}/healthz", Path(folder))


def _observe(command: list[str], env: dict[str, str], url: str, folder: Path) -> Started:
    begin = time.perf_counter()
    with ending(subprocess.Popen(command, env=env, cwd=folder, **_silent())) as process:
        for _ in _pauses(deadline=begin + 120):
            if _answers(url):
                break
        ready = time.perf_counter() - begin
        return Started(ready, _settled_mb(process.pid))


def _settled_mb(pid: int) -> float:
    """Return the memory once it has stopped growing: three equal readings, a second apart."""
    readings: list[float] = []
    for _ in _pauses(deadline=time.perf_counter() + 30, pause=1.0):
        readings.append(resident_mb(pid))
        if len(readings) >= 3 and max(readings[-3:]) - min(readings[-3:]) < 0.5:
            break
    return readings[-1]


def _answers(url: str) -> bool:
    with (
        contextlib.suppress(urllib.error.URLError, OSError),
        urllib.request.urlopen(url, timeout=5) as answer,
    ):
        return bool(answer.status == 200)
    return False


def _pauses(deadline: float, pause: float = 0.01) -> Iterator[None]:
    while time.perf_counter() < deadline:
        yield
        time.sleep(pause)
    raise TimeoutError("no answer before the deadline")


def _silent() -> dict[str, int]:
    return {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}


def main() -> int:
    """Measure starts of both servers."""
    rounds = rounds_from_arguments(5)
    table = Table("Server", "mlflow server", ("mlflow",), rounds)
    seen: dict[str, list[Started]] = {"one": [], "four": [], "ours": []}

    def ready(name: str, start: Started) -> float:
        seen[name].append(start)
        return start.ready_s

    table.compare(
        "start to first answer, s; peer with one worker, job runner off",
        peer=lambda: ready("one", mlflow_server(1)), ours=lambda: ready("ours", lapis_server()), limit=2.0,
    )  # fmt: skip
    table.compare(
        "start to first answer, s; peer as shipped (4 workers)",
        peer=lambda: ready("four", mlflow_server(4)), ours=lambda: ready("ours", lapis_server()), limit=2.0,
        rounds=min(rounds, 3), warm=False,
    )  # fmt: skip
    _memory_row(table, "resident when idle; peer with one worker", seen["one"], seen["ours"])
    _memory_row(table, "resident when idle; peer as shipped", seen["four"], seen["ours"])
    return table.finish()


def _memory_row(table: Table, what: str, peer: list[Started], ours: list[Started]) -> None:
    table.add(what, "MB", "lower", [s.resident_mb for s in peer], [s.resident_mb for s in ours], limit=250)


if __name__ == "__main__":
    sys.exit(main())
