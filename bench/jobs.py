"""Jobs that only echo: from command to prompt against ``mlflow run``; what the server adds; 200 at once."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.harness import BIN, Table, command_seconds, rounds_from_arguments, seconds
from tests.support.polling import eventually
from tests.support.processes import clean_environment
from tests.support.server import LapisServer, end_everything

JOBS = "/api/v1/workspaces/default/jobs"
AT_ONCE = 200
DOCUMENT = {
    "type": "command",
    "command": "echo hello",
    "experiment_name": "bench",
    "environment": "azureml:echo-env@latest",
    "compute": "azureml:echo-cluster",
}


class Lapis:
    """A server over a fresh home with a built environment, and the work to measure."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = LapisServer(folder / "home").start()
        self._env = clean_environment(LAPIS_HOME=str(self.server.home))
        self._job_file = folder / "job.yml"
        self._job_file.write_text(json.dumps(DOCUMENT))
        self._make("POST", "environments", {"name": "echo-env", "conda_file": {"dependencies": ["python"]}})
        cluster = {"name": "echo-cluster", "type": "amlcompute", "min_instances": 0, "max_instances": 8}
        self._make("PUT", "computes/echo-cluster", cluster)
        self.run_once()  # builds the environment

    def stop(self) -> None:
        """Stop the server and whatever runs."""
        self.server.stop()
        end_everything(self.server.home)

    def command(self) -> float:
        """Type ``lapis job create -f job.yml --stream`` and wait for the prompt."""
        return command_seconds(
            str(BIN / "lapis"), "job", "create", "-f", str(self._job_file), "--stream", env=self._env
        )

    def run_once(self) -> float:
        """Submit over HTTP and wait for the end of the stream; seconds."""
        return seconds(lambda: self._submit_and_wait(f"bench-{uuid4().hex}"))

    def at_once(self) -> float:
        """Submit `AT_ONCE` jobs and wait for all; jobs per second from the first submission to the last end."""
        names = [f"bench-{uuid4().hex}" for _ in range(AT_ONCE)]
        begin = time.perf_counter()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self._submit, names))
        eventually(self._all_over, 120, interval=0.05, what="the end of all jobs")
        return AT_ONCE / (time.perf_counter() - begin)

    def _all_over(self) -> bool:
        states = ("NotStarted", "Queued", "Preparing", "Starting", "Running", "Finalizing")
        return not any(self._request("GET", f"{JOBS}?status={state}&limit=1")["value"] for state in states)

    def _submit_and_wait(self, name: str) -> None:
        self._submit(name)
        connection = self._connect()
        connection.request("GET", f"{JOBS}/{name}/stream?after=0&log_offset=0", headers=self._headers())
        last = [json.loads(line) for line in connection.getresponse()][-1]
        connection.close()
        if last["end"]["status"] != "Completed":
            raise RuntimeError(f"{name} ended as {last}")

    def _submit(self, name: str) -> None:
        self._request("PUT", f"{JOBS}/{name}", {"document": DOCUMENT, "git": None})

    def _make(self, method: str, path: str, document: dict[str, Any]) -> None:
        self._request(method, f"/api/v1/workspaces/default/{path}", document)

    def _request(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.server.request(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path} → {status}: {answer}")
        return answer

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(urllib.parse.urlsplit(self.server.url).netloc, timeout=60)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.server.token}"}


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


@contextlib.contextmanager
def _lapis(folder: Path) -> Iterator[Lapis]:
    lapis = Lapis(folder)
    try:
        yield lapis
    finally:
        lapis.stop()


def main() -> int:
    """Measure single jobs and many."""
    rounds = rounds_from_arguments(7)
    table = Table("Jobs", "mlflow run", ("mlflow",), rounds)
    with tempfile.TemporaryDirectory() as name, _lapis(Path(name)) as lapis:
        table.compare(
            "echo job, from command to prompt with --stream",
            peer=lambda: mlflow_run(lapis.folder), ours=lapis.command, limit=1.0,
        )  # fmt: skip
        table.compare(
            "what Lapis adds to the bare process between submission and end, over HTTP",
            ours=lambda: 1000 * (lapis.run_once() - bare()), unit="ms", limit=100, rounds=max(rounds, 30),
        )  # fmt: skip
        table.compare(
            f"{AT_ONCE} jobs submitted at once, on 8 nodes", ours=lapis.at_once, unit="/s", better="higher",
            limit=20, rounds=min(rounds, 3), warm=False,
            note=f"bare processes, 8 at a time, without any of the rest: {bare_at_once():,.0f} /s",
        )  # fmt: skip
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
