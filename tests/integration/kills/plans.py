"""Jobs that between them make every move that this version makes, and what must be true of each at its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.core.lifecycle import MOVES, JobState

S = JobState
Edge = tuple[JobState, JobState]
CLUSTER, STOPPED = "kill-cluster", "stopped-instance"
SILENT = "http://silent/data.csv"
"""Stands for the address of a server that takes connections and never answers: whoever fetches it waits."""
LINES = 40
"""Lines that the script of a plan prints before it ends."""

EDGES: list[Edge] = [(before, after) for before in MOVES for after in sorted(MOVES[before])]


@dataclass(frozen=True)
class Plan:
    """One kind of job.

    Attributes:
        name: a word for the test's name.
        edges: the moves it makes, in order.
        tail: shell text that follows the printed lines; ``{hold}`` is a file that never comes.
        cancel_in: the state in which the test asks for its end.
        compute: where it runs.
        keys: further keys of the job document.
        runs: whether the script starts.
        loses: a datastore that the test deletes, and only then starts the compute.
    """

    name: str
    edges: tuple[Edge, ...]
    tail: str = "true"
    cancel_in: JobState | None = None
    compute: str = CLUSTER
    keys: dict[str, Any] = field(default_factory=dict)
    runs: bool = True
    loses: str | None = None

    @property
    def end(self) -> JobState:
        """The state in which the job belongs at its end."""
        return self.edges[-1][1]

    def job_document(self, mark: Path, hold: Path) -> dict[str, Any]:
        """Return the job document; its script prints lines, and appends ``begin`` and ``end`` to the file `mark`."""
        lines = f"for i in $(seq 1 {LINES}); do echo line $i; done"
        command = f"{lines}; echo begin >> {mark}; {self.tail.format(hold=hold)}; echo end >> {mark}"
        base = {"type": "command", "command": command, "compute": f"azureml:{self.compute}", "experiment_name": "kills"}
        return {**base, "environment": {"image": "python"}, **self.keys}


def _input(uri: str) -> dict[str, Any]:
    return {"inputs": {"data": {"type": "uri_file", "path": uri, "mode": "download"}}}


_LINE = ((S.NOT_STARTED, S.QUEUED), (S.QUEUED, S.PREPARING))
_START = (*_LINE, (S.PREPARING, S.STARTING), (S.STARTING, S.RUNNING))
_WAIT = "while [ ! -e {hold} ]; do sleep 0.05; done"

PLANS = (
    Plan("completes", (*_START, (S.RUNNING, S.FINALIZING), (S.FINALIZING, S.COMPLETED)), "sleep 0.3"),
    Plan("fails", (*_START, (S.RUNNING, S.FINALIZING), (S.FINALIZING, S.FAILED)), "sleep 0.3; exit 3"),
    Plan(
        "runs-out-of-time",
        (*_START, (S.RUNNING, S.FINALIZING), (S.FINALIZING, S.CANCELED)),
        _WAIT,
        keys={"limits": {"timeout": 1}},
    ),
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
        compute=STOPPED,
        runs=False,
    ),
    Plan(
        "is-cancelled-preparing",
        (*_LINE, (S.PREPARING, S.CANCEL_REQUESTED), (S.CANCEL_REQUESTED, S.CANCELED)),
        cancel_in=S.PREPARING,
        keys=_input(SILENT),
        runs=False,
    ),
    Plan(
        "misses-its-input",
        (*_LINE, (S.PREPARING, S.FINALIZING), (S.FINALIZING, S.FAILED)),
        keys=_input("azureml://datastores/workspaceblobstore/paths/not-there.csv"),
        runs=False,
    ),
    Plan(
        "loses-its-datastore",
        (*_LINE, (S.PREPARING, S.FAILED)),
        compute=STOPPED,
        keys=_input("azureml://datastores/passing/paths/data.csv"),
        runs=False,
        loses="passing",
    ),
)

_SILENCE = "a compute must stay silent for half a minute: tests/unit/core/test_progress.py"
_PAUSE = "nothing pauses a job in this version"
_RACE = "two things must fall within a few milliseconds; the code is that of the neighbouring moves"
_UNUSED = "no part makes this move in this version"

_COMPOSITE = "only pipelines and sweeps, whose kills have tests of their own"
_REUSED = "only a step whose result is reused, which is one transaction"
UNREACHED: dict[Edge, str] = {
    **{edge: _SILENCE for edge in EDGES if S.NOT_RESPONDING in edge},
    **{edge: _PAUSE for edge in EDGES if S.PAUSED in edge},
    (S.NOT_STARTED, S.CANCEL_REQUESTED): _RACE,
    (S.STARTING, S.CANCEL_REQUESTED): _RACE,
    (S.FINALIZING, S.CANCEL_REQUESTED): _RACE,
    (S.CANCEL_REQUESTED, S.COMPLETED): _RACE,
    (S.CANCEL_REQUESTED, S.FAILED): _RACE,
    (S.STARTING, S.FINALIZING): _RACE,
    (S.NOT_STARTED, S.FAILED): _UNUSED,
    (S.NOT_STARTED, S.RUNNING): _COMPOSITE,
    (S.NOT_STARTED, S.COMPLETED): _REUSED,
    (S.NOT_STARTED, S.CANCELED): _UNUSED,
    (S.QUEUED, S.FAILED): _UNUSED,
    (S.QUEUED, S.CANCELED): _UNUSED,
    (S.PREPARING, S.CANCELED): _UNUSED,
    (S.STARTING, S.FAILED): _UNUSED,
    (S.STARTING, S.CANCELED): _UNUSED,
    (S.RUNNING, S.COMPLETED): _UNUSED,
    (S.RUNNING, S.FAILED): _UNUSED,
    (S.RUNNING, S.CANCELED): _UNUSED,
}
"""Moves of the table that no plan makes, and why."""
