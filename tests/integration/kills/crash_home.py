"""One home on which servers are killed at will, and the jobs that must not care."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import urllib.error
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.lifecycle import MOVES, TERMINAL, JobState
from tests.integration.kills.plans import LINES, Edge, Plan
from tests.support.polling import eventually
from tests.support.processes import REPOSITORY, clean_environment
from tests.support.server import LapisServer

JOBS = "/api/v1/workspaces/default/jobs"
CALLS = (
    ("lapisml.server.features.jobs.store:add", "after"),
    ("lapisml.server.features.tracking.service:TrackingService.create_run", "before"),
    ("lapisml.server.features.tracking.service:TrackingService.create_run", "after"),
    ("lapisml.server.features.jobs.launch:Launcher.specification", "after"),
    ("lapisml.backends.compute.local.backend:LocalCompute.submit", "before"),
    ("lapisml.backends.compute.local.backend:LocalCompute.submit", "after"),
    ("lapisml.server.features.jobs.outputs:JobOutputs.record", "before"),
    ("lapisml.server.features.jobs.outputs:JobOutputs.record", "after"),
    ("lapisml.server.features.tracking.service:TrackingService.set_run_status", "after"),
    ("lapisml.server.features.identity.service:IdentityService.revoke_job_tokens", "after"),
)
"""Places between two moves at which a server may die: the steps of submission, hand-over and ending."""


class CrashingServer(LapisServer):
    """The server with the places of `CALLS` and every move watched."""

    def start(self, wait: bool = True, timeout: float = 60.0) -> CrashingServer:
        """Start it, as `LapisServer.start`."""
        self.home.mkdir(parents=True, exist_ok=True)
        calls = json.dumps(sorted({call for call, _ in CALLS}))
        env = clean_environment(LAPIS_HOME=str(self.home), LAPIS_PORT=str(self.port), **self._env, CRASH_CALLS=calls)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.integration.kills.crashing_server"],
                env=env, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=REPOSITORY, start_new_session=True,
            )  # fmt: skip
        if wait:
            self.wait_ready(timeout)
        return self


@dataclass
class CrashHome:
    """The home, its server, and the jobs submitted so far.

    Attributes:
        server: may be dead at any moment.
        folder: where the jobs' scripts leave their marks.
        kills: how many servers died as ordered.
        ended: job → the state it belongs in.
    """

    server: CrashingServer
    folder: Path
    kills: int = 0
    ended: dict[str, JobState] = field(default_factory=dict)

    def put(self, path: str, document: dict[str, Any]) -> None:
        """Create what the jobs need."""
        status, body = self.server.request("PUT", path, document)
        assert status in (200, 201), body

    def order_move(self, job: str, edge: Edge, when: str) -> None:
        """Order the server's death at a move of `job`."""
        self._order({"job": job, "move": [state.value for state in edge], "when": when})

    def order_call(self, job: str, call: str, when: str) -> None:
        """Order the server's death around a call."""
        self._order({"job": job, "call": call, "when": when})

    def play(self, job: str, plan: Plan) -> None:
        """Submit a job of `plan`, lose the server where ordered, start it again, and see the job to its end."""
        self._until(lambda: self._submitted(job, plan))
        self._until(lambda: self._is_over(job, plan))
        assert not (self.server.home / "crash.json").exists(), "the ordered place was never met"
        self.ended[job] = plan.end

    def play_alone(self, job: str, plan: Plan) -> None:
        """Submit a job, lose the server as ordered, and start it again only after the job has ended by itself."""
        self._submitted(job, plan)
        eventually(lambda: self.server.process.poll() is not None, 30, what="the ordered death")
        eventually(lambda: self._marks(job) == ["begin", "end"], 30, what="the script's end")
        self._until(lambda: self._is_over(job, plan))
        self.ended[job] = plan.end

    def play_crowd(self, jobs: dict[str, Plan], edges: list[Edge]) -> None:
        """Submit all jobs; as soon as an ordered death has happened, order the next one for another job."""
        for job, plan in jobs.items():
            self._until(lambda job=job, plan=plan: self._submitted(job, plan))
        orders = [(job, edges[n % len(edges)]) for n, job in enumerate(jobs)]
        self._until(lambda: self._crowd_is_over(jobs, orders))
        self.ended |= {job: plan.end for job, plan in jobs.items()}
        (self.server.home / "crash.json").unlink(missing_ok=True)

    def _crowd_is_over(self, jobs: dict[str, Plan], orders: list[tuple[str, Edge]]) -> bool:
        states = {job: JobState(self._get(f"/{job}")["status"]) for job in jobs}
        if orders and not (self.server.home / "crash.json").exists():
            job, edge = orders.pop()
            if states[job] not in TERMINAL:
                self.order_move(job, edge, "committed")
        return all(state in TERMINAL for state in states.values())

    def check_still(self, job: str, end: JobState) -> None:
        """Look whether a job is where it ended, without a move since."""
        assert self._get(f"/{job}")["status"] == end.value
        self._check_events(job)

    def check(self, job: str, plan: Plan) -> None:
        """Look whether the job ended as it deserves, exactly once, and whether all of its log is there."""
        body = self._get(f"/{job}")
        assert body["status"] == plan.end.value, body["status_reason"]
        self._check_events(job)
        self._check_run(job, plan)
        marks = self._marks(job)
        expected = ["begin", "end"] if plan.end == JobState.COMPLETED else ["begin"]
        assert marks == (expected if plan.runs else []), "the script ran as often as it should"
        if plan.runs:
            log = self._log(job)
            assert log.splitlines()[:LINES] == [f"line {n}" for n in range(1, LINES + 1)]

    def _order(self, order: dict[str, Any]) -> None:
        (self.server.home / "crash.json").write_text(json.dumps(order))

    def _until(self, done: Callable[[], bool]) -> None:
        eventually(lambda: self._alive_and(done), 60, interval=0.05, what="the job to get on")

    def _alive_and(self, done: Callable[[], bool]) -> bool:
        if self.server.process.poll() is not None:
            assert self.server.process.returncode == -9, f"ended with {self.server.process.returncode}"
            self.kills += 1
            self.server.start()
        try:
            return done()
        except (urllib.error.URLError, ConnectionError, TimeoutError, OSError):
            return False  # it died under this request: ask again

    def _submitted(self, job: str, plan: Plan) -> bool:
        document = plan.job_document(self.folder / f"{job}.mark", self.folder / f"{job}.hold")
        status, body = self.server.request("PUT", f"{JOBS}/{job}", {"document": document, "git": None})
        assert status in (200, 201), body
        return True

    def _is_over(self, job: str, plan: Plan) -> bool:
        state = JobState(self._get(f"/{job}")["status"])
        if state == plan.cancel_in:
            self.server.request("POST", f"{JOBS}/{job}/cancel")
        return state in TERMINAL and self.server.process.poll() is None

    def _get(self, path: str) -> dict[str, Any]:
        status, body = self.server.request("GET", JOBS + path)
        assert status == 200, body
        found: dict[str, Any] = body
        return found

    def _check_events(self, job: str) -> None:
        events = self._get(f"/{job}/events")["value"]
        states = [JobState.NOT_STARTED.value] + [event["after"] for event in events]
        assert [event["before"] for event in events] == states[:-1], "no move is missing or doubled"
        assert all(JobState(a) in MOVES[JobState(b)] for b, a in itertools.pairwise(states)), states
        assert sum(JobState(state) in TERMINAL for state in states) == 1, states

    def _check_run(self, job: str, plan: Plan) -> None:
        path = f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={job}"
        status, body = self.server.request("GET", path)
        assert status == 200, body
        wanted = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}[plan.end.value]
        assert body["run"]["info"]["status"] == wanted

    def _marks(self, job: str) -> list[str]:
        mark = self.folder / f"{job}.mark"
        return mark.read_text().split() if mark.exists() else []

    def _log(self, job: str) -> str:
        path = f"{JOBS}/{job}/logs/file?path=user_logs/std_log.txt"
        status, body = self.server.request("GET", path)
        assert status == 200, body
        return body.decode() if isinstance(body, bytes) else str(body)
