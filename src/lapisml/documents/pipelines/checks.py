"""What is checked of a step besides its inputs and outputs: expressions in its command and in its other keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.expressions import check, find
from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.bindings import LATER
from lapisml.documents.pipelines.plan import Plan
from lapisml.documents.pipelines.scope import Scope
from lapisml.documents.pipelines.values import Kind

_NOT_LOOKED_AT = frozenset({"type", "component"})


def check_rest(plan: Plan, scope: Scope) -> None:
    """Check the keys of a step's document; note in `plan.bound` those that name inputs of the pipeline."""
    for key, value in plan.document.items():
        if key not in _NOT_LOOKED_AT and _check_value(value, plan.origins.get(key) or (*plan.path, key), scope):
            plan.bound.add(key)
    for keys, text in plan.texts():
        if "${{" in text:
            _check_text(text, keys, plan, scope)


def _check_value(value: Any, path: DocumentPath, scope: Scope) -> bool:
    if isinstance(value, str):
        return "parent" in value and scope.literal_text(value, path)
    inside: list[bool] = []
    if isinstance(value, Mapping):
        inside = [_check_value(inner, (*path, str(key)), scope) for key, inner in value.items()]
    elif isinstance(value, (list, tuple)):
        inside = [_check_value(inner, (*path, place), scope) for place, inner in enumerate(value)]
    return any(inside)


def _check_text(text: str, keys: DocumentPath, plan: Plan, scope: Scope) -> None:
    """Check that what a command names is there when it runs."""
    found = find(text)
    names = {"inputs": dict.fromkeys([*plan.inputs, *plan.values]), "outputs": plan.outputs}
    if text.count("${{") != len(found) or not all(e.rest in names.get(e.root, ()) for e in found):
        paths = [f"{root}.{name}.path" for root, several in names.items() for name in several]
        space = [f"search_space.{name}" for name in plan.document.get("search_space") or ()]
        others = [*LATER, *space, *paths, *(e.name for e in found if e.name.startswith("parent."))]
        path = plan.origin(keys)
        for fault in check(text, names["inputs"], names["outputs"], others):
            scope.report.fault(path, fault.message, fault.expected, fault.suggestion)
    for e in found:
        known = plan.values.get(e.rest) if e.root == "inputs" and not e.optional else None
        if known is not None and known.kind is Kind.UNSET:
            place = (*plan.path, "inputs", e.rest)
            sentence = f"input `{e.rest}` is optional, but the command names it outside of `$[[ … ]]`"
            scope.report.fault(place, sentence, "a value, or `$[[ … ]]` around it in the command", at="missing")
