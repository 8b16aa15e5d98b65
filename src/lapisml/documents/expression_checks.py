"""Expressions of jobs, components, pipelines and schedules that nothing declares.

They read documents that may be faulty otherwise, so that everything wrong is reported at once. What an expression of a
pipeline means for its steps (types, circles, what is missing) is checked with the whole graph.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.documents import expressions
from lapisml.documents.expressions import Names, PipelineNames
from lapisml.documents.faults import Fault
from lapisml.documents.paths import DocumentPath
from lapisml.documents.places import created_job

_OUTPUT_NAMES = ("name", "default_datastore")
_STEP_NAMES = ("name", "default_datastore", "output_name")
_TRIGGER_TIME = "creation_context.trigger_time"
_SCHEDULE_NAMES = ("name", _TRIGGER_TIME)
_TEXTS = (("command",), ("args",), ("task", "program_arguments"), ("task", "append_row_to"), ("input_data",))
"""Where a job or a component uses its inputs and outputs."""

_CHECKED_APART = frozenset({"inputs", "outputs", "component", "trial", "task", "jobs", *(path[0] for path in _TEXTS)})


def check_expressions(kind: str, data: Mapping[str, Any]) -> Iterator[Fault]:
    """Yield the expressions of a document that can't be resolved."""
    if kind == "job":
        yield from _job((), data, _Around())
    elif kind == "component":
        yield from _component((), data, None)
    elif kind == "schedule":
        yield from _schedule(data)
    elif kind == "batch-deployment" and isinstance(data.get("component"), Mapping):
        yield from _component(("component",), data["component"], None)


@dataclass(frozen=True)
class _Around:
    """What is around a job.

    Attributes:
        inputs: names that stand alone and may be used in its inputs; None when these are not looked at.
        outputs: names that may be used in its outputs.
    """

    inputs: Collection[str] | None = None
    outputs: Collection[str] = _OUTPUT_NAMES


def _schedule(data: Mapping[str, Any]) -> Iterator[Fault]:
    path, job = created_job(data)
    around = _Around(_SCHEDULE_NAMES, (*_OUTPUT_NAMES, _TRIGGER_TIME))
    if path[1:]:
        yield from _given(path[:1], data["create_job"], Names(others=_SCHEDULE_NAMES))
        yield from _outputs(path[:1], data["create_job"], Names(others=around.outputs))
    if isinstance(job, Mapping):
        yield from _job(path, job, around)


def _job(path: DocumentPath, data: Mapping[str, Any], around: _Around) -> Iterator[Fault]:
    """Check a job that is no step."""
    own = _own_names(data)
    if around.inputs is not None:
        yield from _given(path, data, Names(others=around.inputs))
    yield from _outputs(path, data, Names({"inputs": own.declared["inputs"]}, around.outputs))
    yield from _texts(path, data, own)
    yield from _inner(path, data, own)


def _component(path: DocumentPath, data: Mapping[str, Any], more: Names | None) -> Iterator[Fault]:
    """Check a component with what it declares itself, and `more` that the job around it gives."""
    own = _own_names(data)
    if more is not None:
        both = {root: [*names, *more.declared.get(root, ())] for root, names in own.declared.items()}
        own = Names({**more.declared, **both}, pipeline=more.pipeline)
    yield from _texts(path, data, own)
    yield from _inner(path, data, own)


def _inner(path: DocumentPath, data: Mapping[str, Any], own: Names) -> Iterator[Fault]:
    """Check the component, the trial or the steps within."""
    component, trial, steps = data.get("component"), data.get("trial"), data.get("jobs")
    if isinstance(component, Mapping):
        yield from _component((*path, "component"), component, None)
    if isinstance(trial, Mapping):
        yield from _trial((*path, "trial"), data, trial, own)
    if isinstance(steps, Mapping):
        pipeline = PipelineNames(own.declared["inputs"], own.declared["outputs"], {str(name): None for name in steps})
        for name, step in steps.items():
            if isinstance(step, Mapping):
                yield from _step((*path, "jobs", str(name)), step, pipeline)


