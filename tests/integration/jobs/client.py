"""A bare client of the native API, so that these tests see the server and nothing else."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
import uuid
from typing import Any

from tests.support.polling import eventually
from tests.support.server import LapisServer

OVER = ("Completed", "Failed", "Canceled")


class Api:
    """Requests below ``/api/v1/workspaces/default``."""

    def __init__(self, server: LapisServer) -> None:
        self._server = server

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request; give the status and the parsed answer."""
        url = f"{self._server.url}/api/v1/workspaces/default{path}"
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self._server.token}", "Content-Type": "application/json"}
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    def submit(self, command: str, **keys: Any) -> str:
        """Submit a command job under a new name and give the name."""
        name = f"job_{uuid.uuid4().hex[:12]}"
        document = {"type": "command", "command": command, "environment": {"image": "python"}, **keys}
        status, body = self.call("PUT", f"/jobs/{name}", {"document": document})
        assert status in (200, 201), body
        return name

    def job(self, name: str) -> dict[str, Any]:
        """Read a job."""
        status, body = self.call("GET", f"/jobs/{name}")
        assert status == 200, body
        return dict(body)

    def wait(self, name: str, *states: str, timeout: float = 60) -> dict[str, Any]:
        """Wait until a job is in one of `states` (none: over) and give it."""
        wanted = states or OVER

        def look() -> dict[str, Any] | None:
            job = self.job(name)
            if job["status"] in OVER and job["status"] not in wanted:
                raise AssertionError(f"{name} is {job['status']}: {job['status_reason']}")
            return job if job["status"] in wanted else None

        return eventually(look, timeout, what=f"{name} in {wanted}")

    def printed(self, name: str) -> bytes:
        """Give what a job's command printed, without the lines that Lapis adds."""
        lines = self.log(name).splitlines(keepends=True)
        return b"".join(line for line in lines if not line.startswith(b"[lapis]"))

    def log(self, name: str, path: str = "user_logs/std_log.txt") -> bytes:
        """Read a log of a job from its beginning, at most 4 MiB.

        Raises:
            AssertionError: the log is not there; a job that runs may not have written it yet.
        """
        url = f"{self._server.url}/api/v1/workspaces/default/jobs/{name}/logs/file?path={path}"
        request = urllib.request.Request(url, headers={"Authorization": f"Bearer {self._server.token}"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} of {name}: {error.read().decode(errors='replace')}") from error
