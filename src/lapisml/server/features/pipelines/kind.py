"""Checks a pipeline job as a whole before anything is created: the graph, and each step as a job of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.pipelines import (
    Graph,
    ParentValues,
    checkable_document,
    compile_component,
    compile_pipeline,
    pin_components,
)
from lapisml.documents.references import AssetRef, parse
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.kinds import JobKinds
from lapisml.server.features.jobs.lookups import remembered
from lapisml.server.features.jobs.submission import Submission, valid_document
from lapisml.server.features.workspaces.service import Workspace

_MOST_PROBLEMS = 100


class Graphs:
    """Makes graphs of pipeline documents: components are looked up in the workspace."""

    def __init__(self, assets: AssetService) -> None:
        self._assets = assets

    def of(self, workspace: Workspace, document: dict[str, Any]) -> Graph:
        """Compile a pipeline document.

        Raises:
            LapisError: DocumentInvalid, ReferenceNotFound or NotSupported, with every problem.
        """
        return compile_pipeline(document, self._finder(workspace))

    def of_component(self, workspace: Workspace, document: dict[str, Any]) -> Graph:
        """Compile the document of a pipeline component.

        Raises:
            LapisError: as `of`.
        """
        return compile_component(document, self._finder(workspace))

    def _finder(self, workspace: Workspace) -> Callable[[str], dict[str, Any]]:
        def component_of(reference: str) -> dict[str, Any]:
            record = self._assets.resolve(workspace, AssetKind.COMPONENTS, reference)
            return {**record.document, "name": record.name, "version": record.version}

        return component_of

    def pinned(self, workspace: Workspace, document: dict[str, Any]) -> dict[str, Any]:
        """Replace labels of components such as ``@latest`` by the versions that they mean now."""

        def pin(reference: str) -> str:
            parsed = parse(reference)
            if not isinstance(parsed, AssetRef):
                return reference
            return self._assets.resolve(workspace, AssetKind.COMPONENTS, reference).reference

        return pin_components(document, pin)


class PipelineKind:
    """The type ``pipeline``."""

    def __init__(self, graphs: Graphs, kinds: JobKinds) -> None:
        self._graphs = graphs
        self._kinds = kinds

    def check(self, workspace: Workspace, document: dict[str, Any], *, uploaded: bool) -> Submission:
        """Check a pipeline document and every step of it.

        Raises:
            LapisError: DocumentInvalid, NotSupported or ReferenceNotFound, with a problem for every fault.
        """
        checked = self._graphs.pinned(workspace, valid_document(document, uploaded=uploaded))
        graph = self._graphs.of(workspace, checked)
        with remembered():
            warnings = [*graph.warnings, *self._check_steps(workspace, graph, uploaded)]
        return Submission(
            document=checked,
            experiment_name=str(checked.get("experiment_name") or "Default"),
            display_name=checked.get("display_name"),
            pool=None,
            wanted_nodes=0,
            priority=0,
            warnings=list(dict.fromkeys(warnings)),
        )

    def _check_steps(self, workspace: Workspace, graph: Graph, uploaded: bool) -> list[str]:
        problems: list[Problem] = []
        warnings: list[str] = []
        code = ErrorCode.REFERENCE_NOT_FOUND
        for name, step in graph.steps.items():
            try:
                document = checkable_document(graph, name, ParentValues())
                taken = self._kinds.check(workspace, document, uploaded=uploaded)
            except LapisError as error:
                code = error.code
                found = error.problems or [Problem(str(error))]
                problems += [_moved(problem, step.path_of(problem.path)) for problem in found]
            else:
                warnings += [f"Step '{name}': {sentence}" for sentence in taken.warnings]
            if len(problems) > _MOST_PROBLEMS:
                break
        if problems:
            sentence = "Steps of the pipeline can't run as they are written."
            raise LapisError(code, sentence, None, problems)
        return warnings


def _moved(problem: Problem, path: str) -> Problem:
    return Problem(problem.message, path, expected=problem.expected, suggestion=problem.suggestion)
