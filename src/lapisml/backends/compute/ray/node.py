"""The engine ``ray`` of an agent that is a driver of a Ray cluster (`lapisml.backends.compute.node.engine`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.pack import pack
from lapisml.backends.compute.ray.jobs import RayJobs
from lapisml.backends.compute.ray.keepers import Sources
from lapisml.ports.compute import ComputeBackend


def make(root: Path, options: Mapping[str, Any]) -> ComputeBackend:
    """Make the engine.

    Args:
        root: the front's folder.
        options: ``written`` (the folder as the document writes it), ``prefix`` (of the placement groups' names),
            ``patience_s``, ``max_nodes`` (None for any number).
    """
    sources = pack()
    return RayJobs(
        root,
        Sources(sources.digest, sources.data),
        str(options["prefix"]),
        written=str(options["written"]),
        patience_s=float(options.get("patience_s", 30.0)),
        max_nodes=options.get("max_nodes"),
    )
