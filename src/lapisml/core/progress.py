"""What the news from a compute means for a job: a pure decision, tested by feeding it news."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lapisml.core.lifecycle import JobState, Move

_RANK = {JobState.QUEUED: 0, JobState.PREPARING: 1, JobState.STARTING: 2, JobState.RUNNING: 3, JobState.FINALIZING: 4}
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
_SUBMITTED = "submitted"

WAITS_THERE = "WaitsForCompute"
"""Code of a job that its compute has in a queue of its own."""

SILENT = "ComputeSilent"
"""Code of a job whose compute gives no answer."""

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
        now_in: the phase that the job is in, empty when nothing could be learnt.
        sentence: why it is there, or why nothing could be learnt.
    """

    phases: Sequence[Phase] = ()
    ended: bool = False
    unreachable_ms: int = 0
    now_in: str = ""
    sentence: str = ""


def moves(state: JobState, news: News, now: int, code: str = "", said: str = "") -> list[Move]:
    """Give the moves that bring a job in `state` up to date, the last phase at the end.

    A step within a phase gives a move to the state in which the job is, with the step as its code; `code` and `said`
    are those of the job's last move. Absence of news is never taken for failure: it makes the job NotResponding,
    which any news undoes. A job that its compute has in a queue stays Queued, with the compute's words, until a
    phase begins. The end itself is not decided here, since outputs are recorded first.
    """
    if state == JobState.CANCEL_REQUESTED or not (state in _RANK or state == JobState.NOT_RESPONDING):
        return []
    known = [phase for phase in news.phases if phase.name in _PHASE_STATE]
    if news.unreachable_ms >= UNREACHABLE_AFTER_MS and not known:
        return _silent(state, news, now, code)
    if state == JobState.NOT_RESPONDING:
        return _again(known, news, now)
    if state == JobState.QUEUED and not known:
        return _waiting(news, now, code, said)
    return _forward(state, known, code)


def _silent(state: JobState, news: News, now: int, code: str) -> list[Move]:
    """Say once that the compute gives no answer; a job in its queue stays there."""
    if state == JobState.NOT_RESPONDING or code == SILENT:
        return []
    seconds, why = news.unreachable_ms // 1000, f" {news.sentence}" if news.sentence else ""
    if state == JobState.QUEUED:
        sentence = f"Queued: the compute has not answered for {seconds} s; the job is in its queue.{why}"
        return [Move(state, SILENT, sentence, now)]
    sentence = f"The compute has not answered for {seconds} s; the job may well be running. Checking on.{why}"
    return [Move(JobState.NOT_RESPONDING, SILENT, sentence, now)]


def _again(known: Sequence[Phase], news: News, now: int) -> list[Move]:
    """Bring a job back whose compute answers again, with or without something new to tell."""
    if known:
        return [_step(known[-1])]
    to = JobState.PREPARING if news.now_in == _SUBMITTED else _PHASE_STATE.get(news.now_in)
    return [] if to is None else [Move(to, to.value, _SENTENCES[to], now)]


def _waiting(news: News, now: int, code: str, said: str) -> list[Move]:
    """Tell what a job in the compute's own queue waits for."""
    if news.now_in != _SUBMITTED:
        return []
    sentence = f"Queued: {news.sentence or 'the compute has it in its queue.'}"
    return [] if (code, said) == (WAITS_THERE, sentence) else [Move(JobState.QUEUED, WAITS_THERE, sentence, now)]


def _forward(state: JobState, known: Sequence[Phase], code: str) -> list[Move]:
    reached = _RANK[state]
    steps: list[Move] = []
    for phase in _since(known, code):
        if state == JobState.QUEUED and not steps and _PHASE_STATE[phase.name] != JobState.PREPARING:
            steps.append(_step(Phase("preparing", phase.at)))  # there is no other way out of the line
            reached = _RANK[JobState.PREPARING]
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
