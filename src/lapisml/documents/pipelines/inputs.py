"""The inputs of a step: bound, checked against what its component declares, defaults filled in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.bindings import Target, bindings
from lapisml.documents.pipelines.plan import Plan
from lapisml.documents.pipelines.scope import Scope
from lapisml.documents.pipelines.values import (
    LITERALS,
    SOME_DATA,
    SOME_LITERAL,
    UNKNOWN,
    UNSET,
    Given,
    Kind,
    MisfitError,
    data_fits,
    data_type,
    fit_literal,
)
from lapisml.documents.scalars import Scalar

_LOOSELY_ALIKE = 0.8
_VERY_ALIKE = 0.9
_MOST_HOPS = 50
_ABSENT = object()


def plan_own_inputs(plan: Plan, scope: Scope) -> None:
    """Fill in `plan.inputs` and `plan.values` of a pipeline's own job: what has no value must be optional."""
    reader = _Reader(plan, scope)
    for name, written in plan.given_inputs.items():
        declared = written if isinstance(written, Mapping) and written.get("path") is None else None
        value, plan.values[name] = reader.read(name, declared)
        if value is not _ABSENT:
            plan.inputs[name] = value
    for name in reader.missing:
        kind = _type_of(plan.given_inputs[name])
        wanted = "value" if kind in LITERALS else "path"
        expected = f"`{wanted}`, in the document or with --set inputs.{name}.{wanted}=…"
        scope.report.fault((*plan.path, "inputs", name), f"input `{name}` has no value", expected)


def plan_inputs(plan: Plan, scope: Scope) -> None:
    """Fill in `plan.inputs`, `plan.values` and `plan.needs`."""
    declared = plan.declared_inputs or {}
    space = plan.document.get("search_space") if plan.type == "sweep" else None
    swept = space if isinstance(space, Mapping) else {}
    names = dict.fromkeys([*plan.given_inputs, *declared])
    reader = _Reader(plan, scope)
    for name in names:
        if name in swept and plan.given_inputs.get(name) is None:
            continue
        value, given = reader.read(name, declared.get(name))
        plan.values[name] = given
        if value is not _ABSENT:
            plan.inputs[name] = value
    reader.report_missing()


