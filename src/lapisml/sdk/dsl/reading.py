"""From a step of a document to a step with attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.definition import Definition
from lapisml.sdk.dsl.steps import KEYS, Step

_MARKS = {"jobs": "pipeline", "task": "parallel", "entry": "spark", "trial": "sweep"}
_PARTS = ("type", "component", "inputs", "outputs")


def step_of(name: str, given: Any) -> Step:
    """Make the step of a document, or take one that is one.

    Raises:
        LapisError: Usage, when it is neither.
    """
    if isinstance(given, Step):
        given.name = given.name or name
        return given
    if not isinstance(given, Mapping):
        sentence = f"Job `{name}` of the pipeline can't be a {type(given).__name__}."
        raise LapisError(ErrorCode.USAGE, sentence, "Give a step, or a mapping as in the document.")
    component = given.get("component")
    within = component if isinstance(component, Mapping) else {}
    type_ = str(given.get("type") or within.get("type") or _by_keys({**within, **given}))
    definition = Definition(type_, component, None, within.get("outputs"), within.get("name"))
    definition.outputs = None
    step = Step(definition, {key: value for key, value in (given.get("inputs") or {}).items() if value is not None})
    step.name = name
    for key, value in (given.get("outputs") or {}).items():
        step.outputs[key] = {} if value is None else value
    known = KEYS.get(type_, ())
    step.values.update({key: value for key, value in given.items() if key in known})
    step.rest = {key: value for key, value in given.items() if key not in known and key not in _PARTS}
    return step


def _by_keys(data: Mapping[str, Any]) -> str:
    return next((type_ for key, type_ in _MARKS.items() if key in data), "command")
