"""The compute port: a place that runs jobs and can say, at any later time, what became of them.

A *launch specification* (`lapisml.ports.launch`) is everything that a job needs, resolved: nothing in it has
to be looked up again. A *backend* turns it into processes somewhere. What every backend promises:

* **`submit` is idempotent.** The submit key is the job's identity on the compute: the same key twice is one
  job, whoever asks and however often, also when the first call was cut off in the middle. `submit` returns
  when the job is known there durably enough to survive the death of the caller; it does not wait for it.
* **The job does not depend on the server.** It runs on, and keeps its exit status, logs and metrics, when the
  server is killed at any moment; a backend object made later over the same home sees every job again.
* **The exit status is durable before it is told.** `Observation.exit` is read from what the job's own runner
  wrote (and synchronised to disk); once given it never changes.
* **`observe` never guesses.** It answers for all jobs asked about in one cheap call. What cannot be learnt is
  `JobPhase.UNKNOWN` with a sentence, never an ending; "lost" is an ending (`EndReason.SUPERVISOR_LOST`,
  `EndReason.MACHINE_RESTARTED`) only with evidence: another boot id, or a process that is gone while its
  status file was never written. A job that was never submitted is `JobPhase.ABSENT`.
* **`cancel` is a recorded request.** It may be repeated, comes too late without harm, and leads to an
  observation with an `exit`: polite first (SIGTERM to every process), firm after the grace period.
* **Logs** are readable while the job runs and after it, to the last byte that it wrote, by offset, and never
  outside the job's own log folders.
* **Nothing acknowledged is lost.** Metrics that the job's relay acknowledged are delivered before `exit` is
  reported; while they can't be delivered the job stays in `JobPhase.FINALIZING`.
* Methods block briefly, and may be called from several threads at once.

Every implementation passes `lapisml.testing.compute.ComputeBackendSuite`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from lapisml.ports.endings import EndReason, Outcome
from lapisml.ports.launch import (
    SPEC_VERSION,
    ArmSpec,
    ArtifactsSpec,
    CodeSpec,
    EnvironmentSpec,
    InputSpec,
    LaunchSpec,
    OutputSpec,
    PartSpec,
    ResourceSpec,
    TrackingSpec,
)

__all__ = [
    "SPEC_VERSION",
    "ArmSpec",
    "ArtifactsSpec",
    "Capabilities",
    "CodeSpec",
    "ComputeBackend",
    "EndReason",
    "EnvironmentSpec",
    "ExitStatus",
    "Handle",
    "Help",
    "InputSpec",
    "JobPhase",
    "JournalEntry",
    "LaunchSpec",
    "LogChunk",
    "LogFile",
    "MetricSample",
    "NodeStanding",
    "Observation",
    "Outcome",
    "OutputSpec",
    "PartSpec",
    "ResourceSpec",
    "Standing",
    "TrackingSpec",
    "Watch",
]


@dataclass(frozen=True)
class Handle:
    """What a backend needs to find a job again; kept by the server as `to_json`.

    Attributes:
        workspace, job: names; a job's name is unique within its workspace only.
        submit_key: the key it was submitted under.
        part: which share of a job of several machines, from 0; the job itself is its part 0.
    """

    workspace: str
    job: str
    submit_key: str
    part: int = 0

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        plain: dict[str, Any] = {"workspace": self.workspace, "job": self.job, "submit_key": self.submit_key}
        return {**plain, "part": self.part} if self.part else plain

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Handle:
        """Read `to_json`'s form back."""
        return cls(body["workspace"], body["job"], body["submit_key"], int(body.get("part", 0)))


class JobPhase(StrEnum):
    """Where a job is, as its runner tells it."""

    ABSENT = "absent"
    """Nothing was ever submitted under this key here: submitting it (again) is safe."""
    UNKNOWN = "unknown"
    """Nothing can be learnt at present; see `Observation.sentence`."""
    SUBMITTED = "submitted"
    """Known there, its runner has not spoken yet."""
    PREPARING = "preparing"
    STARTING = "starting"
    RUNNING = "running"
    FINALIZING = "finalizing"
    ENDED = "ended"
    """`Observation.exit` says how."""


@dataclass(frozen=True)
class JournalEntry:
    """One line of the runner's journal.

    Attributes:
        seq: 1, 2, 3 … within the job.
        at: milliseconds since the epoch, UTC, by the clock of the machine that ran the job.
        phase: the phase that begins with it, or in which it happened.
        reason: a sentence for the person, may be empty.
        detail: facts, plain JSON; ``{"warning": sentence}`` marks a warning that belongs to the job's record,
            ``{"step": word}`` a step within the phase that the job's record shows (``Environment``, ``Inputs``).
    """

    seq: int
    at: int
    phase: str
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MetricSample:
    """System metrics at one moment.

    Attributes:
        at: milliseconds since the epoch, UTC.
        values: ``system/cpu_utilization_percentage`` …, named as MLflow names them → value.
    """

    at: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class ExitStatus:
    """How a job ended.

    Attributes:
        outcome: the job's terminal state.
        reason_code: the one cause.
        reason: the sentence for the person.
        exit_code: the command's, None when it did not exit by itself.
        signal: number of the signal that ended the command, None otherwise.
        started_at, ended_at: of the command and of the job, ms since the epoch; None when it never started.
        log_tail: last lines of the user's log, at most 4 KiB, undecodable bytes replaced.
        cause_at: when what ended the job came about: the request, the limit, the end of what failed; None where
            that was not written down.
    """

    outcome: Outcome
    reason_code: EndReason
    reason: str
    exit_code: int | None = None
    signal: int | None = None
    started_at: int | None = None
    ended_at: int = 0
    log_tail: str = ""
    cause_at: int | None = None

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> ExitStatus:
        """Read ``exit.json``; unknown keys of a newer runner are left out."""
        known = {k: body[k] for k in cls.__dataclass_fields__ if k in body}
        known["outcome"] = Outcome(body["outcome"])
        known["reason_code"] = EndReason(body["reason_code"])
        return cls(**known)


