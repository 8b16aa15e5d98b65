"""Statuses of runs and models in MLflow's words, both ways."""

from __future__ import annotations

from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.filters import Clause
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import ModelStatus, View
from lapisml.server.features.tracking.run_states import fulfils

RUN_FROM_MLFLOW: dict[str, JobState] = {
    "SCHEDULED": JobState.QUEUED,
    "RUNNING": JobState.RUNNING,
    "FINISHED": JobState.COMPLETED,
    "FAILED": JobState.FAILED,
    "KILLED": JobState.CANCELED,
}
_RUN_NUMBERS = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

MODEL_TO_MLFLOW: dict[ModelStatus, str] = {
    ModelStatus.PENDING: "LOGGED_MODEL_PENDING",
    ModelStatus.READY: "LOGGED_MODEL_READY",
    ModelStatus.UPLOAD_FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
}
MODEL_FROM_MLFLOW = {word: status for status, word in MODEL_TO_MLFLOW.items()}
_MODEL_NUMBERS = {
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}
_SHORT_MODEL_WORDS = {"PENDING": ModelStatus.PENDING, "READY": ModelStatus.READY, "FAILED": ModelStatus.UPLOAD_FAILED}

_VIEWS = {
    "ACTIVE_ONLY": View.ACTIVE, 1: View.ACTIVE,
    "DELETED_ONLY": View.DELETED, 2: View.DELETED,
    "ALL": View.ALL, 3: View.ALL,
}  # fmt: skip


def run_status(word: object) -> JobState:
    """Translate a run's status, given by name or number.

    Raises:
        LapisError: Usage.
    """
    name = _RUN_NUMBERS.get(word, "") if isinstance(word, int) else str(word)
    if name not in RUN_FROM_MLFLOW:
        raise invalid(f"Invalid run status; it is one of {sorted(RUN_FROM_MLFLOW)}.")
    return RUN_FROM_MLFLOW[name]


def model_status(word: object) -> ModelStatus:
    """Translate a logged model's status, given by name or number.

    Raises:
        LapisError: Usage.
    """
    name = _MODEL_NUMBERS.get(word, "") if isinstance(word, int) else str(word)
    if name not in MODEL_FROM_MLFLOW:
        raise invalid(f"Invalid model status; it is one of {sorted(MODEL_FROM_MLFLOW)}.")
    return MODEL_FROM_MLFLOW[name]


def view(word: object) -> View:
    """Translate which objects a search looks at; the active ones by default.

    Raises:
        LapisError: Usage.
    """
    if word is None or word == "":
        return View.ACTIVE
    if isinstance(word, str) and word.isdecimal():
        word = int(word)
    if not isinstance(word, (str, int)) or word not in _VIEWS:
        raise invalid("Invalid view type; it is one of ACTIVE_ONLY, DELETED_ONLY, ALL.")
    return _VIEWS[word]


def translate_model_clause(clause: Clause) -> Clause:
    """Write a comparison of a logged model's status in our words."""
    if (clause.entity, clause.key) != ("attribute", "status"):
        return clause
    statuses = tuple(
        status for word, status in (*MODEL_FROM_MLFLOW.items(), *_SHORT_MODEL_WORDS.items()) if fulfils(word, clause)
    )
    if clause.operator in ("!=", "NOT IN"):
        wanted = clause.value if isinstance(clause.value, tuple) else (clause.value,)
        words = {**MODEL_FROM_MLFLOW, **_SHORT_MODEL_WORDS}
        excluded = {words[word] for word in wanted if isinstance(word, str) and word in words}
        statuses = tuple(status for status in ModelStatus if status not in excluded)
    return Clause(clause.entity, clause.key, "IN", statuses)
