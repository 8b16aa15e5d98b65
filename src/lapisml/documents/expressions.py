"""Expressions: ``${{inputs.x}}``, ``${{outputs.y}}``, ``${{parent.inputs.x}}``, ``${{name}}``, ``$[[ … ]]``.

Part of what travels with a job: the standard library only. The forms are those of Azure ML's command jobs
(https://learn.microsoft.com/azure/machine-learning/reference-yaml-core-syntax): an expression names a value
that is known when the job starts; text between ``$[[`` and ``]]`` is left out when an input in it has none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from lapisml.documents.words import listed, nearest

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)
_OPTIONAL = re.compile(r"\$\[\[(.*?)\]\]", re.DOTALL)
_NAME = re.compile(r"[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*\Z")
_ALIKE = 0.75
_MOST_LISTED = 20
_MOST_COMPARED = 1000
_OUT_OF_PLACE = {
    "parent": "`{}` means something only in a step of a pipeline",
    "search_space": "`{}` means something only in the trial of a sweep",
    "creation_context": "`{}` means something only in the inputs of a schedule's job",
}
"""First word that is known elsewhere → why it is not known here."""


class ExpressionError(ValueError):
    """An expression that has no value; the text says which and why."""


@dataclass(frozen=True)
class Expression:
    """One ``${{…}}`` in a text.

    Attributes:
        text: the whole expression, braces included.
        name: what it names: ``inputs.x``; empty when it is no name at all.
        start, end: its place in the text, characters.
        optional: it stands between ``$[[`` and ``]]``.
    """

    text: str
    name: str
    start: int
    end: int
    optional: bool = False

    @property
    def root(self) -> str:
        """The first word: ``inputs``."""
        return self.name.partition(".")[0]

    @property
    def rest(self) -> str:
        """What follows the first word: ``x``."""
        return self.name.partition(".")[2]


@dataclass(frozen=True)
class ExpressionFault:
    """Why an expression can't be resolved."""

    expression: Expression
    message: str
    expected: str | None = None
    suggestion: str | None = None


def find(text: str) -> list[Expression]:
    """List the expressions of a text, in its order."""
    optional = [match.span() for match in _OPTIONAL.finditer(text)]
    found = []
    for match in _EXPRESSION.finditer(text):
        name = match[1].strip()
        inside = any(start <= match.start() and match.end() <= end for start, end in optional)
        found.append(Expression(match[0], name if _NAME.match(name) else "", match.start(), match.end(), inside))
    return found


def referenced(text: str, root: str) -> list[str]:
    """List the names below `root` that a text mentions, each once: ``inputs`` → ``["x"]``."""
    return list(dict.fromkeys(e.rest for e in find(text) if e.root == root and e.rest))


def optional_names(text: str) -> list[str]:
    """List the inputs that a text mentions between ``$[[`` and ``]]`` only, each once."""
    needed = {e.rest for e in find(text) if e.root == "inputs" and not e.optional}
    return [name for name in _optional_inputs(text) if name not in needed]


def _optional_inputs(text: str) -> list[str]:
    return list(dict.fromkeys(e.rest for e in find(text) if e.root == "inputs" and e.optional and e.rest))


@dataclass(frozen=True)
class PipelineNames:
    """What a pipeline has that its steps may name.

    Attributes:
        inputs, outputs: of the pipeline.
        jobs: its steps.
    """

    inputs: Collection[str] = ()
    outputs: Collection[str] = ()
    jobs: Collection[str] = ()


@dataclass(frozen=True)
class Names:
    """What the expressions of a text may name.

    Attributes:
        declared: first word → names below it: ``inputs``, ``outputs``, ``search_space``.
        others: names that stand alone, such as ``name``.
        pipeline: for the step of a pipeline, what ``parent`` means.
    """

    declared: Mapping[str, Collection[str]] = field(default_factory=dict)
    others: Collection[str] = ()
    pipeline: PipelineNames | None = None

    def forms(self) -> list[str]:
        """List what may stand between the braces."""
        parent = ["parent.inputs.<name>", "parent.jobs.<step>.outputs.<name>"] if self.pipeline else []
        return [*(f"{root}.<name>" for root in self.declared), *parent, *self.others]


def check(
    text: str, inputs: Collection[str], outputs: Collection[str], others: Collection[str] = ()
) -> list[ExpressionFault]:
    """List the expressions of a job's text that nothing declares; see `check_names`."""
    return check_names(text, Names({"inputs": inputs, "outputs": outputs}, others))


def check_names(text: str, names: Names) -> list[ExpressionFault]:
    """List the expressions of a text that nothing declares.

    An output need not be declared: its mention declares it. Only a name that is almost that of a declared
    output counts as a slip. An input between ``$[[`` and ``]]`` need not be declared either. Of a pipeline, inputs,
    outputs and steps must be there; the outputs of its steps are known to the whole graph only.
    """
    faults = [fault for e in find(text) if (fault := _fault(e, names)) is not None]
    return sorted([*faults, *_unclosed(text)], key=lambda fault: fault.expression.start)