class _Reader:
    """Reads the inputs of one step."""

    def __init__(self, plan: Plan, scope: Scope) -> None:
        self._plan = plan
        self._scope = scope
        self._report = scope.report
        self.missing: dict[str, str | None] = {}

    def read(self, name: str, declared: Any) -> tuple[Any, Given]:
        """Give an input as the step's job has it, expressions still in it, and what is known of it."""
        path: DocumentPath = (*self._plan.path, "inputs", name)
        written = self._followed(self._plan.given_inputs.get(name), path)
        if isinstance(written, Mapping) and written.get("path") is None:
            written = written.get("value", written.get("default"))
        if written is None:
            return self._left_out(name, declared, None)
        text = written["path"] if isinstance(written, Mapping) else written
        given = self._given(text, (*path, "path") if isinstance(written, Mapping) else path)
        if given.kind is Kind.UNSET:
            return self._left_out(name, declared, str(text))
        if isinstance(written, Mapping):
            return self._data(written, given, declared, path)
        return self._plain(written, given, declared, path)

    def _followed(self, written: Any, path: DocumentPath) -> Any:
        """Put the input of another step in the place of ``${{parent.jobs.a.inputs.x}}``."""
        for _ in range(_MOST_HOPS):
            found = bindings(written) if isinstance(written, str) else []
            hop = next((b for b in found if b.target is Target.STEP_INPUT), None)
            if hop is None:
                return written
            source = self._scope.plans.get(hop.step)
            declared = ((source.declared_inputs if source else None) or {}).get(hop.name) or {}
            known = source is not None and (hop.name in source.given_inputs or hop.name in declared)
            if source is None or not known or hop.text != str(written).strip():
                self._report.fault(path, f"`{hop.text}` names no input of a step that stands alone here")
                return None
            written = source.given_inputs.get(hop.name, declared.get("default"))
        self._report.fault(path, f"`{str(written)[:120]}` leads back to itself")
        return None

    def _given(self, written: Any, path: DocumentPath) -> Given:
        """Say what is known of a value; for a text, of what its expressions name."""
        if not isinstance(written, str):
            return Given(Kind.LITERAL, None, written)
        found = bindings(written)
        if not found:
            return Given(Kind.LITERAL, None, written)
        known = [self._scope.given(self._plan, binding, path) for binding in found]
        if len(found) == 1 and found[0].text == written.strip():
            return known[0]
        data = [place for place, one in enumerate(known) if one.kind is Kind.DATA]
        if not data:
            return SOME_LITERAL
        first = found[data[0]]
        is_path = data == [0] and not written[: first.start].strip() and written[first.end :].startswith("/")
        if not is_path:
            sentence = f"`{first.text}` is data and can't stand within a text"
            self._report.fault(path, sentence, "the expression alone, or with a path behind it: `${{…}}/file.csv`")
        return SOME_DATA

    def _plain(self, written: Scalar, given: Given, declared: Any, path: DocumentPath) -> tuple[Any, Given]:
        """Read a value or an expression that stands alone."""
        if given.kind is Kind.DATA:
            return self._data({"path": written}, given, declared, path)
        kind = _type_of(declared)
        if kind is None or given.kind is Kind.UNKNOWN or kind == "path":
            return written, Given(given.kind, given.type or kind, given.value)
        if kind in LITERALS:
            return self._literal(written, given, declared, path)
        if given.value is not None and not isinstance(given.value, str):
            self._report.fault(path, f"`{given.value}` is a value, and the component wants data", f"a {kind}")
            return written, UNKNOWN
        return self._data({"path": written}, Given(Kind.DATA), declared, path)

    def _literal(self, written: Scalar, given: Given, declared: Any, path: DocumentPath) -> tuple[Any, Given]:
        kind = str(declared["type"])
        if given.value is None:
            return written, Given(Kind.LITERAL, kind)
        try:
            fitted = fit_literal(given.value, declared)
        except MisfitError as error:
            bound = f"`{str(written).strip()}`: " if isinstance(written, str) and "${{" in written else ""
            self._report.fault(path, f"{bound}{error}", error.expected, error.suggestion)
            return written, UNKNOWN
        is_later = isinstance(given.value, str) and "${{" in given.value
        return written if is_later else fitted, Given(Kind.LITERAL, kind, fitted)

    def _data(
        self, written: Mapping[str, Any], given: Given, declared: Any, path: DocumentPath
    ) -> tuple[dict[str, Any], Given]:
        own = written.get("type")
        known = own or given.type
        kind = _type_of(declared)
        made = {key: value for key, value in written.items() if value is not None}
        if kind in LITERALS:
            sentence = (
                f"{self._named(written)} is data{f' ({known})' if known else ''}, and the component wants a value"
            )
            self._report.fault(path, sentence, f"a {kind}")
        elif not data_fits(known, kind):
            sentence = f"{self._named(written)} is a {known}, and the component wants a {kind}"
            self._report.fault(path, sentence, f"a {kind}")
        chosen = data_type(known, kind) or _guessed_type(str(written["path"]))
        if chosen is not None:
            made["type"] = chosen
        mode = made.get("mode") or (declared or {}).get("mode") or given.mode
        if mode is not None:
            made["mode"] = mode
        return made, Given(Kind.DATA, chosen, mode=mode)

    def _named(self, written: Mapping[str, Any]) -> str:
        return f"`{str(written['path']).strip()[:120]}`"

    def _left_out(self, name: str, declared: Any, binding: str | None) -> tuple[Any, Given]:
        """Take the default of an input without a value, or note that there must be one.

        Args:
            binding: what it is bound to, when that has no value.
        """
        default = (declared or {}).get("default")
        if default is not None:
            path: DocumentPath = (*self._plan.path, "inputs", name)
            return self._plain(default, Given(Kind.LITERAL, None, default), declared, path)
        if declared is not None and declared.get("optional") is not True:
            self.missing[name] = binding
            return _ABSENT, UNKNOWN
        return _ABSENT, UNSET

    def report_missing(self) -> None:
        """Report the inputs that must be given and are not, and names that were meant to be one of the declared."""
        plan, declared = self._plan, self._plan.declared_inputs
        if declared is None:
            return
        free = [name for name in declared if name not in plan.given_inputs]
        for name in plan.given_inputs if free else ():
            near = None if name in declared else self._meant(name, free)
            if near is not None:
                self.missing.pop(near, None)
                path = (*plan.path, "inputs", name)
                sentence = f"the component has no input `{name}`"
                self._report.fault(path, sentence, None, near, at="key")
        for name, binding in self.missing.items():
            path = (*plan.path, "inputs", name)
            kind = f"a {_type_of(declared[name]) or 'value'}"
            if binding is None:
                self._report.fault(path, f"missing input `{name}`", kind, at="missing")
            else:
                self._report.fault(path, f"`{binding.strip()}` has no value, and the component needs one", kind)

    def _meant(self, name: str, free: list[str]) -> str | None:
        """Give the declared input that a name was meant to be: one that is missing, else one that is very like it."""
        return self._report.near(name, self.missing, _LOOSELY_ALIKE) or self._report.near(name, free, _VERY_ALIKE)


def _guessed_type(path: str) -> str | None:
    """Tell a file within data from a folder in it by its name; None for data that is taken as a whole."""
    tail = path.strip().rpartition("}}/")[2]
    return None if tail == path.strip() else "uri_file" if "." in tail.rpartition("/")[2] else "uri_folder"


def _type_of(declared: Any) -> str | None:
    return declared.get("type") if isinstance(declared, Mapping) else None
