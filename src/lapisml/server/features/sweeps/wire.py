"""The wire form of what pages show of sweeps."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from lapisml.server.features.sweeps.importance import flat
from lapisml.server.features.sweeps.shown import ShownSweep, ShownTrial
from lapisml.server.platform.wire import timestamp


class SweepTrial(TypedDict):
    """A trial. Times are ISO 8601 in UTC.

    Attributes:
        name: of its job.
        parameters: parameter → value; those within others under the path that leads to them.
        phase: ``live``, ``completed``, ``stopped`` (by the policy or a limit), ``failed`` or ``canceled``.
        value: its best value of the primary metric; while it runs, the last.
        stop_code: why the sweep asked for its end: ``EarlyTerminated``, ``SweepTimeLimit``.
        reason: why it is in its state.
    """

    number: int
    name: str
    parameters: dict[str, Any]
    phase: str
    status: str
    value: float | None
    stop_code: str | None
    reason: str
    started_at: str | None
    ended_at: str | None


class SweepParameter(TypedDict):
    """A parameter that is searched.

    Attributes:
        kind: ``uniform``, ``choice`` … as in the document.
        is_log: whether it is drawn by its logarithm.
    """

    name: str
    kind: str
    is_log: bool


class SweepTrials(TypedDict):
    """A sweep with all of its trials.

    Attributes:
        total: how many trials there are at most.
        policy: the type of its early termination; None without one.
        best: name of the best trial's job so far.
    """

    name: str
    status: str
    metric: str
    maximize: bool
    algorithm: str
    policy: str | None
    total: int
    concurrent: int
    parameters: list[SweepParameter]
    best: str | None
    trials: list[SweepTrial]


class ParameterImportance(TypedDict):
    """How much a parameter has to do with the best results; all of them sum to 1."""

    name: str
    importance: float


class SweepImportance(TypedDict):
    """What mattered in a sweep.

    Attributes:
        trials: on how many results it rests.
        values: highest first; empty while there are too few results.
    """

    trials: int
    values: list[ParameterImportance]


def sweep_body(shown: ShownSweep) -> SweepTrials:
    """Make the wire form of a sweep and its trials."""
    plan, document = shown.plan, shown.job.document
    policy = document.get("early_termination") or {}
    space = document.get("search_space") or {}
    return {
        "name": shown.job.name,
        "status": shown.job.status.value,
        "metric": plan.metric,
        "maximize": plan.maximize,
        "algorithm": plan.algorithm.type,
        "policy": str(policy["type"]) if plan.policy is not None and policy.get("type") else None,
        "total": plan.total,
        "concurrent": plan.limits.concurrent,
        "parameters": [_parameter(name, given) for name, given in space.items()],
        "best": None if shown.best is None else shown.best.name,
        "trials": [_trial(trial) for trial in shown.trials],
    }


def importance_body(trials: int, values: dict[str, float]) -> SweepImportance:
    """Make the wire form of importances."""
    return {"trials": trials, "values": [{"name": name, "importance": value} for name, value in values.items()]}


def _parameter(name: str, given: Any) -> SweepParameter:
    kind = str(given.get("type") or "choice") if isinstance(given, dict) else "choice"
    return {"name": name, "kind": kind, "is_log": "log" in kind.lower()}


def _trial(shown: ShownTrial) -> SweepTrial:
    trial, job = shown.trial, shown.job
    return {
        "number": trial.number,
        "name": trial.name,
        "parameters": flat(trial.parameters),
        "phase": trial.phase.value,
        "status": "NotStarted" if job is None else job.status.value,
        "value": shown.value,
        "stop_code": trial.stop_code,
        "reason": trial.stop_reason or trial.reason or ("" if job is None else job.status_reason),
        "started_at": None if job is None else timestamp(job.started_at),
        "ended_at": None if job is None else timestamp(job.ended_at),
    }
