"""How the cluster is, for the person."""

from __future__ import annotations

import platform
from collections.abc import Sequence

import ray

from lapisml.backends.compute.ray.cluster import Cluster
from lapisml.backends.compute.ray.keepers import Keepers
from lapisml.backends.compute.ray.records import Record
from lapisml.ports.compute import Standing


def describe(cluster: Cluster, keepers: Keepers, jobs: Sequence[Record]) -> Standing:
    """Describe the nodes, and how many jobs run and wait; never raises."""
    try:
        nodes = cluster.standing(keepers.looks())
    except Exception as error:  # noqa: BLE001 - the head is away, whatever it is called
        return Standing("unreachable", f"The cluster's head does not answer: {error}.")
    waiting = sum(1 for record in jobs if record.waits)
    running = sum(1 for record in jobs if record.places and not record.has_ended)
    engine = {
        "Ray": ray.__version__,
        "Python": platform.python_version(),
        "Head": ray.get_runtime_context().gcs_address,
        "Jobs": f"{running} running, {waiting} waiting",
    }
    return Standing(nodes=nodes, engine=engine)
