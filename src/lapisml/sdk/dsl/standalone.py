"""The document of a step as a job of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.values import Bound, plain

if TYPE_CHECKING:
    from lapisml.sdk.dsl.steps import Step

_OF_COMPONENT = (
    "name",
    "version",
    "inputs",
    "outputs",
    "is_deterministic",
    "properties",
    "auto_delete_setting",
    "type",
)
_OF_TRIAL = ("command", "code", "environment", "environment_variables", "distribution", "resources")


def job_document(step: Step) -> dict[str, Any]:
    """Turn a step into the document of a job of the same type.

    Raises:
        LapisError: Usage, for a step that belongs to a pipeline, or whose component is kept at the server.
    """
    _check(step)
    document = step.document()
    component = document.pop("component", None)
    if step.type_name == "sweep":
        made = {**document, "trial": _trial(document["trial"], list(document["search_space"]))}
    else:
        base = {key: value for key, value in (component or {}).items() if key not in _OF_COMPONENT}
        made = {**base, **document}
    inputs = {**_defaults(step), **document.get("inputs", {})}
    outputs = {**(step.definition.outputs or {}), **document.get("outputs", {})}
    made |= ({"inputs": inputs} if inputs else {}) | ({"outputs": outputs} if outputs else {})
    around = {"name": step.name, "experiment_name": step.experiment_name}
    return {**{key: value for key, value in around.items() if value is not None}, **made}


def _check(step: Step) -> None:
    if any(isinstance(port.value, Bound) for _, port in step.inputs.given()):
        sentence = f"Step `{step.label}` belongs to a pipeline; it can't be submitted by itself."
        raise LapisError(ErrorCode.USAGE, sentence, "Submit the pipeline.")
    kept = step.definition.component if step.type_name != "sweep" else step.values["trial"]
    if isinstance(kept, str) or step.type_name == "pipeline":
        sentence = f"A component by itself is not a job: {step.label}."
        raise LapisError(ErrorCode.USAGE, sentence, "Make it a step: call it in a function with @dsl.pipeline.")


def _defaults(step: Step) -> dict[str, Any]:
    searched = step.values.get("search_space") or {}
    declared = step.definition.inputs or {}
    return {
        name: plain(said["default"])
        for name, said in declared.items()
        if said.get("default") is not None and name not in searched
    }


def _trial(component: dict[str, Any], searched: list[str]) -> dict[str, Any]:
    """Write the trial as a sweep job's document has it: what is searched over is read from the search space."""
    made = {"type": "command"} | {key: component[key] for key in _OF_TRIAL if component.get(key) is not None}
    for name in searched:
        made["command"] = made["command"].replace(f"${{{{inputs.{name}}}}}", f"${{{{search_space.{name}}}}}")
    return made
