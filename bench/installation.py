"""A server over a fresh home with a built environment, for benchmarks to send jobs to."""

from __future__ import annotations

import contextlib
import http.client
import json
import tempfile
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from tests.support.server import LapisServer, end_everything

JOBS = "/api/v1/workspaces/default/jobs"
ENVIRONMENT = "azureml:echo-env@latest"
COMPUTE = "azureml:echo-cluster"
_NODES = 8


class Installation:
    """A running server and what jobs need; requests raise RuntimeError when they are refused.

    Args:
        folder: empty; holds the home and whatever the benchmark puts there.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.server = LapisServer(folder / "home").start()
        self.make("POST", "environments", {"name": "echo-env", "conda_file": {"dependencies": ["python"]}})
        cluster = {"name": "echo-cluster", "type": "amlcompute", "min_instances": 0, "max_instances": _NODES}
        self.make("PUT", "computes/echo-cluster", cluster)
        self.run(command("echo hello"))  # builds the environment

    def stop(self) -> None:
        """Stop the server and whatever runs."""
        self.server.stop()
        end_everything(self.server.home)

    def run(self, document: dict[str, Any]) -> str:
        """Submit a job and wait for the end of its stream; give its name."""
        name = f"bench-{uuid4().hex}"
        self.submit(name, document)
        self.wait(name)
        return name

    def submit(self, name: str, document: dict[str, Any]) -> None:
        """Submit a job."""
        self.request("PUT", f"{JOBS}/{name}", {"document": document, "git": None})

    def wait(self, name: str) -> None:
        """Wait until a job has completed; any other end raises."""
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(self.server.url).netloc, timeout=600)
        headers = {"Authorization": f"Bearer {self.server.token}"}
        connection.request("GET", f"{JOBS}/{name}/stream?after=0&log_offset=0", headers=headers)
        last = [json.loads(line) for line in connection.getresponse()][-1]
        connection.close()
        if last["end"]["status"] != "Completed":
            raise RuntimeError(f"{name} ended as {last}")

    def make(self, method: str, path: str, document: dict[str, Any]) -> Any:
        """Create something in the workspace."""
        return self.request(method, f"/api/v1/workspaces/default/{path}", document)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the answer."""
        status, answer = self.server.request(method, path, body)
        if status >= 300:
            raise RuntimeError(f"{method} {path} → {status}: {answer}")
        return answer


def command(text: str, **more: Any) -> dict[str, Any]:
    """Give the document of a command job."""
    document = {"type": "command", "command": text, "environment": ENVIRONMENT, "compute": COMPUTE}
    return {**document, "experiment_name": "bench", **more}


@contextlib.contextmanager
def installation() -> Iterator[Installation]:
    """Run a server for as long as the block takes."""
    with tempfile.TemporaryDirectory() as name:
        made = Installation(Path(name))
        try:
            yield made
        finally:
            made.stop()
