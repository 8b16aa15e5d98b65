"""A server, and sweeps on it."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.jobs.client import Api
from tests.support.server import LapisServer


class Sweeps(Api):
    """The native API, with what tests of sweeps ask for."""

    def __init__(self, server: LapisServer) -> None:
        super().__init__(server)
        self.server = server

    def start(self, document: dict[str, Any], name: str | None = None) -> str:
        """Submit a sweep and give its name."""
        name = name or f"sweep_{uuid.uuid4().hex[:10]}"
        status, body = self.call("PUT", f"/jobs/{name}", {"document": document})
        assert status in (200, 201), body
        return name

    def refused(self, document: dict[str, Any]) -> dict[str, Any]:
        """Submit what is not valid and give the error."""
        status, body = self.call("PUT", f"/jobs/sweep_{uuid.uuid4().hex[:10]}", {"document": document})
        assert status >= 400, body
        return dict(body["error"])

    def trials(self, name: str) -> list[dict[str, Any]]:
        """Give the jobs of a sweep's trials, in the order of their numbers."""
        status, body = self.call("GET", f"/jobs?parent={name}&limit=500")
        assert status == 200, body
        return sorted(body["value"], key=lambda job: int(job["step"]))

    def run(self, name: str) -> dict[str, Any]:
        """Give the MLflow run of a job: its params, tags and latest metrics as dictionaries."""
        status, body = self.server.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
        assert status == 200, body
        data = body["run"]["data"]
        return {
            kind: {one["key"]: one["value"] for one in data.get(kind, [])} for kind in ("params", "tags", "metrics")
        }


@pytest.fixture
def sweeps(shared_server: LapisServer) -> Sweeps:
    return Sweeps(shared_server)


SweepsOn = Callable[[LapisServer], Sweeps]
