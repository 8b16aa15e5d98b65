"""Jobs that only echo: from command to prompt against ``mlflow run``; what the server adds; 200 at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

from bench.harness import BIN, Table, command_seconds, rounds_from_arguments, seconds
from bench.installation import JOBS, Installation, command, installation
from tests.support.polling import eventually
from tests.support.processes import clean_environment

AT_ONCE = 200
DOCUMENT = command("echo hello")


class Echo:
    """Jobs that only echo, sent to a server."""

    def __init__(self, lapis: Installation) -> None:
        self._lapis = lapis
        self._env = clean_environment(LAPIS_HOME=str(lapis.server.home))
        self._job_file = lapis.folder / "job.yml"
        self._job_file.write_text(json.dumps(DOCUMENT))

    def command(self) -> float:
        """Type ``lapis job create -f job.yml --stream`` and wait for the prompt."""
        return command_seconds(
            str(BIN / "lapis"), "job", "create", "-f", str(self._job_file), "--stream", env=self._env
        )

    def run_once(self) -> float:
        """Submit over HTTP and wait for the end of the stream; seconds."""
        return seconds(lambda: self._lapis.run(DOCUMENT))

    def at_once(self) -> float:
        """Submit `AT_ONCE` jobs and wait for all; jobs per second from the first submission to the last end."""
        names = [f"bench-{uuid4().hex}" for _ in range(AT_ONCE)]
        begin = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda name: self._lapis.submit(name, DOCUMENT), names))
        eventually(self._all_over, 120, interval=0.05, what="the end of all jobs")
        return AT_ONCE / (time.perf_counter() - begin)

    def _all_over(self) -> bool:
        states = ("NotStarted", "Queued", "Preparing", "Starting", "Running", "Finalizing")
        return not any(self._lapis.request("GET", f"{JOBS}?status={state}&limit=1")["value"] for state in states)


def mlflow_run(folder: Path) -> float:
    """Type ``mlflow run`` on a project that echoes, in the environment that is there."""
    project = folder / "project"
    project.mkdir(exist_ok=True)
    (project / "MLproject").write_text("name: echo\nentry_points:\n  main:\n    command: echo hello\n")
    env = clean_environment(MLFLOW_TRACKING_URI=f"sqlite:///{folder}/mlflow.db", PATH=f"{BIN}:{os.environ['PATH']}")
    command = [str(BIN / "mlflow"), "run", str(project), "--env-manager", "local"]
    return command_seconds(*command, env=env, cwd=folder)


def bare() -> float:
    """Run the same command as a bare process, as a job does it: through bash."""
    return seconds(lambda: subprocess.run(["bash", "-c", "echo hello"], check=True, capture_output=True))


def bare_at_once() -> float:
    """Run `AT_ONCE` bare processes, eight at a time; per second."""
    with ThreadPoolExecutor(8) as pool:
        return AT_ONCE / seconds(lambda: list(pool.map(lambda _: bare(), range(AT_ONCE))))


def main() -> int:
    """Measure single jobs and many."""
    rounds = rounds_from_arguments(7)
    table = Table("Jobs", "mlflow run", ("mlflow",), rounds)
    with installation() as lapis:
        echo = Echo(lapis)
        table.compare(
            "echo job, from command to prompt with --stream",
            peer=lambda: mlflow_run(lapis.folder), ours=echo.command, limit=1.0,
        )  # fmt: skip
        table.compare(
            "what Lapis adds to the bare process between submission and end, over HTTP",
            ours=lambda: 1000 * (echo.run_once() - bare()), unit="ms", limit=100, rounds=max(rounds, 30),
        )  # fmt: skip
        table.compare(
            f"{AT_ONCE} jobs submitted at once, on 8 nodes", ours=echo.at_once, unit="/s", better="higher",
            limit=20, rounds=min(rounds, 3), warm=False,
            note=f"bare processes, 8 at a time, without any of the rest: {bare_at_once():,.0f} /s",
        )  # fmt: skip
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
