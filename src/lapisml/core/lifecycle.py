"""The life cycle of a job: one table of legal moves, one reason for every state.

The states are those of Azure ML's jobs. `MOVES` is the only place that says what may follow what; the one
writer (``server.features.jobs.store.move``) asks `check_move` before it changes a row and records the event
in the same transaction. A terminal state has no way out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from lapisml.core.errors import ErrorCode, LapisError


class JobState(StrEnum):
    """Where a job is."""

    NOT_STARTED = "NotStarted"
    QUEUED = "Queued"
    PREPARING = "Preparing"
    STARTING = "Starting"
    RUNNING = "Running"
    FINALIZING = "Finalizing"
    CANCEL_REQUESTED = "CancelRequested"
    NOT_RESPONDING = "NotResponding"
    PAUSED = "Paused"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELED = "Canceled"


S = JobState

TERMINAL = frozenset({S.COMPLETED, S.FAILED, S.CANCELED})
"""States that never change."""

ON_COMPUTE = frozenset({S.PREPARING, S.STARTING, S.RUNNING, S.FINALIZING, S.NOT_RESPONDING})
"""States in which a job holds nodes (as does CancelRequested, when the job had been handed over)."""

COMPOSITE = frozenset({"pipeline", "sweep"})
"""Types of jobs that run no process: the server starts their children."""

_ENDS = frozenset({S.COMPLETED, S.FAILED, S.CANCELED})

MOVES: dict[JobState, frozenset[JobState]] = {
    S.NOT_STARTED: frozenset({S.QUEUED, S.RUNNING, S.CANCEL_REQUESTED, S.COMPLETED, S.FAILED, S.CANCELED}),
    S.QUEUED: frozenset({S.PREPARING, S.PAUSED, S.CANCEL_REQUESTED, S.FAILED, S.CANCELED}),
    S.PAUSED: frozenset({S.QUEUED, S.CANCEL_REQUESTED, S.CANCELED}),
    S.PREPARING: frozenset({S.STARTING, S.FINALIZING, S.CANCEL_REQUESTED, S.NOT_RESPONDING, S.FAILED, S.CANCELED}),
    S.STARTING: frozenset({S.RUNNING, S.FINALIZING, S.CANCEL_REQUESTED, S.NOT_RESPONDING, S.FAILED, S.CANCELED}),
    S.RUNNING: frozenset({S.FINALIZING, S.CANCEL_REQUESTED, S.NOT_RESPONDING}) | _ENDS,
    S.FINALIZING: frozenset({S.CANCEL_REQUESTED, S.NOT_RESPONDING}) | _ENDS,
    S.CANCEL_REQUESTED: _ENDS,
    S.NOT_RESPONDING: frozenset({S.PREPARING, S.STARTING, S.RUNNING, S.FINALIZING, S.CANCEL_REQUESTED}) | _ENDS,
    S.COMPLETED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELED: frozenset(),
}
"""State → states that may follow. A pipeline or a sweep runs at once: it needs no node. A step whose result is
reused completes without having run."""

CAME_FROM: dict[JobState, frozenset[JobState]] = {
    to: frozenset(before for before, after in MOVES.items() if to in after) for to in JobState
}
"""State → states that it may follow; derived from `MOVES`."""


class WaitReason(StrEnum):
    """Why a job that could not yet start waits; each has its sentence in `WAIT_SENTENCES`."""

    IN_LINE = "InLine"
    COMPUTE_STOPPED = "ComputeStopped"
    COMPUTE_GONE = "ComputeGone"
    COMPUTE_AWAY = "ComputeAway"


WAIT_SENTENCES: dict[WaitReason, str] = {
    WaitReason.IN_LINE: "Queued: {place} in line for {compute}; {holders}.",
    WaitReason.COMPUTE_STOPPED: "Queued: {compute} is stopped; start it: lapis compute start -n {compute}.",
    WaitReason.COMPUTE_GONE: "Queued: {compute} no longer exists; create it again or cancel the job.",
    WaitReason.COMPUTE_AWAY: "Queued: nothing of {compute} can be had now: {trouble}",
}


@dataclass(frozen=True)
class Move:
    """One step of a job.

    Attributes:
        to: the state it reaches.
        code: stable word for the cause (``Allocated``, ``UserScriptFailed`` …).
        reason: the sentence that a person reads.
        at: milliseconds since the epoch, UTC.
    """

    to: JobState
    code: str
    reason: str
    at: int


def is_terminal(state: JobState) -> bool:
    """Say whether `state` never changes."""
    return state in TERMINAL


def check_move(job: str, before: JobState, to: JobState, story: str = "") -> None:
    """Refuse a move that the table does not hold.

    Raises:
        LapisError: IllegalTransition, with how the job got where it is.
    """
    if to not in MOVES[before]:
        raise LapisError(
            ErrorCode.ILLEGAL_TRANSITION,
            f"Job '{job}' can't go from {before.value} to {to.value}." + (f" So far: {story}" if story else ""),
        )


def ordinal(number: int) -> str:
    """Write 1 as ``1st``, 2 as ``2nd``, 11 as ``11th``."""
    tail = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"
