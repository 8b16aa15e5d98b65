"""How a sweep goes on: how many trials start, and when and how it ends."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from lapisml.core.lifecycle import JobState


class TrialPhase(StrEnum):
    """Where a trial is."""

    LIVE = "live"
    COMPLETED = "completed"
    STOPPED = "stopped"
    """Ended by the policy or by a limit of the sweep; what it logged counts."""
    FAILED = "failed"
    CANCELED = "canceled"
    """Ended by somebody."""


OVER = frozenset(TrialPhase) - {TrialPhase.LIVE}


@dataclass(frozen=True)
class TrialState:
    """What is known of a trial.

    Attributes:
        number: from 0.
        name: of its job.
        score: the best value of the primary metric that it logged; None when it logged none.
        reason: why it ended, a sentence.
    """

    number: int
    name: str
    phase: TrialPhase
    score: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Ending:
    """How a sweep ends."""

    state: JobState
    code: str
    reason: str
    best: TrialState | None = None


def best_of(trials: Sequence[TrialState], maximize: bool) -> TrialState | None:
    """Give the trial with the best score, the earlier of equals.

    Trials that completed come first: those that were stopped have not written all of their outputs, and count
    only where no trial completed. A trial that failed or was canceled is never the best.
    """
    for phases in ((TrialPhase.COMPLETED,), (TrialPhase.STOPPED,)):
        scored = [trial for trial in trials if trial.phase in phases and trial.score is not None]
        if scored:
            sign = -1.0 if maximize else 1.0
            return min(scored, key=lambda trial: (sign * (trial.score or 0.0), trial.number))
    return None


def to_start(trials: Sequence[TrialState], total: int, concurrent: int) -> int:
    """Say how many trials start now."""
    live = sum(trial.phase == TrialPhase.LIVE for trial in trials)
    return max(0, min(concurrent - live, total - len(trials)))


def note(trials: Sequence[TrialState], total: int, metric: str, maximize: bool) -> str:
    """Say where a sweep stands: ``12 of 20 trials are over (1 failed), 4 are running; best accuracy 0.93: …``."""
    over = [trial for trial in trials if trial.phase in OVER]
    live = len(trials) - len(over)
    sentence = f"{len(over)} of {total} trials are over{_parted(over)}"
    sentence += f", {live} {'is' if live == 1 else 'are'} running" if live else ""
    best = best_of(trials, maximize)
    return f"{sentence}; best {metric} {best.score:.6g} by {best.name}." if best else f"{sentence}."


def _parted(over: Sequence[TrialState]) -> str:
    words = {TrialPhase.STOPPED: "stopped early", TrialPhase.FAILED: "failed", TrialPhase.CANCELED: "canceled"}
    counts = {word: sum(trial.phase == phase for trial in over) for phase, word in words.items()}
    counts["without a value of the metric"] = sum(t.phase == TrialPhase.COMPLETED and t.score is None for t in over)
    told = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f" ({told})" if told else ""


def ending(
    trials: Sequence[TrialState], total: int, metric: str, maximize: bool, out_of_time: float | None = None
) -> Ending | None:
    """Say how a sweep ends, None while it goes on.

    Args:
        out_of_time: the limit in seconds that the sweep has reached, None when it has not.
    """
    if any(trial.phase == TrialPhase.LIVE for trial in trials):
        return None
    if len(trials) < total and out_of_time is None:
        return None
    limit = f"It reached its time limit of {out_of_time:g} seconds. " if out_of_time is not None else ""
    best = best_of(trials, maximize)
    if best is not None:
        code = "Completed" if out_of_time is None else "TimeLimitReached"
        return Ending(JobState.COMPLETED, code, limit + note(trials, total, metric, maximize), best)
    if not trials:
        return Ending(JobState.FAILED, "TimeLimitReached", f"{limit}No trial had been started.")
    return Ending(JobState.FAILED, *_without_result(trials, metric, limit))


def _without_result(trials: Sequence[TrialState], metric: str, limit: str) -> tuple[str, str]:
    failed = [trial for trial in trials if trial.phase == TrialPhase.FAILED]
    count = len(trials)
    if len(failed) == count:
        everyone = "The only trial" if count == 1 else f"All {count} trials"
        return "AllTrialsFailed", f"{limit}{everyone} failed. {failed[0].name}: {failed[0].reason}"
    if all(trial.phase == TrialPhase.CANCELED for trial in trials):
        return "AllTrialsCanceled", f"{limit}All trials were canceled."
    return "NoMetric", f"{limit}No trial that counts logged a value of the metric '{metric}'{_parted(trials)}."


def metric_hint(metric: str, logged: Collection[str], near: str | None, never_finite: bool) -> str:
    """Say what was logged in place of the primary metric.

    Args:
        logged: the names of metrics that trials did log.
        near: the one that is most like `metric`.
        never_finite: whether `metric` was logged, but only as NaN or infinite.
    """
    if never_finite:
        return f"'{metric}' was logged, but only as NaN or infinite, which is no value."
    if not logged:
        return f"No metric was logged at all: log it in the trial with mlflow.log_metric('{metric}', value)."
    names = sorted(logged)
    told = ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
    return f"Logged were: {told}." + (f" Did you mean '{near}'?" if near else "")
