"""How far a job with children is, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from lapisml.core.lifecycle import TERMINAL, JobState

_MOST_NAMED = 4


def family_sentence(total: int, children: Sequence[tuple[str, JobState]]) -> str:
    """Say how many steps of a pipeline have completed, which are under way, and which failed.

    Args:
        total: number of steps.
        children: (step, state) of the jobs that were started, the last one of each step.

    >>> family_sentence(3, [("prepare", JobState.COMPLETED), ("train", JobState.RUNNING)])
    '1 of 3 steps completed; running: train.'
    """
    done = sum(state == JobState.COMPLETED for _, state in children)
    parts = [f"{done} of {total} steps completed"]
    groups = {
        "running": [step for step, state in children if state not in TERMINAL and not _waits(state)],
        "waiting for a node": [step for step, state in children if _waits(state)],
        "failed": [step for step, state in children if state == JobState.FAILED],
        "canceled": [step for step, state in children if state == JobState.CANCELED],
    }
    parts += [f"{word}: {_listed(steps)}" for word, steps in groups.items() if steps]
    return "; ".join(parts) + "."


def _waits(state: JobState) -> bool:
    return state in (JobState.NOT_STARTED, JobState.QUEUED, JobState.PAUSED)


def _listed(steps: Sequence[str]) -> str:
    more = f" and {len(steps) - _MOST_NAMED} more" if len(steps) > _MOST_NAMED else ""
    return ", ".join(steps[:_MOST_NAMED]) + more
