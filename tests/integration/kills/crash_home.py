"""One home on which servers are killed at will, and the jobs that must not care."""

from __future__ import annotations

import itertools
import json
import socket
import urllib.error
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.lifecycle import MOVES, TERMINAL, JobState
from tests.integration.kills.plans import CLUSTER, LINES, SILENT, STOPPED, Edge, Plan
from tests.support.polling import eventually
from tests.support.server import LapisServer

WORKSPACE = "/api/v1/workspaces/default"
JOBS = f"{WORKSPACE}/jobs"
CALLS = (
    ("lapisml.server.features.jobs.store:add", "after"),
    ("lapisml.server.features.tracking.service:TrackingService.run_creation", "before"),
    ("lapisml.server.features.tracking.service:TrackingService.run_creation", "after"),
    ("lapisml.server.features.jobs.launch:Launcher.specification", "after"),
    ("lapisml.backends.compute.local.backend:LocalProcesses.submit", "before"),
    ("lapisml.backends.compute.local.backend:LocalProcesses.submit", "after"),
    ("lapisml.server.features.jobs.outputs:JobOutputs.record", "before"),
    ("lapisml.server.features.jobs.outputs:JobOutputs.record", "after"),
    ("lapisml.server.features.tracking.service:TrackingService.set_run_status", "after"),
    ("lapisml.server.features.identity.service:IdentityService.revoke_job_tokens", "after"),
)
"""Places between two moves at which a server may die: the steps of submission, hand-over and ending."""


class CrashingServer(LapisServer):
    """The server with some calls and every move watched.

    Args:
        calls: (call, when) of the places where it may be told to die.
    """

    MODULE = "tests.integration.kills.crashing_server"

    def __init__(self, home: Path, env: dict[str, str] | None = None, calls: Sequence[tuple[str, str]] = CALLS) -> None:
        super().__init__(home, {**(env or {}), "CRASH_CALLS": json.dumps(sorted({call for call, _ in calls}))})