def _fault(e: Expression, names: Names) -> ExpressionFault | None:
    expected = f"${{{{…}}}} around {listed(names.forms())}"
    if not e.name:
        return ExpressionFault(e, f"`{e.text}` is not an expression", expected)
    if e.name in names.others:
        return None
    if e.root == "parent" and names.pipeline is not None:
        return _parent_fault(e, names.pipeline)
    if e.root not in names.declared or not e.rest:
        message = _OUT_OF_PLACE.get(e.root, "`{}` names nothing that is known here").format(e.text)
        return ExpressionFault(e, message, expected, _near_root(e, names))
    return _undeclared(e, names.declared[e.root])


def _undeclared(e: Expression, names: Collection[str]) -> ExpressionFault | None:
    member_of = e.rest.partition(".")[0] if e.root == "search_space" else None
    if e.rest in names or member_of in names:  # which members an option of a choice has is the sweep's to check
        return None
    near = _near(e.rest, names, _ALIKE if e.root == "outputs" or e.optional else 0.6)
    if near is None and (e.root == "outputs" or e.optional):
        return None
    if e.root == "search_space":
        message = f"`{e.text}`: the search space has no parameter `{e.rest}`"
        return ExpressionFault(e, message, f"one of {_some(names)}" if names else None, near)
    noun = e.root[:-1]
    expected = f"one of the declared {e.root}: {_some(names)}" if names else f"an {noun} declared under `{e.root}`"
    return ExpressionFault(e, f"`{e.text}`: there is no {noun} `{e.rest}`", expected, near)


def _parent_fault(e: Expression, pipeline: PipelineNames) -> ExpressionFault | None:
    """Check ``parent.inputs.x``, ``parent.outputs.x`` and ``parent.jobs.a.outputs.x``."""
    root, _, rest = e.rest.partition(".")
    step, _, tail = rest.partition(".")
    if root == "jobs" and tail.partition(".")[0] in ("outputs", "inputs") and "." in tail:
        return _missing_of(e, "step", step, pipeline.jobs)
    if root in ("inputs", "outputs") and rest:
        return _missing_of(e, root[:-1], rest, pipeline.inputs if root == "inputs" else pipeline.outputs)
    forms = "parent.inputs.<name>, parent.outputs.<name> or parent.jobs.<step>.outputs.<name>"
    return ExpressionFault(e, f"`{e.text}` names nothing of the pipeline", f"${{{{…}}}} around {forms}")


def _missing_of(e: Expression, noun: str, name: str, known: Collection[str]) -> ExpressionFault | None:
    if name in known:
        return None
    expected = f"one of {_some(known)}" if known else None
    return ExpressionFault(e, f"`{e.text}`: the pipeline has no {noun} `{name}`", expected, _near(name, known))


def _some(names: Collection[str]) -> str:
    shown = ", ".join(islice(names, _MOST_LISTED))
    return f"{shown} …" if len(names) > _MOST_LISTED else shown


def _near(name: str, names: Collection[str], likeness: float = 0.6) -> str | None:
    return nearest(name, names, likeness) if len(names) <= _MOST_COMPARED else None


def _near_root(e: Expression, names: Names) -> str | None:
    if e.root in ("inputs", "outputs") and names.pipeline and e.rest in getattr(names.pipeline, e.root):
        return f"${{{{parent.{e.name}}}}}"
    root = nearest(e.root, names.declared)
    if root is not None and e.rest:
        return f"${{{{{root}.{e.rest}}}}}"
    for root, known in names.declared.items():
        if e.name in known:
            return f"${{{{{root}.{e.name}}}}}"
    return None


def _unclosed(text: str) -> Iterator[ExpressionFault]:
    closed = {match.start() for match in _EXPRESSION.finditer(text)}
    for match in re.finditer(r"\$\{\{", text):
        if match.start() not in closed:
            e = Expression(match[0], "", match.start(), match.end())
            yield ExpressionFault(e, "`${{` is never closed", "`}}` after the name")


def render(text: str, values: Mapping[str, str | None]) -> str:
    """Put values in place of the expressions of a text.

    Args:
        values: full name (``inputs.x``, ``name``) → text; None for an optional input that is not set.

    Raises:
        ExpressionError: an expression outside ``$[[ … ]]`` has no value.
    """
    kept = _OPTIONAL.sub(lambda match: match[1] if _all_set(match[1], values) else "", text)
    return _EXPRESSION.sub(lambda match: _value(match, values), kept)


def _all_set(text: str, values: Mapping[str, str | None]) -> bool:
    return all(values.get(e.name) is not None for e in find(text))


def _value(match: re.Match[str], values: Mapping[str, str | None]) -> str:
    value = values.get(match[1].strip())
    if value is None:
        raise ExpressionError(f"`{match[0]}` has no value.")
    return value
