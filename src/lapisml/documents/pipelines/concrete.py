"""From a step to the document of its job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.pipelines.graph import Graph, ParentValues


def step_document(graph: Graph, step: str, parent: ParentValues, finished: Mapping[str, str]) -> dict[str, Any]:
    """Give the document of a step's job."""
    raise NotImplementedError


def checkable_document(graph: Graph, step: str, parent: ParentValues) -> dict[str, Any]:
    """Give the document of a step's job before anything ran."""
    raise NotImplementedError


def pipeline_outputs(graph: Graph, finished: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Say which step's output each output of the pipeline is."""
    raise NotImplementedError
