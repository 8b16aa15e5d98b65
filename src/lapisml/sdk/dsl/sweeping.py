"""``command(…)(rate=Uniform(…)).sweep(…)``: from a command to a sweep over its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.building import add_step, withdraw_step
from lapisml.sdk.dsl.definition import Definition
from lapisml.sdk.dsl.steps import Step
from lapisml.sdk.searching import Objective, SearchSpace, SweepJobLimits

_SHARED = ("resources", "identity", "services", "queue_settings", "display_name", "description", "tags")


def sweep_of(
    step: Step,
    *,
    primary_metric: str,
    goal: str,
    sampling_algorithm: Any = "random",
    compute: str | None = None,
    max_concurrent_trials: int | None = None,
    max_total_trials: int | None = None,
    timeout: int | None = None,
    trial_timeout: int | None = None,
    early_termination_policy: Any = None,
    search_space: Mapping[str, Any] | None = None,
    identity: Any = None,
    queue_settings: Any = None,
    job_tier: str | None = None,
    priority: str | None = None,
) -> Step:
    """Make a sweep of a command step; within a pipeline it takes the step's place.

    Args:
        step: its inputs that are distributions are searched over, the others are given to every trial.
        primary_metric: name of the metric, as the trial logs it.
        goal: ``maximize`` or ``minimize``.
        sampling_algorithm: ``random``, ``grid``, ``bayesian``, or one of the algorithm classes.
        compute: where trials run; that of the command when left out.
        max_concurrent_trials, max_total_trials: how many at once, and in all.
        timeout, trial_timeout: seconds for the whole, and for each trial.
        early_termination_policy: which trials are ended early.
        search_space: name of an input → distribution, beside those that the inputs hold.
        identity, queue_settings, job_tier, priority: as of a command.

    Raises:
        LapisError: Usage, when the step is no command, or nothing is to be searched over.
    """
    if step.type_name != "command":
        raise LapisError(ErrorCode.USAGE, f"A {step.type_name} step can't be swept; only commands can.")
    values = {name: port.value for name, port in step.inputs.given()}
    space = {name: value for name, value in values.items() if isinstance(value, SearchSpace)} | dict(search_space or {})
    for name in space:
        step.inputs.check(name)
    if not space:
        sentence = f"Nothing is to be searched over: no input of step `{step.label}` is a distribution."
        raise LapisError(ErrorCode.USAGE, sentence, "Give one when you call the command: lr=Uniform(0.1, 0.9).")
    made = Step(_definition(step), {name: value for name, value in values.items() if name not in space})
    made.values.update({key: step.values[key] for key in _SHARED if key in step.values})
    made.sampling_algorithm = sampling_algorithm
    made.search_space = space
    made.objective = Objective(goal, primary_metric)
    made.early_termination = early_termination_policy
    made.limits = SweepJobLimits(
        max_concurrent_trials=max_concurrent_trials, max_total_trials=max_total_trials, timeout=timeout,
        trial_timeout=trial_timeout,
    )  # fmt: skip
    made.compute = compute or step.compute
    made.identity = identity or made.identity
    made.queue_settings = queue_settings or made.values.get("queue_settings")
    if job_tier or priority:
        made.set_queue_settings(job_tier=job_tier, priority=priority)
    made.name, made.experiment_name = step.name, step.experiment_name
    withdraw_step(step)
    return add_step(made)


def _definition(step: Step) -> Definition:
    """Describe the sweep: it takes and gives what its trial does."""
    component = step.definition.component
    overrides = {
        key: step.values[key]
        for key in ("environment", "environment_variables", "distribution")
        if step.values.get(key) not in (None, {})
    }
    trial = {**component, **overrides} if isinstance(component, dict) else component
    known = step.definition
    return Definition("sweep", None, known.inputs, known.outputs, known.name, {}, {"trial": trial}, known.given_outputs)
