"""What follows from the news of a revision. Pure: no clock, no database, no processes.

A revision that was ready once is started again for ever, with growing pauses: a person who is away must not find a
dead endpoint because memory ran out in the night. One that never was ready is tried again only when its processes
were ended from outside; a model that can't be loaded can't be loaded the next time either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lapisml.ports.compute import ExitStatus, JobPhase
from lapisml.ports.endings import EndReason
from lapisml.ports.serving import RevisionRecord
from lapisml.server.features.endpoints.records import Revision, RevisionState

RUNNING_STATES = ("ready", "zero")
"""States of a keeper in which requests may come."""

_FROM_OUTSIDE = frozenset(
    {
        EndReason.SIGNALLED,
        EndReason.KILLED,
        EndReason.OUT_OF_MEMORY,
        EndReason.SUPERVISOR_LOST,
        EndReason.MACHINE_RESTARTED,
        EndReason.NODE_LOST,
        EndReason.CANCELED,
    }
)
_MOST_TRIES = 4
_LASTED_MS = 20_000
"""An attempt that ran this long was no failed one."""
_FIRST_PAUSE_MS, _LONGEST_PAUSE_MS = 500, 60_000


@dataclass(frozen=True)
class Verdict:
    """What to do with a revision.

    Attributes:
        changes: columns of its row.
        end_job: whether its job is to be ended.
    """

    changes: dict[str, Any] = field(default_factory=dict)
    end_job: bool = False


def on_word(revision: Revision, word: RevisionRecord, now: int) -> Verdict:
    """Decide on what the keeper of a revision that is to run says.

    Args:
        word: of the keeper of the attempt at hand.
        now: milliseconds since the epoch, UTC.
    """
    changes: dict[str, Any] = {}
    if word.state in RUNNING_STATES:
        if not revision.is_ready:
            changes |= {"state": RevisionState.READY.value, "reason": "", "log_tail": ""}
        if revision.ready_at is None:
            changes["ready_at"] = now
        if revision.tries and now - (revision.started_at or now) > _LASTED_MS:
            changes["tries"] = 0
    elif word.state == "failed":
        told = {"reason": word.reason or "It can't be served.", "log_tail": word.log_tail}
        if revision.state is RevisionState.STARTING:
            return Verdict({**told, "state": RevisionState.FAILED.value}, end_job=True)
        if (revision.reason, revision.log_tail) != (told["reason"], told["log_tail"]):
            changes |= told
    return Verdict(changes)


def on_wait(revision: Revision, word: RevisionRecord | None, sentence: str) -> Verdict:
    """Decide on a revision that has not been ready yet: say what it waits for.

    Args:
        word: of the keeper of the attempt at hand, None before it has spoken.
        sentence: of the compute, which knows what comes before the keeper.
    """
    if revision.state is not RevisionState.STARTING:
        return Verdict()
    if word is None:
        found = sentence or "Its job is being started on the compute."
    elif word.state == "starting":
        found = word.reason or "Its replicas are being started; they load the model, then their probes are awaited."
    else:
        return Verdict()
    return Verdict({"waits_for": found} if found != revision.waits_for else {})


def on_end(revision: Revision, status: ExitStatus | None, word: RevisionRecord | None, now: int) -> Verdict:
    """Decide on the end of the job of a revision that is to run.

    Args:
        status: how it ended; None when nothing is left of it.
        word: the last that its keeper wrote, None when it wrote nothing.
    """
    reason, tail, final = _cause(status, word)
    if revision.state is RevisionState.STARTING and (final or revision.tries >= _MOST_TRIES):
        return Verdict({"state": RevisionState.FAILED.value, "reason": reason, "log_tail": tail, "ended_at": now})
    lasted = now - (revision.started_at or now) > _LASTED_MS
    tries = 1 if lasted else revision.tries + 1
    changes: dict[str, Any] = {
        "attempt": revision.attempt + 1,
        "tries": tries,
        "handed_over": False,
        "next_at": now + pause_ms(tries),
    }
    if final or tries > _MOST_TRIES:
        changes |= {"reason": f"{reason} It is started again.", "log_tail": tail}
    return Verdict(changes)


def pause_ms(tries: int) -> int:
    """Give the time before the next attempt, milliseconds.

    Args:
        tries: attempts that ended by themselves one after the other, from 1.
    """
    return 0 if tries <= 1 else min(_LONGEST_PAUSE_MS, _FIRST_PAUSE_MS << min(tries - 2, 10))


def _cause(status: ExitStatus | None, word: RevisionRecord | None) -> tuple[str, str, bool]:
    """Give reason, last lines of the log, and whether another attempt would end the same way."""
    if word is not None and word.state == "failed":
        return word.reason or "It can't be served.", word.log_tail, True
    if status is None:
        return "The folder of its job is gone.", "", False
    return status.reason, status.log_tail, status.reason_code not in _FROM_OUTSIDE


def is_over(phase: JobPhase) -> bool:
    """Say whether nothing of a job runs, and nothing will."""
    return phase in (JobPhase.ENDED, JobPhase.ABSENT)