@dataclass(frozen=True)
class Watch:
    """A job asked about, with what the asker has seen already.

    Attributes:
        handle: the job.
        journal_after: cursor of `Observation.journal_cursor`; 0 gives the journal from its beginning.
        metrics_after: cursor of `Observation.metrics_cursor`.
    """

    handle: Handle
    journal_after: int = 0
    metrics_after: int = 0


class Help(StrEnum):
    """What the other parts of a job of several machines are to its first; told by the first."""

    NONE = ""
    """Equals: the first that fails ends all."""
    SPARE = "spare"
    """They help it, and all that they did is with it: how it ends is how the job ends, whatever becomes of them."""
    KEEPING = "keeping"
    """They help it, and store at their end what they made: the job has ended well when they have."""


@dataclass(frozen=True)
class Observation:
    """What is known of one job.

    Attributes:
        handle: the job.
        phase: where it is.
        sentence: why it is there, or why nothing is known.
        journal, metrics: what is new since the cursors of the `Watch`, oldest first.
        journal_cursor, metrics_cursor: to be given with the next `Watch`; opaque, only ever grow.
        exit: set exactly when `phase` is ENDED.
        help: what the job's other parts are to this one.
    """

    handle: Handle
    phase: JobPhase
    sentence: str = ""
    journal: Sequence[JournalEntry] = ()
    journal_cursor: int = 0
    metrics: Sequence[MetricSample] = ()
    metrics_cursor: int = 0
    exit: ExitStatus | None = None
    help: Help = Help.NONE


@dataclass(frozen=True)
class LogFile:
    """A log: POSIX path below the job (``user_logs/std_log.txt``), bytes so far, last change in ms."""

    path: str
    size: int
    modified_at: int


@dataclass(frozen=True)
class LogChunk:
    """Bytes of a log from an offset on, and the log's size at that moment."""

    data: bytes
    size: int


@dataclass(frozen=True)
class Capabilities:
    """What a backend can do; asked before a job is accepted, so that a refusal comes early.

    Attributes:
        multi_node: one job may span several machines.
        containers: images are run as containers.
        gpus: the place has GPUs that a job can use.
        local_paths: jobs see the server's file system.
        queues: the place has a queue of its own: jobs are handed over at once, `LaunchSpec.nodes` is empty, and a
            job that waits there is SUBMITTED with a sentence that says what for.
        serving: models that answer requests can be kept there.
    """

    multi_node: bool = False
    containers: bool = False
    gpus: bool = False
    local_paths: bool = True
    queues: bool = False
    serving: bool = True


@dataclass(frozen=True)
class NodeStanding:
    """One machine of a compute, as it is now.

    Attributes:
        name: what its engine calls it.
        state: ``idle``, ``running``, ``unreachable``, ``down``.
        cpus, gpus, memory_mb: what it has; None where it is not known.
        load: processes that want to run, mean of a minute; None where it is not known.
        sentence: why it is not to be had, else empty.
        gpu_kind: which GPUs these are, in the engine's words; empty where that is not known.
        memory_free_mb: memory that programs can have now; None where it is not known.
        disk_free_mb: space that is left where its jobs lie; None where it is not known.
    """

    name: str
    state: str
    cpus: float | None = None
    gpus: int | None = None
    memory_mb: int | None = None
    load: float | None = None
    sentence: str = ""
    gpu_kind: str = ""
    memory_free_mb: int | None = None
    disk_free_mb: int | None = None


@dataclass(frozen=True)
class Standing:
    """How a compute is now.

    Attributes:
        state: ``ready``, or ``unreachable`` while nothing can be learnt of it.
        sentence: for the person: why, and the way out; empty when all is well.
        nodes: its machines.
        engine: facts for the person, in order: ``{"Ray": "2.40.0"}``.
    """

    state: str = "ready"
    sentence: str = ""
    nodes: Sequence[NodeStanding] = ()
    engine: Mapping[str, str] = field(default_factory=dict)


class ComputeBackend(Protocol):
    """Runs jobs; see the module's text for what it promises."""

    @property
    def capabilities(self) -> Capabilities:
        """Say what this backend can do."""
        ...

    def submit(self, spec: LaunchSpec) -> Handle:
        """Hand a job over; the same submit key again returns the same handle and starts nothing.

        Raises:
            LapisError: Conflict when the job is known there under another submit key, NotSupported for a
                specification this backend can't honour, StorageFull without space for the job's folder.
        """
        ...

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Say what is known of each job, in the order asked; never raises because of one of them."""
        ...

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request to end a job and see to it.

        Args:
            handle: the job; one that has ended or is absent is left alone.
            grace_s: seconds between SIGTERM and SIGKILL; None means the specification's.
            by: who asked, for the record and the sentence.
        """
        ...

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List a job's logs, sorted by path; empty when there is no such job."""
        ...

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read up to `limit` bytes of a log from byte `offset` on; empty at or after its end.

        Raises:
            LapisError: NotFound when there is no such log, PathNotAllowed for a path outside the log folders.
        """
        ...

    def discard(self, handle: Handle) -> None:
        """Remove what a job that has ended left on the compute; nothing left is no error.

        Raises:
            LapisError: Conflict when the job has not ended.
        """
        ...

    def describe(self) -> Standing:
        """Say how the place is now; answers within seconds and never raises."""
        ...

    def close(self) -> None:
        """Let go of connections and helpers; jobs go on."""
        ...
