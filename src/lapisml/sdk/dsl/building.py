"""Building a pipeline: which steps were made while its function ran, and what they are called."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from inspect import unwrap
from types import FrameType
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.values import PipelineInput, StepOutput

if TYPE_CHECKING:
    from lapisml.sdk.dsl.definition import Definition
    from lapisml.sdk.dsl.steps import Step

DEEPEST = 32
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_current: ContextVar[Builder | None] = ContextVar("lapisml_pipeline", default=None)


class Builder:
    """Collects the steps of one pipeline.

    Args:
        name: of the pipeline, for messages.
        outer: the pipeline within whose function this one is built.
    """

    def __init__(self, name: str, outer: Builder | None) -> None:
        self.name = name
        self.steps: list[Step] = []
        self.depth: int = 1 if outer is None else outer.depth + 1
        if self.depth > DEEPEST:
            sentence = f"Pipeline `{name}` is {self.depth} levels deep; at most {DEEPEST} are built."
            raise LapisError(ErrorCode.USAGE, sentence, "Does a pipeline call itself?")

    def run(self, function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
        """Run a pipeline's function, name the steps that it made, and return what it returned."""
        token = _current.set(self)
        try:
            returned, variables = call_and_look(function, arguments)
        finally:
            _current.reset(token)
        self._name_steps(variables)
        self._check_owners()
        return returned

    def _name_steps(self, variables: Mapping[str, Any]) -> None:
        """Give each step a name: its own, else its variable's, else that of its component; doubles are numbered.

        A component's further steps go by the name that its last named step has.
        """
        own = [step for step in self.steps if step.name]
        named = self._named(variables)
        used = dict.fromkeys(named.values(), 1)
        by_variable = [step for step in self.steps if id(step) in named and step not in own]
        by_definition = {step.definition.key: named[id(step)] for step in by_variable}
        for step in self.steps:
            if id(step) not in named:
                wanted = by_definition.get(step.definition.key) or _sanitized(step.definition.name or step.type_name)
                named[id(step)] = _numbered(wanted, used)
            step.name = named[id(step)]

    def _named(self, variables: Mapping[str, Any]) -> dict[int, str]:
        mine = {id(step) for step in self.steps}
        found: dict[int, str] = {}
        for step in self.steps:
            wanted = step.name or step.definition.wanted_name
            if wanted and (step.name or wanted not in found.values()):
                self._take(found, step, wanted)
        for variable, value in variables.items():
            if id(value) in mine and id(value) not in found and variable != "_":
                self._take(found, value, variable)
        return found

    def _take(self, found: dict[int, str], step: Step, name: str) -> None:
        if not _NAME.match(name):
            expected = "Use letters, digits and `_`, beginning with a letter."
            raise LapisError(ErrorCode.USAGE, f"`{name}` can't be the name of a step.", expected)
        if name in found.values():
            raise LapisError(ErrorCode.USAGE, f"Pipeline `{self.name}` has two steps named `{name}`.")
        found[id(step)] = name

    def _check_owners(self) -> None:
        """Refuse what belongs to another pipeline, which no document could say."""
        mine = {id(step) for step in self.steps}
        for step in self.steps:
            for name, port in step.inputs.given():
                value = port.value
                foreign = isinstance(value, StepOutput) and id(value.step) not in mine
                if foreign or (isinstance(value, PipelineInput) and value.owner is not self):
                    what = f"output `{value.port_name}` of step `{value.step.label}`" if foreign else f"`{value.name}`"
                    sentence = f"Input `{name}` of step `{step.name}` is given {what}, which another pipeline has."
                    hint = f"Make it an argument of `{self.name}`, and hand it over when you call it."
                    raise LapisError(ErrorCode.USAGE, sentence, hint)


def current() -> Builder | None:
    """Give the pipeline that is being built here; None outside of one."""
    return _current.get()


def add_step(step: Step) -> Step:
    """Make `step` part of the pipeline that is being built, if one is."""
    builder = _current.get()
    if builder is not None:
        builder.steps.append(step)
    return step


def withdraw_step(step: Step) -> None:
    """Take `step` out of the pipeline that is being built; another stands for it."""
    builder = _current.get()
    if builder is not None:
        builder.steps = [one for one in builder.steps if one is not step]


def refuse_positional(definition: Definition, args: tuple[Any, ...]) -> None:
    """Refuse arguments without a name.

    Raises:
        LapisError: Usage.
    """
    if args:
        names = ", ".join(f"{name}=…" for name in definition.inputs or ())
        title = definition.title[:1].upper() + definition.title[1:]
        raise LapisError(ErrorCode.USAGE, f"{title} takes its inputs by name only.", f"Write {names}.")


def call_and_look(function: Callable[..., Any], arguments: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Call a function and give what it returned, and its local variables at that moment.

    The variables are read with a profiling hook (`sys.setprofile`), the only one that sees the end of a frame; a hook
    that was there before works again afterwards.
    """
    code = getattr(unwrap(function), "__code__", None)
    seen: dict[str, Any] = {}
    before = sys.getprofile()

    def look(frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and frame.f_code is code:
            seen.clear()
            seen.update(frame.f_locals)

    sys.setprofile(look)
    try:
        returned = function(**arguments)
    finally:
        sys.setprofile(before)
    return returned, seen


def _sanitized(name: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return word if not word[:1].isdigit() else f"_{word}"


def _numbered(wanted: str, used: dict[str, int]) -> str:
    name, count = wanted, used.get(wanted, 0)
    while name in used:
        name = f"{wanted}_{count}"
        count += 1
    used[wanted] = max(count, 1)
    used.setdefault(name, 1)
    return name
