"""The outputs of a step: where they go, of which type, and which of them are the pipeline's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.bindings import Target, bindings, exact
from lapisml.documents.pipelines.graph import OutputSource
from lapisml.documents.pipelines.plan import ARTIFACTS, Plan
from lapisml.documents.pipelines.scope import Scope, output_type
from lapisml.documents.pipelines.values import LITERALS

_KEYS = ("mode", "path", "name", "version", "description")
_FORMS = "`${{parent.outputs.<name>}}`, or a mapping"


def plan_outputs(plan: Plan, scope: Scope, sources: dict[str, OutputSource]) -> None:
    """Fill in `plan.outputs`.

    Args:
        sources: gets the outputs of the pipeline that the step writes.
    """
    for name in dict.fromkeys([*plan.declared_outputs, *plan.given_outputs]):
        declared = plan.declared_outputs.get(name)
        if isinstance(declared, Mapping) and declared.get("type") in LITERALS:
            place = (*plan.path, "component", "outputs", name, "type")
            sentence = f"an output of type {declared['type']} is not supported; let the command write a file"
            scope.report.fault(place, sentence, "uri_file", supported=False)
            continue
        plan.outputs[name] = _output(plan, name, declared or {}, scope, sources)
    for name in plan.mentioned_outputs():
        plan.outputs.setdefault(name, {})
    if not {"path", "name"} & plan.outputs.get(ARTIFACTS, {}).keys() and ARTIFACTS not in plan.declared_outputs:
        plan.outputs.pop(ARTIFACTS, None)  # every job has it, where its artifacts lie


def _output(
    plan: Plan, name: str, declared: Mapping[str, Any], scope: Scope, sources: dict[str, OutputSource]
) -> dict[str, Any]:
    path: DocumentPath = (*plan.path, "outputs", name)
    given = plan.given_outputs.get(name)
    made: dict[str, Any] = {}
    kind = output_type(declared, given, scope.outputs)
    if kind is not None:
        made["type"] = kind
    own = given if isinstance(given, Mapping) else {}
    text = own.get("path") if isinstance(given, Mapping) else given
    wanted = _wanted(plan, name, text, path, scope, sources) if isinstance(text, str) else None
    for key in _KEYS:
        value = own.get(key)
        if key == "path" and wanted is not None:
            value = wanted.get("path")
        elif key == "mode":
            value = value or (wanted or {}).get("mode") or declared.get("mode")
        if value is not None:
            made[key] = value
    return made


def _wanted(
    plan: Plan, name: str, text: str, path: DocumentPath, scope: Scope, sources: dict[str, OutputSource]
) -> Mapping[str, Any] | None:
    """Give what the pipeline says of its output that a step's output is bound to; None when it is bound to none."""
    found = exact(text)
    if found is None or found.target is not Target.OUTPUT:
        _check_place(text, path, scope)
        return None
    declared = scope.outputs.get(found.name, scope)
    if declared is scope:
        near = scope.report.near(found.name, scope.outputs)
        expected = f"one of {', '.join(list(scope.outputs)[:20])}" if scope.outputs else "an output under `outputs`"
        sentence = f"`{found.text}`: the pipeline has no output `{found.name}`"
        scope.report.fault(path, sentence, expected, near)
        return {}
    before = sources.get(found.name)
    if before is not None:
        sentence = f"`{found.text}` is already written by step `{before.step}`"
        scope.report.fault(path, sentence, "one step for each output of the pipeline")
    wanted = declared if isinstance(declared, Mapping) else {}
    sources[found.name] = OutputSource(plan.name, name, wanted)
    return wanted


def _check_place(text: str, path: DocumentPath, scope: Scope) -> None:
    """Check the expressions in the place where an output is written: values may stand in it, outputs may not."""
    for binding in bindings(text):
        if binding.target is Target.OUTPUT:
            sentence = f"`{binding.text}` must stand alone"
            scope.report.fault(path, sentence, _FORMS)
            return
        if binding.target in (Target.NOTHING, Target.OWN):
            known = [f"parent.outputs.{name}" for name in scope.outputs]
            near = scope.report.near(binding.words, known)
            sentence = f"`{binding.text}` names nothing that is known here"
            scope.report.fault(path, sentence, _FORMS, f"${{{{{near}}}}}" if near else None)
            return
    scope.literal_text(text, path)
