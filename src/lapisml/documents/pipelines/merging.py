"""A step and its component become one: what the step says counts more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.plan import Plan
from lapisml.documents.pipelines.report import Report
from lapisml.documents.pipelines.resolving import Components
from lapisml.documents.words import listed

STEP_TYPES = ("command", "pipeline", "sweep", "parallel", "spark")
_COMING = {
    "automl": "AutoML steps are not supported yet; train in a command step",
    "if_else": "branches are not supported; write the steps out",
    "do_while": "loops are not supported; write the steps out",
    "parallel_for": "loops are not supported; write the steps out",
    "data_transfer": "data transfer steps are not supported; copy the data in a command step",
    "import": "import steps are not supported; fetch the data in a command step",
}
_MARKS = {"trial": "sweep", "task": "parallel", "entry": "spark", "jobs": "pipeline", "command": "command"}
"""Key that tells the type of a step or component that does not say it."""

_NOT_OF_JOBS = frozenset(
    "$schema type name version component trial inputs outputs jobs additional_includes is_deterministic "
    "retry_settings intellectual_property auto_delete_setting creation_context id latest_version stage".split()
)
_OF_COMPONENT = {
    "command": "command code environment environment_variables resources distribution queue_settings limits",
    "parallel": "task input_data mini_batch_size partition_keys mini_batch_error_threshold error_threshold "
    "logging_level max_concurrency_per_instance environment_variables resources retry_settings queue_settings",
    "spark": "code entry args conf py_files jars files archives environment resources",
    "pipeline": "",
}
"""Type → keys of a component that its job takes over."""

_MERGED = frozenset("resources environment_variables limits conf queue_settings retry_settings task".split())
"""Mappings in which a step replaces single keys of its component."""

_OF_TRIAL = ("command", "code", "environment", "environment_variables", "distribution")


def plan_step(name: str, path: DocumentPath, raw: Any, components: Components, report: Report) -> Plan:
    """Read a step and its component.

    Args:
        path: the step's place in the document.
        raw: the step as written.
    """
    plan = Plan(name, path)
    if not isinstance(raw, Mapping):
        report.fault(path, "this is no step", "a mapping with a step")
        return plan
    plan.given_inputs, plan.given_outputs = raw.get("inputs") or {}, raw.get("outputs") or {}
    key = "trial" if "trial" in raw else "component"
    component: Mapping[str, Any] | None = None
    if raw.get(key) is not None:
        component = _component(plan, raw[key], (*path, key), components, report)
        if component is None:
            return plan
    found = _type(raw, component, key)
    if not _is_known(found, raw, path, report) or not _agrees(found, component, key, path, report):
        return plan
    plan.type = found
    _merge(plan, raw, component, key)
    if found == "pipeline" and component is None:
        report.fault((*path, "component"), "missing key `component`", "a pipeline component", at="missing")
    return plan


def _component(
    plan: Plan, given: Any, path: DocumentPath, components: Components, report: Report
) -> Mapping[str, Any] | None:
    if isinstance(given, Mapping):
        return given
    try:
        found = components.get(str(given))
    except LapisError as error:
        report.not_found(path, error)
        return None
    plan.labels = frozenset({str(given), f"{found.get('name')}:{found.get('version')}"})
    return found


def _type(raw: Mapping[str, Any], component: Mapping[str, Any] | None, key: str) -> str:
    """Tell the type of a step: what it says, what its component is, what its keys tell; else a command."""
    given = raw.get("type")
    if given is not None:
        return str(given)
    if key == "trial":
        return "sweep"
    return _own_type(component) if component is not None else _own_type(raw)


def _own_type(given: Mapping[str, Any]) -> str:
    if given.get("type") is not None:
        return str(given["type"])
    return next((found for mark, found in _MARKS.items() if mark in given), "command")


def _is_known(found: str, raw: Mapping[str, Any], path: DocumentPath, report: Report) -> bool:
    if found in STEP_TYPES:
        return True
    place = (*path, "type") if "type" in raw else (*path, "component", "type")
    if found in _COMING:
        report.fault(place, _COMING[found], supported=False)
    else:
        report.fault(place, f"`{found}` is no type of step", listed(STEP_TYPES), report.near(found, STEP_TYPES))
    return False


def _agrees(found: str, component: Mapping[str, Any] | None, key: str, path: DocumentPath, report: Report) -> bool:
    if component is None:
        return True
    inner, wanted = _own_type(component), "command" if found == "sweep" else found
    if inner == wanted:
        return True
    if key == "trial":
        report.fault((*path, key), f"a trial is a command, this is a {inner} component", "a command component")
    else:
        sentence = f"the step is of type {found}, its component is a {inner} component"
        report.fault((*path, "type"), sentence, f"`type: {inner}`")
    return False


def _merge(plan: Plan, raw: Mapping[str, Any], component: Mapping[str, Any] | None, key: str) -> None:
    plan.document["type"] = plan.type
    if component is not None:
        _take_component(plan, component, key)
    left_out = _NOT_OF_JOBS - {"retry_settings"} if plan.type == "parallel" else _NOT_OF_JOBS
    for name, value in raw.items():
        if name in left_out or value is None:
            continue
        before = plan.document.get(name)
        if name in _MERGED and isinstance(before, Mapping) and isinstance(value, Mapping):
            value = {**before, **value}  # noqa: PLW2901
        plan.document[name] = value
        plan.origins.pop(name, None)
    plan.deterministic = _is_deterministic(raw, component)
    plan.retries = _retries(plan.type, raw)


def _take_component(plan: Plan, component: Mapping[str, Any], key: str) -> None:
    plan.declared_inputs = component.get("inputs") or {}
    plan.declared_outputs = component.get("outputs") or {}
    if plan.type == "pipeline":
        plan.component = component
    elif plan.type == "sweep":
        _take_trial(plan, component)
    else:
        for name in _OF_COMPONENT[plan.type].split():
            if component.get(name) is not None:
                plan.document[name] = component[name]
                plan.origins[name] = (*plan.path, key, name)


def _take_trial(plan: Plan, trial: Mapping[str, Any]) -> None:
    """Take over the trial of a sweep; its `resources` become the sweep's, which are each trial's.

    A trial that is written in place declares its inputs only if it says any.
    """
    if not trial.get("inputs"):
        plan.declared_inputs = None
    plan.document["trial"] = {name: trial[name] for name in _OF_TRIAL if trial.get(name) is not None}
    plan.origins["trial"] = (*plan.path, "trial")
    if trial.get("resources") is not None:
        plan.document["resources"] = trial["resources"]
        plan.origins["resources"] = (*plan.path, "trial", "resources")


def bind_search_space(plan: Plan) -> None:
    """Let a trial's ``${{inputs.x}}`` mean the search space's `x` where that sets it.

    A component that is swept over knows nothing of it: its command names inputs.
    """
    space, trial = plan.document.get("search_space"), plan.document["trial"]
    if not isinstance(space, Mapping) or not space:
        return
    names = "|".join(map(re.escape, map(str, space)))
    swept = re.compile(r"\$\{\{\s*inputs\.(" + names + r")\s*\}\}")
    for key in ("command", "environment_variables"):
        if key in trial:
            trial[key] = _searched(trial[key], swept)


def _searched(value: Any, swept: re.Pattern[str]) -> Any:
    if isinstance(value, Mapping):
        return {key: _searched(inner, swept) for key, inner in value.items()}
    return swept.sub(r"${{search_space.\1}}", value) if isinstance(value, str) else value


def _is_deterministic(raw: Mapping[str, Any], component: Mapping[str, Any] | None) -> bool:
    return all(given is None or given.get("is_deterministic") is not False for given in (raw, component))


def _retries(kind: str, raw: Mapping[str, Any]) -> int:
    """Give how often a step is started again; the `retry_settings` of a parallel step are its mini-batches'."""
    settings = raw.get("retry_settings")
    if kind == "parallel" or not isinstance(settings, Mapping):
        return 0
    return int(settings.get("max_retries") or 0)