def _trial(path: DocumentPath, sweep: Mapping[str, Any], trial: Mapping[str, Any], own: Names) -> Iterator[Fault]:
    space = _names(sweep.get("search_space"))
    inputs = [*own.declared["inputs"], *(space if trial.get("inputs") else ())]
    more = Names({"inputs": inputs, "outputs": own.declared["outputs"], "search_space": space}, pipeline=own.pipeline)
    yield from _component(path, trial, more)


def _step(path: DocumentPath, data: Mapping[str, Any], pipeline: PipelineNames) -> Iterator[Fault]:
    own = _own_names(data, pipeline)
    yield from _given(path, data, Names(others=_STEP_NAMES, pipeline=pipeline))
    yield from _outputs(path, data, Names(others=_STEP_NAMES, pipeline=pipeline))
    yield from _texts(path, data, own)
    for key, value in data.items():
        if key not in _CHECKED_APART:
            yield from _bindings((*path, str(key)), value, pipeline)
    yield from _inner(path, {key: value for key, value in data.items() if key != "jobs"}, own)


def _texts(path: DocumentPath, data: Mapping[str, Any], names: Names) -> Iterator[Fault]:
    """Check what a job or a component runs."""
    for steps in _TEXTS:
        value: Any = data
        for step in steps:
            value = value.get(step) if isinstance(value, Mapping) else None
        if isinstance(value, str):
            yield from _faults((*path, *steps), value, names)


def _given(path: DocumentPath, data: Mapping[str, Any], names: Names) -> Iterator[Fault]:
    """Check the values that inputs are given."""
    inputs = data.get("inputs")
    for name, value in inputs.items() if isinstance(inputs, Mapping) else ():
        where: DocumentPath = (*path, "inputs", str(name))
        for key in ("path", "value", "default") if isinstance(value, Mapping) else ():
            if isinstance(value.get(key), str):
                yield from _faults((*where, key), value[key], names)
        if isinstance(value, str):
            yield from _faults(where, value, names)


def _outputs(path: DocumentPath, data: Mapping[str, Any], names: Names) -> Iterator[Fault]:
    outputs = data.get("outputs")
    for name, value in outputs.items() if isinstance(outputs, Mapping) else ():
        where: DocumentPath = (*path, "outputs", str(name))
        if isinstance(value, Mapping) and isinstance(value.get("path"), str):
            yield from _faults((*where, "path"), value["path"], names)
        elif isinstance(value, str):
            yield from _faults(where, value, names)


def _bindings(path: DocumentPath, value: Any, pipeline: PipelineNames) -> Iterator[Fault]:
    """Check only what names something of the pipeline, in settings of any form."""
    if isinstance(value, str):
        if "${{" in value:
            found = expressions.check_names(value, Names(pipeline=pipeline))
            yield from (_located(path, value, fault) for fault in found if _of_parent(fault))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _bindings((*path, str(key)), inner, pipeline)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _bindings((*path, index), inner, pipeline)


def _of_parent(fault: expressions.ExpressionFault) -> bool:
    return fault.expression.root == "parent"


def _own_names(data: Mapping[str, Any], pipeline: PipelineNames | None = None) -> Names:
    declared = {"inputs": _names(data.get("inputs")), "outputs": _names(data.get("outputs"))}
    return Names(declared, pipeline=pipeline)


def _names(declared: Any) -> list[str]:
    return [str(name) for name in declared] if isinstance(declared, Mapping) else []


def _faults(path: DocumentPath, text: str, names: Names) -> Iterator[Fault]:
    if "${{" in text:
        yield from (_located(path, text, found) for found in expressions.check_names(text, names))


def _located(path: DocumentPath, text: str, found: expressions.ExpressionFault) -> Fault:
    before = text.count(found.expression.text, 0, found.expression.start)
    snippet = (found.expression.text, before)
    return Fault(path, found.message, found.expected, found.suggestion, snippet=snippet)
