"""Endings that no node can write down: a job cancelled while it waited, a node that is gone, a refusal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lapisml.core.clock import SystemClock
from lapisml.ports.compute import ExitStatus, JobPhase, JournalEntry, Observation, Watch
from lapisml.ports.endings import OUTCOMES, SENTENCES, EndReason


def ending(reason: EndReason, **words: str) -> dict[str, Any]:
    """Make an ending, plain; `words` are those that the reason's sentence needs."""
    status = ExitStatus(OUTCOMES[reason], reason, SENTENCES[reason].format(**words), ended_at=SystemClock().now_ms())
    return asdict(status)


def ended(watch: Watch, plain: dict[str, Any], *, has_journal: bool) -> Observation:
    """Give the observation of a job that ended so.

    Args:
        watch: what was asked.
        plain: the ending.
        has_journal: whether a node kept a journal of it; without one its end is the journal's one line.
    """
    status = ExitStatus.from_json(plain)
    journal: list[JournalEntry] = []
    if not has_journal and watch.journal_after == 0:
        journal = [JournalEntry(1, status.ended_at, JobPhase.ENDED.value, status.reason)]
    cursor = max(watch.journal_after, 1)
    return Observation(watch.handle, JobPhase.ENDED, status.reason, journal, cursor, [], watch.metrics_after, status)


def bare(watch: Watch, phase: JobPhase, sentence: str) -> Observation:
    """Give an observation without anything new."""
    return Observation(watch.handle, phase, sentence, [], watch.journal_after, [], watch.metrics_after)
