"""What the expressions of a pipeline's steps may name, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.bindings import Binding, Target, bindings
from lapisml.documents.pipelines.plan import ARTIFACTS, Plan
from lapisml.documents.pipelines.report import Report
from lapisml.documents.pipelines.values import SOME_DATA, SOME_LITERAL, UNKNOWN, Given, Kind, written_type

_ALIKE = 0.88
_FORMS = "`${{parent.inputs.<name>}}` or `${{parent.jobs.<step>.outputs.<name>}}`"


class Scope:
    """The names within one pipeline.

    Args:
        inputs: the pipeline's inputs.
        outputs: the pipeline's outputs as declared.
        plans: its steps.
    """

    def __init__(
        self, inputs: Mapping[str, Given], outputs: Mapping[str, Any], plans: Mapping[str, Plan], report: Report
    ) -> None:
        self.inputs = inputs
        self.outputs = outputs
        self.plans = plans
        self.report = report

    def given(self, plan: Plan, binding: Binding, path: DocumentPath) -> Given:
        """Say what is known of what an expression in an input of a step names; notes what the step needs.

        Args:
            path: where the expression stands.
        """
        if binding.target is Target.INPUT:
            return self.input(binding, path)
        if binding.target is Target.STEP_OUTPUT:
            return self._step_output(plan, binding, path)
        if binding.target is Target.LATER:
            return SOME_LITERAL
        if binding.target is Target.OUTPUT:
            expected = "`${{parent.jobs.<step>.outputs.<name>}}`, the output of the step that writes it"
            self.report.fault(path, f"`{binding.text}`: an output of the pipeline can't be an input", expected)
        else:
            self._nothing(binding, path)
        return UNKNOWN

    def input(self, binding: Binding, path: DocumentPath) -> Given:
        """Say what is known of an input of the pipeline."""
        found = self.inputs.get(binding.name)
        if found is None:
            expected = f"one of {', '.join(list(self.inputs)[:20])}" if self.inputs else "an input under `inputs`"
            near = self.report.near(binding.name, self.inputs)
            sentence = f"`{binding.text}`: the pipeline has no input `{binding.name}`"
            self.report.fault(path, sentence, expected, near)
            return UNKNOWN
        return found

    def literal_text(self, text: str, path: DocumentPath) -> bool:
        """Check the expressions of a text outside of inputs and outputs, where only values can stand.

        Returns:
            Whether something of the pipeline stands in it.
        """
        bound = False
        for binding in bindings(text):
            if binding.target is Target.INPUT:
                bound = True
                if self.input(binding, path).kind is Kind.DATA:
                    sentence = f"`{binding.text}` is data, and only a value can stand here"
                    self.report.fault(path, sentence, "an input of the step, used as `${{inputs.<name>}}`")
            elif binding.target in (Target.OUTPUT, Target.STEP_OUTPUT, Target.STEP_INPUT):
                sentence = f"`{binding.text}` can't stand here"
                expected = "an input or output of the step that is bound to it, used as `${{inputs.<name>}}`"
                self.report.fault(path, sentence, expected)
            elif binding.words.startswith("parent"):
                self._nothing(binding, path)
        return bound

    def _step_output(self, plan: Plan, binding: Binding, path: DocumentPath) -> Given:
        source = self.plans.get(binding.step)
        if source is None:
            sentence = f"`{binding.text}`: the pipeline has no step `{binding.step}`"
            self.report.fault(path, sentence, None, self.report.near(binding.step, self.plans))
            return UNKNOWN
        plan.needs.add(source.name)
        return self._output_of(source, binding, path)

    def _output_of(self, source: Plan, binding: Binding, path: DocumentPath) -> Given:
        name = binding.name
        declared, given = source.declared_outputs, source.given_outputs
        if name in given or name in declared or name == ARTIFACTS:
            kind = output_type(declared.get(name), given.get(name), self.outputs)
            return Given(Kind.DATA, kind or ("uri_folder" if name == ARTIFACTS else None))
        if source.is_shapeless() or name in source.mentioned_outputs():
            source.outputs.setdefault(name, {})
            return SOME_DATA
        known = dict.fromkeys([*declared, *given, *source.mentioned_outputs()])
        near = self.report.near(name, known, 0.6 if source.type == "pipeline" else _ALIKE)
        if near is not None or source.type == "pipeline":
            expected = f"one of {', '.join(known)}" if known else None
            self.report.fault(path, f"`{binding.text}`: step `{source.name}` has no output `{name}`", expected, near)
            return UNKNOWN
        source.outputs.setdefault(name, {})
        self.report.warnings.append(
            f"`{binding.text}`: step `{source.name}` does not declare the output `{name}`; unless its command "
            "finds out where to write it, it will be empty."
        )
        return SOME_DATA

    def _nothing(self, binding: Binding, path: DocumentPath) -> None:
        if binding.target is Target.NOTHING and not binding.words:
            self.report.fault(path, f"`{binding.text}` is not an expression", _FORMS)
            return
        if binding.words.startswith("inputs."):
            near = f"${{{{parent.{binding.words}}}}}" if binding.name in self.inputs else None
        else:
            near = self._near(binding)
        self.report.fault(path, f"`{binding.text}` names nothing that is known here", _FORMS, near)

    def _near(self, binding: Binding) -> str | None:
        words = binding.words.split(".")
        known = [f"parent.inputs.{name}" for name in self.inputs]
        for name in self.plans if "." in binding.words else ():
            plan = self.plans[name]
            if name in words:
                outputs = dict.fromkeys([*plan.declared_outputs, *plan.given_outputs])
                known += [f"parent.jobs.{name}.outputs.{output}" for output in outputs]
        near = self.report.near(binding.words, known)
        return f"${{{{{near}}}}}" if near else None


def output_type(declared: Any, given: Any, outputs: Mapping[str, Any]) -> str | None:
    """Give the type of a step's output; None when nothing says it.

    Args:
        declared: by the component.
        given: by the step: a mapping, an expression, or nothing.
        outputs: those of the pipeline, with their types.
    """
    own = given.get("type") if isinstance(given, Mapping) else None
    if own is not None:
        return str(own)
    kind = declared.get("type") if isinstance(declared, Mapping) else None
    text = given.get("path") if isinstance(given, Mapping) else given
    wanted = None
    for binding in bindings(text) if isinstance(text, str) else ():
        if binding.target is Target.OUTPUT:
            wanted = (outputs.get(binding.name) or {}).get("type")
    return written_type(kind, wanted)
