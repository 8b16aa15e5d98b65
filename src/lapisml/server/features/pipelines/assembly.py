"""Puts the parts of the pipelines feature together."""

from __future__ import annotations

from lapisml.core.clock import Clock
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.assembly import JobsPart
from lapisml.server.features.pipelines.driver import PipelineDriver
from lapisml.server.features.pipelines.kind import Graphs, PipelineKind
from lapisml.server.features.reuse.service import ReuseService


def add_pipelines(jobs: JobsPart, assets: AssetService, reuse: ReuseService, clock: Clock) -> None:
    """Teach the jobs feature the type ``pipeline``."""
    graphs = Graphs(assets)
    jobs.add("pipeline", PipelineKind(graphs, jobs.kinds), PipelineDriver(jobs.composites, graphs, reuse, clock))
