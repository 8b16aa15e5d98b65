"""Jobs that between them make every move that this version makes, and what must be true of each at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.lifecycle import MOVES, JobState

S = JobState
Edge = tuple[JobState, JobState]
LINES = 40
"""Lines that the script of a plan prints before it ends."""

EDGES: list[Edge] = [(before, after) for before in MOVES for after in sorted(MOVES[before])]


@dataclass(frozen=True)
class Plan:
    """One kind of job.

    Attributes:
        name: a word for the test's name.
        edges: the moves it makes, in order.
        tail: shell text that follows the printed lines.
        cancel_in: the state in which the test asks for its end.
        needs_stopped_compute: it waits for a compute that is stopped.
        document: further keys of the job document.
        runs: whether the script starts.
    """

    name: str
    edges: tuple[Edge, ...]
    tail: str = ""
    cancel_in: JobState | None = None
    needs_stopped_compute: bool = False
    document: dict[str, Any] = field(default_factory=dict)
    runs: bool = True

    @property
    def end(self) -> JobState:
        """The state in which the job belongs at its end."""
        return self.edges[-1][1]

    def job_document(self, mark: Path, hold: Path) -> dict[str, Any]:
        """Return the job document; the script appends ``begin`` and ``end`` to the file `mark`."""
        compute = "azureml:stopped-cluster" if self.needs_stopped_compute else "azureml:kill-cluster"
        text = f"echo begin >> {mark}; for i in $(seq 1 {LINES}); do echo line $i; done; {self.tail}".rstrip("; ")
        command = f"{text.format(hold=hold)}; echo end >> {mark}"
        base = {"type": "command", "command": command, "compute": compute, "experiment_name": "kills"}
        return {**base, "environment": {"image": "python"}, **self.document}


_START = ((S.NOT_STARTED, S.QUEUED), (S.QUEUED, S.PREPARING), (S.PREPARING, S.STARTING), (S.STARTING, S.RUNNING))
_WAIT = "while [ ! -e {hold} ]; do sleep 0.05; done"

PLANS = (
    Plan("completes", (*_START, (S.RUNNING, S.FINALIZING), (S.FINALIZING, S.COMPLETED)), "sleep 0.3"),
    Plan("fails", (*_START, (S.RUNNING, S.FINALIZING), (S.FINALIZING, S.FAILED)), "sleep 0.3; exit 3"),
    Plan(
        "is-cancelled-running",
        (*_START, (S.RUNNING, S.CANCEL_REQUESTED), (S.CANCEL_REQUESTED, S.CANCELED)),
        _WAIT,
        cancel_in=S.RUNNING,
    ),
    Plan(
        "is-cancelled-waiting",
        ((S.NOT_STARTED, S.QUEUED), (S.QUEUED, S.CANCEL_REQUESTED), (S.CANCEL_REQUESTED, S.CANCELED)),
        cancel_in=S.QUEUED,
        needs_stopped_compute=True,
        runs=False,
    ),
)

_SILENCE = "a compute must stay silent for half a minute: see the tests of progress in tests/unit"
_PAUSE = "nothing pauses a job in this version"
_RACE = "made only when the compute's news skips a phase or comes while a cancel is under way; see tests/unit"

UNREACHED: dict[Edge, str] = {
    **{edge: _SILENCE for edge in EDGES if S.NOT_RESPONDING in edge},
    **{edge: _PAUSE for edge in EDGES if S.PAUSED in edge},
}
"""Moves of the table that no plan makes, and why."""
