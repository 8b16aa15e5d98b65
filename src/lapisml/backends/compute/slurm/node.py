"""How the agent makes this engine (`lapisml.backends.compute.node.engine`)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lapisml.backends.compute.slurm.jobs import SlurmJobs
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.backends.compute.slurm.whole import WholeJobs


def make(root: Path, options: Mapping[str, Any]) -> WholeJobs:
    """Make the engine.

    Args:
        root: the agent's folder, on storage that the nodes share.
        options: `SlurmOptions.to_json`.

    Raises:
        LapisError: DocumentInvalid for options that can't be.
    """
    return WholeJobs(SlurmJobs(root, SlurmOptions.from_json(options)))
