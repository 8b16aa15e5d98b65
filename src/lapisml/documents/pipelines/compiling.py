"""From a pipeline document to a graph that was checked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.checks import check_rest
from lapisml.documents.pipelines.graph import Graph, OutputSource, Settings, Step
from lapisml.documents.pipelines.inputs import plan_inputs, plan_own_inputs
from lapisml.documents.pipelines.merging import bind_search_space, plan_step
from lapisml.documents.pipelines.ordering import order
from lapisml.documents.pipelines.outputs import plan_outputs
from lapisml.documents.pipelines.plan import Plan
from lapisml.documents.pipelines.report import EndOfSearch, Report
from lapisml.documents.pipelines.resolving import ComponentOf, Components
from lapisml.documents.pipelines.scope import Scope
from lapisml.documents.pipelines.settings import settings_of
from lapisml.documents.pipelines.values import LITERALS, Given, Kind

_DEEPEST = 24
_MOST_STEPS = 50_000


@dataclass
class _Level:
    """One pipeline on its way to a graph.

    Attributes:
        path: of what holds `jobs`.
        inputs: what is known of its inputs.
        outputs: as declared, what the job of the pipeline says on top.
        labels: components that it is nested in.
    """

    jobs: Mapping[str, Any]
    path: DocumentPath
    inputs: Mapping[str, Given]
    outputs: Mapping[str, Any]
    labels: frozenset[str] = frozenset()
    depth: int = 0
    plans: dict[str, Plan] = field(default_factory=dict)
    sources: dict[str, OutputSource] = field(default_factory=dict)
    order: tuple[str, ...] = ()


def compile_pipeline(document: Mapping[str, Any], component_of: ComponentOf) -> Graph:
    """Compile the document of a pipeline job, and check it with all that is nested in it.

    Args:
        document: the plain dictionary of a valid pipeline job; it is not changed.
        component_of: gives the document of a component by reference.

    Raises:
        LapisError: DocumentInvalid, NotSupported or ReferenceNotFound, with every problem and its path.
    """
    compiler = _Compiler(component_of)
    return compiler.finish(document, lambda: compiler.job(document))


def compile_component(document: Mapping[str, Any], component_of: ComponentOf) -> Graph:
    """Compile the document of a pipeline component, whose inputs have no values yet, with all that is nested in it.

    Raises:
        LapisError: see `compile_pipeline`.
    """
    compiler = _Compiler(component_of)
    return compiler.finish(document, lambda: compiler.component(document))


def check_component(document: Mapping[str, Any], component_of: ComponentOf) -> None:
    """Check the document of a pipeline component as `compile_component` does.

    Raises:
        LapisError: see `compile_pipeline`.
    """
    compile_component(document, component_of)


class _Compiler:
    """Compiles one document."""

    def __init__(self, component_of: ComponentOf) -> None:
        self._components = Components(component_of)
        self._report = Report()
        self._steps = 0

    def finish(self, document: Mapping[str, Any], work: Callable[[], tuple[_Level, Plan]]) -> Graph:
        """Do the work, and raise what was found to be wrong."""
        done = None
        with suppress(EndOfSearch):
            done = work()
        self._report.refuse(document.get("name") or document.get("display_name"), document)
        assert done is not None
        return self._graph(document, *done)

    def job(self, document: Mapping[str, Any]) -> tuple[_Level, Plan]:
        """Compile a job, whose steps stand in it or in a component."""
        own = Plan("", (), "pipeline", given_inputs=document.get("inputs") or {})
        if document.get("component") is not None:
            own = plan_step("", (), {**document, "type": "pipeline"}, self._components, self._report)
            if own.component is None:
                raise EndOfSearch
        scope = Scope({}, {}, {}, self._report)
        component = own.component
        (plan_own_inputs if component is None else plan_inputs)(own, scope)
        path: DocumentPath = () if component is None else ("component",)
        jobs = (document if component is None else component).get("jobs") or {}
        outputs = _overlaid(own.declared_outputs, document.get("outputs") or {})
        level = _Level(jobs, path, own.values, outputs, own.labels)
        self._level(level)
        return level, own

    def component(self, document: Mapping[str, Any]) -> tuple[_Level, Plan]:
        """Compile a component: each input has its type and no value."""
        inputs = {name: _of_type(declared) for name, declared in (document.get("inputs") or {}).items()}
        level = _Level(document.get("jobs") or {}, (), inputs, document.get("outputs") or {})
        self._level(level)
        return level, Plan("", (), "pipeline")

    def _level(self, level: _Level) -> None:
        report = self._report
        if not level.jobs:
            report.fault((*level.path, "jobs"), "there is no step", "at least one step")
        self._steps += len(level.jobs)
        if self._steps > _MOST_STEPS:
            report.fault((*level.path, "jobs"), "the pipeline has too many steps", f"at most {_MOST_STEPS} in all")
            raise EndOfSearch
        for name, raw in level.jobs.items():
            path = (*level.path, "jobs", name)
            level.plans[name] = plan_step(name, path, raw, self._components, report)
        scope = Scope(level.inputs, level.outputs, level.plans, report)
        for plan in level.plans.values():
            plan_inputs(plan, scope)
        for plan in level.plans.values():
            plan_outputs(plan, scope, level.sources)
            if plan.type == "sweep":
                bind_search_space(plan)
            check_rest(plan, scope)
        self._order(level)
        for plan in level.plans.values():
            if plan.component is not None:
                self._nested(plan, level)

    def _order(self, level: _Level) -> None:
        level.order, rings = order({name: plan.needs for name, plan in level.plans.items()})
        for ring in rings:
            path = (*level.path, "jobs", ring[0])
            if len(ring) == 1:
                self._report.fault(path, f"step `{ring[0]}` needs its own output")
            else:
                sentence = f"these steps wait for each other: {' → '.join([*ring, ring[0]])}"
                self._report.fault(path, sentence, "each step after those whose outputs it takes")

    def _nested(self, plan: Plan, outer: _Level) -> None:
        assert plan.component is not None
        path = (*plan.path, "component")
        if plan.labels & outer.labels:
            self._report.fault(path, f"the pipeline `{plan.component.get('name')}` is nested in itself")
            return
        if outer.depth >= _DEEPEST:
            self._report.fault(path, "pipelines are nested too deep", f"at most {_DEEPEST} levels")
            return
        jobs = plan.component.get("jobs") or {}
        outputs = _overlaid(plan.declared_outputs, plan.outputs)
        inner = _Level(jobs, path, plan.values, outputs, outer.labels | plan.labels, outer.depth + 1)
        self._level(inner)
        self._check_written(plan, inner, outer)

    def _check_written(self, plan: Plan, inner: _Level, outer: _Level) -> None:
        """Report outputs of a nested pipeline that others take and none of its steps writes."""
        unwritten = [name for name in inner.outputs if name not in inner.sources]
        for name in unwritten:
            taken = f"${{{{parent.jobs.{plan.name}.outputs.{name}}}}}"
            if plan.given_outputs.get(name) or any(_names(other, taken) for other in outer.plans.values()):
                path = (*plan.path, "component", "outputs", name)
                expected = f"a step's output that is `${{{{parent.outputs.{name}}}}}`"
                self._report.fault(path, f"no step of the nested pipeline writes the output `{name}`", expected)

    def _graph(self, document: Mapping[str, Any], level: _Level, own: Plan) -> Graph:
        settings = settings_of(document, Settings())
        unwritten = [name for name in level.outputs if name not in level.sources]
        warnings = [f"No step writes the pipeline's output `{name}`." for name in unwritten]
        sources = {
            name: level.sources.get(name) or OutputSource(None, name, declared or {})
            for name, declared in level.outputs.items()
        }
        return Graph(
            steps={name: self._step(plan) for name, plan in level.plans.items()},
            inputs=own.inputs,
            outputs=sources,
            settings=settings,
            order=level.order,
            warnings=tuple(dict.fromkeys([*self._report.warnings, *warnings])),
        )

    def _step(self, plan: Plan) -> Step:
        document = {**plan.document}
        if plan.component is not None:
            document["component"] = self._components.in_place(plan.component)
            plan.origins["component"] = (*plan.path, "component")
        document.update({key: value for key, value in (("inputs", plan.inputs), ("outputs", plan.outputs)) if value})
        return Step(
            name=plan.name,
            type=plan.type,
            needs=frozenset(plan.needs),
            document=document,
            deterministic=plan.deterministic,
            retries=plan.retries,
            origins=plan.origins,
            place=plan.path,
            bound=frozenset(plan.bound),
        )


def _names(plan: Plan, text: str) -> bool:
    return any(text in str(value).replace(" ", "") for value in plan.inputs.values())


def _overlaid(declared: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Give the outputs of a pipeline: as its component declares them, what its job says on top."""
    made: dict[str, Any] = {name: dict(one or {}) for name, one in declared.items()}
    for name, one in given.items():
        made[name] = {**made.get(name, {}), **(one if isinstance(one, Mapping) else {})}
    return made


def _of_type(declared: Any) -> Given:
    kind = declared.get("type") if isinstance(declared, Mapping) else None
    return Given(Kind.LITERAL if kind in LITERALS else Kind.DATA if kind else Kind.UNKNOWN, kind)
