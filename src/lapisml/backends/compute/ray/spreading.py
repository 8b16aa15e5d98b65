"""Keepers of one revision of a deployment on different nodes, as long as there are enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lapisml.backends.compute.ray.cluster import Cluster, fits
from lapisml.backends.compute.ray.records import Record


class Spread:
    """Says which node a share of a revision had better have.

    Args:
        cluster: the nodes.
        all_jobs: gives every job.
    """

    def __init__(self, cluster: Cluster, all_jobs: Callable[[], Sequence[Record]]) -> None:
        self._cluster = cluster
        self._all_jobs = all_jobs
        self._wished: dict[tuple[str, str], str] = {}

    def prefer(self, record: Record) -> str | None:
        """Return the id of a node without a share of the same revision; None for other jobs, and where all have one."""
        revision = _revision(record)
        if revision is None:
            return None
        others = [o for o in self._all_jobs() if o is not record and not o.has_ended and _revision(o) == revision]
        taken = {place.node for other in others for place in other.places}
        taken |= {self._wished[other.key] for other in others if not other.places and other.key in self._wished}
        free = [n.id for n in self._cluster.alive() if n.id not in taken and fits(record.bundles[0], n.total)]
        if not free:
            return None
        self._wished[record.key] = min(free)
        return self._wished[record.key]


def _revision(record: Record) -> tuple[Any, ...] | None:
    """Tell revisions apart; None for a job that is no share of one."""
    asked = record.spec.get("serving")
    return (record.workspace, asked["endpoint"], asked["deployment"], asked["revision"]) if asked else None
