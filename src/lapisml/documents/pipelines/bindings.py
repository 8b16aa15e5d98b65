"""Expressions that bind the parts of a pipeline to each other."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Any, NamedTuple

from lapisml.documents.expressions import Expression, find


class Target(Enum):
    """What an expression names."""

    INPUT = auto()
    """``${{parent.inputs.x}}``"""
    OUTPUT = auto()
    """``${{parent.outputs.x}}``"""
    STEP_OUTPUT = auto()
    """``${{parent.jobs.a.outputs.x}}``"""
    STEP_INPUT = auto()
    """``${{parent.jobs.a.inputs.x}}``"""
    LATER = auto()
    """``${{name}}``, ``${{default_datastore}}``, ``${{output_name}}``: known when the step starts."""
    OWN = auto()
    """``${{inputs.x}}``, ``${{outputs.x}}``, ``${{search_space.x}}``: of the step itself."""
    NOTHING = auto()


LATER = ("name", "default_datastore", "output_name")
_OWN = ("inputs", "outputs", "search_space")
_ALONE = re.compile(r"\s*(\$\{\{\s*([A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)\s*\}\})\s*\Z")
"""A text that is one expression: found more quickly than any text is looked through."""


class Binding(NamedTuple):
    """One expression.

    Attributes:
        name: of the input or output.
        step: the step that it belongs to; empty for the pipeline's own.
        start, end: its place in the text.
        text: the whole expression, braces included.
        words: what stands between the braces.
    """

    target: Target
    name: str
    step: str
    start: int
    end: int
    text: str
    words: str


def has_expression(value: Any) -> bool:
    """Say whether a text holds an expression."""
    return isinstance(value, str) and "${{" in value


def bindings(text: str) -> list[Binding]:
    """List the expressions of a text, in its order."""
    if "${{" not in text:
        return []
    alone = _ALONE.match(text)
    if alone is not None:
        target, step, name = _meaning(alone[2])
        return [Binding(target, name, step, alone.start(1), alone.end(1), alone[1], alone[2])]
    return [_read(e) for e in find(text)]


def exact(text: str) -> Binding | None:
    """Give the one expression that a text consists of; None when it is anything else."""
    found = bindings(text)
    return found[0] if len(found) == 1 and found[0].text == text.strip() else None


def _read(e: Expression) -> Binding:
    target, step, name = _meaning(e.name)
    return Binding(target, name, step, e.start, e.end, e.text, e.name)


def _meaning(words: str) -> tuple[Target, str, str]:
    parts = words.split(".")
    if parts[0] == "parent" and len(parts) > 2:
        return _of_parent(parts)
    if words in LATER:
        return Target.LATER, "", words
    if parts[0] in _OWN and len(parts) > 1:
        return Target.OWN, "", ".".join(parts[1:])
    return Target.NOTHING, "", words


def _of_parent(parts: list[str]) -> tuple[Target, str, str]:
    rest = ".".join(parts[2:])
    if parts[1] == "inputs":
        return Target.INPUT, "", rest
    if parts[1] == "outputs":
        return Target.OUTPUT, "", rest
    if parts[1] == "jobs" and len(parts) > 4:
        step, below = parts[2], ".".join(parts[4:])
        if parts[3] == "outputs":
            return Target.STEP_OUTPUT, step, below
        if parts[3] == "inputs":
            return Target.STEP_INPUT, step, below
    return Target.NOTHING, "", ".".join(parts)
