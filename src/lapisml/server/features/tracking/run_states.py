"""The states of runs in our words and in MLflow's, and what a filter by state means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.filters import Clause

RUN_TO_MLFLOW: dict[JobState, str] = {
    JobState.NOT_STARTED: "SCHEDULED",
    JobState.QUEUED: "SCHEDULED",
    JobState.PREPARING: "SCHEDULED",
    JobState.STARTING: "SCHEDULED",
    JobState.PAUSED: "SCHEDULED",
    JobState.RUNNING: "RUNNING",
    JobState.FINALIZING: "RUNNING",
    JobState.CANCEL_REQUESTED: "RUNNING",
    JobState.NOT_RESPONDING: "RUNNING",
    JobState.COMPLETED: "FINISHED",
    JobState.FAILED: "FAILED",
    JobState.CANCELED: "KILLED",
}

_BOTH_WORDS: dict[JobState, tuple[str, ...]] = {state: (state.value, word) for state, word in RUN_TO_MLFLOW.items()}
_DENYING = ("!=", "NOT IN")


def by_mlflow_words(clause: Clause) -> Clause:
    """Write a comparison of a run's status, made in MLflow's words, as the list of the states that fulfil it."""
    return _by_states(clause, {state: (word,) for state, word in RUN_TO_MLFLOW.items()})


def by_both_words(clause: Clause) -> Clause:
    """Do as `by_mlflow_words` where a person writes either: ``Completed`` or ``FINISHED``."""
    return _by_states(clause, _BOTH_WORDS)


def _by_states(clause: Clause, words: Mapping[JobState, Sequence[str]]) -> Clause:
    if (clause.entity, clause.key) != ("attribute", "status"):
        return clause
    states = tuple(state for state, named in words.items() if _any_fulfils(named, clause))
    return Clause(clause.entity, clause.key, "IN", states)


def _any_fulfils(words: Iterable[str], clause: Clause) -> bool:
    found = [fulfils(word, clause) for word in words]
    return all(found) if clause.operator in _DENYING else any(found)


def fulfils(word: str, clause: Clause) -> bool:
    """Say whether a word fulfils a comparison of texts."""
    value = clause.value
    if isinstance(value, tuple):
        return (word in value) == (clause.operator == "IN")
    text = str(value)
    if clause.operator in ("=", "!="):
        return (word == text) == (clause.operator == "=")
    if clause.operator == "ILIKE":
        return _matches(word.lower(), text.lower())
    return _matches(word, text)


def _matches(word: str, pattern: str) -> bool:
    """Match a LIKE pattern, in which ``%`` is any text and ``_`` any sign."""
    if not pattern:
        return not word
    if pattern[0] == "%":
        return any(_matches(word[i:], pattern[1:]) for i in range(len(word) + 1))
    return bool(word) and pattern[0] in ("_", word[0]) and _matches(word[1:], pattern[1:])
