"""What the news from a compute means for a job: a pure decision, tested by feeding it news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lapisml.core.lifecycle import JobState, Move

_RANK = {JobState.PREPARING: 1, JobState.STARTING: 2, JobState.RUNNING: 3, JobState.FINALIZING: 4}
_PHASE_STATE = {
    "preparing": JobState.PREPARING,
    "starting": JobState.STARTING,
    "running": JobState.RUNNING,
    "finalizing": JobState.FINALIZING,
}
_SENTENCES = {
    JobState.PREPARING: "Preparing: code, environment and inputs.",
    JobState.STARTING: "Starting the command.",
    JobState.RUNNING: "Running.",
    JobState.FINALIZING: "Finalizing: outputs and logs.",
}

UNREACHABLE_AFTER_MS = 30_000
"""How long a compute may give no answer before the job is shown as NotResponding, milliseconds."""


@dataclass(frozen=True)
class Phase:
    """A phase that the runner has entered, with the runner's own clock (milliseconds) and words.

    Attributes:
        step: what begins within the phase (``Environment``, ``Inputs``), empty at the begin of the phase itself.
    """

    name: str
    at: int
    reason: str = ""
    step: str = ""


@dataclass(frozen=True)
class News:
    """What a compute says of a job.

    Attributes:
        phases: every phase entered so far, in order; phases seen before may come again, and one phase may be
            told more than once.
        ended: the runner has written the exit status.
        unreachable_ms: for how long nothing could be learnt, 0 when the compute answered.
    """

    phases: Sequence[Phase] = ()
    ended: bool = False
    unreachable_ms: int = 0


def moves(state: JobState, news: News, now: int, code: str = "") -> list[Move]:
    """Give the moves that bring a job in `state` up to date, the last phase at the end.

    A step within a phase gives a move to the state in which the job is, with the step as its code; `code` is
    that of the job's last move. Absence of news is never taken for failure: it makes the job NotResponding, which
    any news undoes. The end itself is not decided here, since outputs are recorded first.
    """
    if state == JobState.CANCEL_REQUESTED or not (state in _RANK or state == JobState.NOT_RESPONDING):
        return []
    if news.unreachable_ms >= UNREACHABLE_AFTER_MS and not news.phases and state != JobState.NOT_RESPONDING:
        seconds = news.unreachable_ms // 1000
        sentence = f"The compute has not answered for {seconds} s; the job may well be running. Checking on."
        return [Move(JobState.NOT_RESPONDING, "ComputeSilent", sentence, now)]
    known = [phase for phase in news.phases if phase.name in _PHASE_STATE]
    if state == JobState.NOT_RESPONDING:
        return [_step(known[-1])] if known else []
    reached = _RANK[state]
    steps = []
    for phase in _since(known, code):
        rank = _RANK[_PHASE_STATE[phase.name]]
        if rank > reached or (rank == reached and phase.step):
            reached = rank
            steps.append(_step(phase))
    return steps


def _since(phases: Sequence[Phase], step: str) -> Sequence[Phase]:
    """Leave out what was told up to a step, for phases may be told again."""
    told = [place for place, phase in enumerate(phases) if step and phase.step == step]
    return phases[told[-1] + 1 :] if told else phases


def _step(phase: Phase) -> Move:
    to = _PHASE_STATE[phase.name]
    return Move(to, phase.step or to.value, phase.reason or _SENTENCES[to], phase.at)
