"""A compiled pipeline as boxes and lines: which output of which step goes where. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lapisml.documents.pipelines import Graph, Step
from lapisml.documents.pipelines.bindings import Target, bindings, has_expression
from lapisml.documents.pipelines.values import LITERALS
from lapisml.documents.scalars import stringify


@dataclass(frozen=True)
class Port:
    """An input or output.

    Attributes:
        value: as written: a literal, a path, or the expression that names where it comes from.
    """

    name: str
    type: str | None
    value: str | None = None


@dataclass(frozen=True)
class Box:
    """One step.

    Attributes:
        component: reference of the component that it was made from; None when it stands in the pipeline itself.
        needs: the steps that must have completed before.
    """

    name: str
    type: str
    component: str | None
    needs: tuple[str, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


@dataclass(frozen=True)
class Line:
    """Something that goes from an output to an input.

    Attributes:
        source: a step; empty for an input of the pipeline.
        output, input: the ports; empty where a step waits for another without taking anything that has a name.
        target: a step; empty for an output of the pipeline.
    """

    source: str
    output: str
    target: str
    input: str


@dataclass(frozen=True)
class Picture:
    """A whole pipeline.

    Attributes:
        boxes: in an order in which they could run.
        inputs: data that the pipeline is given; its literals are values of the steps' inputs.
    """

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def picture(graph: Graph, document: Mapping[str, Any]) -> Picture:
    """Make the picture of a pipeline.

    Args:
        graph: compiled from `document`.
        document: of the job or the component.
    """
    raw = document.get("jobs") or {}
    given = {**(document.get("inputs") or {}), **graph.inputs}
    data = {name for name, value in given.items() if isinstance(value, Mapping) and value.get("type") not in LITERALS}
    lines = [line for name in graph.order for line in _lines(graph.steps[name], data)]
    used = {line.output for line in lines if not line.source}
    sources = [Line(source.step, source.output, "", name) for name, source in graph.outputs.items() if source.step]
    return Picture(
        boxes=tuple(_box(graph.steps[name], raw.get(name)) for name in graph.order),
        lines=(*lines, *sources),
        inputs=tuple(_port(name, value) for name, value in given.items() if name in used),
        outputs=tuple(_port(name, source.declared) for name, source in graph.outputs.items()),
    )


def _box(step: Step, raw: Any) -> Box:
    component = (raw.get("component") or raw.get("trial")) if isinstance(raw, Mapping) else None
    return Box(
        name=step.name,
        type=step.type,
        component=component if isinstance(component, str) else None,
        needs=tuple(sorted(step.needs)),
        inputs=tuple(_port(name, value) for name, value in (step.document.get("inputs") or {}).items()),
        outputs=tuple(_port(name, value) for name, value in (step.document.get("outputs") or {}).items()),
    )


def _port(name: str, value: Any) -> Port:
    if isinstance(value, Mapping):
        path = value.get("path")
        return Port(name, str(value["type"]) if value.get("type") else None, None if path is None else str(path))
    return Port(name, None, None if value is None else stringify(value))


def _lines(step: Step, data: set[str]) -> Iterator[Line]:
    """Give the lines that end at a step, and one without ports for each step that it waits for otherwise."""
    met: set[str] = set()
    found: dict[Line, None] = {}
    for name, value in (step.document.get("inputs") or {}).items():
        text = value.get("path") if isinstance(value, Mapping) else value
        if not has_expression(text):
            continue
        for binding in bindings(str(text)):
            if binding.target is Target.STEP_OUTPUT:
                met.add(binding.step)
                found[Line(binding.step, binding.name, step.name, name)] = None
            elif binding.target is Target.INPUT and binding.name in data:
                found[Line("", binding.name, step.name, name)] = None
    yield from found
    yield from (Line(other, "", step.name, "") for other in sorted(step.needs - met))
