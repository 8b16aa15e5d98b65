"""From a pipeline document to a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lapisml.documents.pipelines.graph import Graph

ComponentOf = Callable[[str], Mapping[str, Any]]
"""Gives the document of a component by reference; raises LapisError when it is not there."""


def compile_pipeline(document: Mapping[str, Any], component_of: ComponentOf) -> Graph:
    """Compile a pipeline."""
    raise NotImplementedError
