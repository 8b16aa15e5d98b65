"""What the compute suites use to hand jobs over and to follow them."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lapisml.ports.compute import (
    ArtifactsSpec,
    ComputeBackend,
    ExitStatus,
    Handle,
    InputSpec,
    JobPhase,
    JournalEntry,
    LaunchSpec,
    MetricSample,
    Observation,
    OutputSpec,
    Watch,
)


@dataclass
class Course:
    """All that has been observed of one job."""

    journal: list[JournalEntry] = field(default_factory=list)
    metrics: list[MetricSample] = field(default_factory=list)
    last: Observation | None = None

    @property
    def phases(self) -> list[str]:
        """The phases in order, each once."""
        return list(dict.fromkeys(entry.phase for entry in self.journal))

    @property
    def exit(self) -> ExitStatus:
        """How the job ended."""
        assert self.last is not None
        assert self.last.exit is not None
        return self.last.exit


class Bench:
    """Hands jobs to a backend and follows them.

    Args:
        make: makes a new backend object over the same place, as a server does when it starts again.
        home: the Lapis home folder, on this machine.
        jobs: the folder on this machine that holds the jobs' ``runs``; None means `home`.
    """

    def __init__(self, make: Callable[[], ComputeBackend], home: Path, jobs: Path | None = None) -> None:
        self._make = make
        self.home = home
        self.jobs = jobs or home
        self.backend = make()

    def restart(self) -> ComputeBackend:
        """Go on with a new backend object that knows nothing of before."""
        self.backend = self._make()
        return self.backend

    def spec(self, command: str, **changes: Any) -> LaunchSpec:
        """Make a specification for a command."""
        job = f"job_{uuid.uuid4().hex[:10]}"
        artifacts = ArtifactsSpec(f"azureml://artifacts/{job}", self.location(f"artifacts/{job}"))
        base = LaunchSpec("default", job, uuid.uuid4().hex, command, artifacts, str(self.home))
        return replace(base, **changes)

    def location(self, path: str) -> dict[str, Any]:
        """Give the plain form of a location below the home folder."""
        return {"protocol": "file", "path": str(self.home / "storage" / path), "options": {}, "root": None}

    def input(self, path: str, kind: str = "uri_file", mode: str | None = None) -> InputSpec:
        """Make an input from a file or folder below ``<home>/storage``."""
        return InputSpec(kind, f"azureml://datastores/workspaceblobstore/paths/{path}", self.location(path), mode)

    def output(self, path: str, kind: str = "uri_folder", mode: str | None = None) -> OutputSpec:
        """Make an output at a place below ``<home>/storage``."""
        return OutputSpec(kind, f"azureml://datastores/workspaceblobstore/paths/{path}", self.location(path), mode)

    def stored(self, path: str) -> Path:
        """Give the path of something below ``<home>/storage``."""
        return self.home / "storage" / path

    def artifact(self, spec: LaunchSpec, path: str) -> Path:
        """Give the path of one of a job's artifacts."""
        return Path(spec.artifacts.location["path"]) / path

    def submit(self, command: str, **changes: Any) -> Handle:
        """Hand a command over."""
        return self.backend.submit(self.spec(command, **changes))

    def look(self, handle: Handle) -> Observation:
        """Observe a job once, from its beginning."""
        return self.backend.observe([Watch(handle)])[0]

    def follow(self, handle: Handle, until: Callable[[Course], Any] | None = None, timeout: float = 30.0) -> Course:
        """Observe a job until it has ended, or until `until` is true of its course."""
        course = Course()
        journal = metrics = 0

        def step() -> Any:
            nonlocal journal, metrics
            course.last = self.backend.observe([Watch(handle, journal, metrics)])[0]
            journal, metrics = course.last.journal_cursor, course.last.metrics_cursor
            course.journal.extend(course.last.journal)
            course.metrics.extend(course.last.metrics)
            return until(course) if until is not None else course.last.exit is not None

        self.wait(step, timeout, lambda: f"{course.last}; {course.phases}; log: {self.log(handle)[-500:]!r}")
        return course

    def run(self, command: str, timeout: float = 30.0, **changes: Any) -> Course:
        """Hand a command over and follow it to its end."""
        return self.follow(self.submit(command, **changes), timeout=timeout)

    def running(self, command: str, mark: str = "up", **changes: Any) -> Handle:
        """Hand a command over and return when it has written `mark` into its log."""
        handle = self.submit(command, **changes)
        self.follow(handle, lambda course: mark in self.log(handle) or _over(course, handle))
        return handle

    def log(self, handle: Handle, path: str = "user_logs/std_log.txt") -> str:
        """Return a log as text, empty when it is not there."""
        if path not in [log.path for log in self.backend.list_logs(handle)]:
            return ""
        return self.backend.read_log(handle, path).data.decode(errors="replace")

    @staticmethod
    def wait(check: Callable[[], Any], timeout: float = 30.0, story: Callable[[], str] = str) -> None:
        """Return when `check` is true; fail with the story at the deadline, seconds from now."""
        deadline = time.monotonic() + timeout
        while not check():
            assert time.monotonic() < deadline, story()
            time.sleep(0.01)


def _over(course: Course, handle: Handle) -> bool:
    assert course.last is not None
    assert course.last.phase is not JobPhase.ENDED, f"{handle.job} ended early: {course.last.exit}"
    return False
