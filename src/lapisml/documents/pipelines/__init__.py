"""Pipelines as graphs: what a pipeline document means, checked as a whole, and what its steps become.

The functions and their types; everything is pure::

    compile_pipeline(document: Mapping[str, Any], component_of: Callable[[str], Mapping[str, Any]]) -> Graph
        # `document`: the plain dictionary of a valid pipeline job. Raises LapisError DocumentInvalid,
        # ReferenceNotFound or NotSupported with every problem and its path within `document`.

    compile_component(document: Mapping[str, Any], component_of) -> Graph
        # the same for the document of a pipeline component, whose inputs have no values yet.

    check_component(document: Mapping[str, Any], component_of) -> None
        # the same for its faults alone.

    step_document(graph: Graph, step: str, parent: ParentValues, finished: Mapping[str, str],
                  job: str | None = None) -> dict[str, Any]
        # the document of the step's own job, self-contained; `finished`: step name -> name of its job;
        # `job`: the name of the step's own job, for ``${{name}}`` in its inputs.
        # KeyError when a step that it needs is not in `finished`.

    checkable_document(graph: Graph, step: str, parent: ParentValues) -> dict[str, Any]
        # the same before anything ran, to be checked: what other steps will write stands in as a path of the
        # workspace's own datastore. `graph.steps[step].path_of(problem.path)` gives a problem's path within the
        # pipeline's document.

    pipeline_outputs(graph: Graph, finished: Mapping[str, str]) -> dict[str, tuple[str, str]]
        # output of the pipeline -> (name of the job that wrote it, name of that job's output).

    pin_components(document: Mapping[str, Any], pinned: Callable[[str], str]) -> dict[str, Any]
        # a copy in which every reference to a component is what `pinned` makes of it (a label becomes a version).

    Graph: steps: Mapping[str, Step]; inputs; outputs: Mapping[str, OutputSource]; settings: Settings;
           order: tuple[str, ...]; warnings: tuple[str, ...]; needs() -> dict[str, frozenset[str]];
           retries() -> dict[str, int]
    Step: name; type; needs: frozenset[str]; document; deterministic: bool; retries: int; path_of(path) -> str
    OutputSource: step: str | None; output: str; declared: Mapping[str, Any]
    Settings: default_compute; default_datastore; continue_on_step_failure: bool; force_rerun: bool
    ParentValues: experiment_name: str | None; name: str | None

What runs next is decided by `lapisml.core.pipelines`.
"""

from __future__ import annotations

from lapisml.documents.pipelines.compiling import check_component, compile_component, compile_pipeline
from lapisml.documents.pipelines.concrete import checkable_document, pipeline_outputs, step_document
from lapisml.documents.pipelines.graph import Graph, OutputSource, ParentValues, Settings, Step
from lapisml.documents.pipelines.pinning import pin_components

__all__ = [
    "Graph", "OutputSource", "ParentValues", "Settings", "Step", "check_component", "checkable_document",
    "compile_component", "compile_pipeline", "pin_components", "pipeline_outputs", "step_document",
]  # fmt: skip