@dataclass
class CrashHome:
    """The home, its server, and the jobs submitted so far.

    Attributes:
        server: may be dead at any moment.
        folder: where the jobs' scripts leave their marks.
        kills: how many servers died as ordered.
        ended: job → the state it belongs in.
        silent: takes connections and never answers.
    """

    server: CrashingServer
    folder: Path
    kills: int = 0
    ended: dict[str, JobState] = field(default_factory=dict)
    silent: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))

    @property
    def silent_url(self) -> str:
        """An address on which somebody listens and nobody ever answers."""
        return f"http://127.0.0.1:{self.silent.getsockname()[1]}/data.csv"

    def prepare(self) -> None:
        """Create a cluster that runs jobs and an instance that is stopped."""
        cluster = {"name": CLUSTER, "type": "amlcompute", "min_instances": 0, "max_instances": 4}
        self.ask("PUT", f"{WORKSPACE}/computes/{CLUSTER}", cluster)
        self.ask("PUT", f"{WORKSPACE}/computes/{STOPPED}", {"name": STOPPED, "type": "computeinstance"})
        self.ask("POST", f"{WORKSPACE}/computes/{STOPPED}/stop")

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request and give the answer; one that is refused raises RuntimeError."""
        status, answer = self.server.request(method, path, body)
        if status not in (200, 201, 204):
            raise RuntimeError(f"{method} {path} → {status}: {answer}")
        return answer

    def order_move(self, job: str, edge: Edge, when: str) -> None:
        """Order the server's death at a move of `job`."""
        self._order({"job": job, "move": [state.value for state in edge], "when": when})

    def order_call(self, job: str, call: str, when: str) -> None:
        """Order the server's death around a call."""
        self._order({"job": job, "call": call, "when": when})

    def play(self, job: str, plan: Plan) -> None:
        """Submit a job of `plan`, lose the server where ordered, start it again, and see the job to its end."""
        if plan.loses:
            datastore = {"name": plan.loses, "type": "azure_blob", "account_name": "a", "container_name": "c"}
            self.ask("PUT", f"{WORKSPACE}/datastores/{plan.loses}", datastore)
        self.until(lambda: self._submitted(job, plan))
        if plan.loses:
            self.ask("DELETE", f"{WORKSPACE}/datastores/{plan.loses}")
            self.ask("POST", f"{WORKSPACE}/computes/{plan.compute}/start")
        self.until(lambda: self._is_over(job, plan))
        if plan.loses:
            self.ask("POST", f"{WORKSPACE}/computes/{plan.compute}/stop")
        assert not (self.server.home / "crash.json").exists(), "the ordered place was never met"
        self.ended[job] = plan.end

    def play_alone(self, job: str, plan: Plan) -> None:
        """Submit a job, lose the server as ordered, and start it again only after the job has ended by itself."""
        self._submitted(job, plan)
        eventually(lambda: self.server.process.poll() is not None, 30, what="the ordered death")
        eventually(lambda: self._marks(job) == ["begin", "end"], 30, what="the script's end")
        self.until(lambda: self._is_over(job, plan))
        self.ended[job] = plan.end

    def play_crowd(self, jobs: dict[str, tuple[Plan, Edge]]) -> None:
        """Submit job after job; each brings the server down at its own move while those before it go on."""
        for job, (plan, edge) in jobs.items():
            self.order_move(job, edge, "committed")
            self.until(lambda job=job, plan=plan: self._submitted(job, plan))
            self.until(lambda: not (self.server.home / "crash.json").exists())
        for job, (plan, _) in jobs.items():
            self.until(lambda job=job, plan=plan: self._is_over(job, plan))
            self.ended[job] = plan.end

    def check_still(self, job: str, end: JobState) -> None:
        """Look whether a job is where it ended, without a move since."""
        assert self._get(f"/{job}")["status"] == end.value
        self.check_events(job)

    def check(self, job: str, plan: Plan) -> None:
        """Look whether the job ended as it deserves, exactly once, and whether all of its log is there."""
        body = self._get(f"/{job}")
        assert body["status"] == plan.end.value, body["status_reason"]
        self.check_events(job)
        self._check_run(job, plan)
        marks = self._marks(job)
        expected = ["begin", "end"] if plan.end == JobState.COMPLETED else ["begin"]
        assert marks == (expected if plan.runs else []), "the script ran as often as it should"
        if plan.runs:
            printed = [line for line in self._log(job).splitlines() if line.startswith("line ")]
            assert printed == [f"line {n}" for n in range(1, LINES + 1)]

    def _order(self, order: dict[str, Any]) -> None:
        (self.server.home / "crash.json").write_text(json.dumps(order))

    def until(self, done: Callable[[], bool]) -> None:
        """Wait until `done`, starting the server again whenever it has died as ordered."""
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
        document = json.loads(json.dumps(document).replace(SILENT, self.silent_url))
        self.ask("PUT", f"{JOBS}/{job}", {"document": document, "git": None})
        return True

    def _is_over(self, job: str, plan: Plan) -> bool:
        state = JobState(self._get(f"/{job}")["status"])
        if state == plan.cancel_in and (self._marks(job) or not plan.runs):
            self.server.request("POST", f"{JOBS}/{job}/cancel")
        return state in TERMINAL and self.server.process.poll() is None

    def _get(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", JOBS + path)
        return found

    def check_events(self, job: str) -> None:
        """Look whether a job's moves are whole and legal, with one end, and each step within a state is told once."""
        events = self._get(f"/{job}/events")["value"]
        told = [event["code"] for event in events if event["before"] == event["status"]]
        assert len(told) == len(set(told)), told
        events = [event for event in events if event["before"] != event["status"]]
        states = [JobState.NOT_STARTED.value] + [event["status"] for event in events]
        assert [event["before"] for event in events] == states[:-1], "no move is missing or doubled"
        assert all(JobState(a) in MOVES[JobState(b)] for b, a in itertools.pairwise(states)), states
        assert sum(JobState(state) in TERMINAL for state in states) == 1, states

    def _check_run(self, job: str, plan: Plan) -> None:
        body = self.ask("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={job}")
        wanted = {"Completed": "FINISHED", "Failed": "FAILED", "Canceled": "KILLED"}[plan.end.value]
        assert body["run"]["info"]["status"] == wanted

    def _marks(self, job: str) -> list[str]:
        mark = self.folder / f"{job}.mark"
        return mark.read_text().split() if mark.exists() else []

    def _log(self, job: str) -> str:
        body: bytes = self.ask("GET", f"{JOBS}/{job}/logs/file?path=user_logs/std_log.txt")
        return body.decode()
