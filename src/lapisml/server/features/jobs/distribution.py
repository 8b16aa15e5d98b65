"""The key `distribution` of a job: what it asks for, and what of it this machine can't do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lapisml.core.errors import Problem
from lapisml.ports.launch import DistributionSpec
from lapisml.runner.distributed.ray import arguments

MOST_PROCESSES = 256
"""Processes that one job may start on one machine."""

_RAY = ("port", "include_dashboard", "dashboard_port", "head_node_additional_args", "worker_node_additional_args")
_RAY_ARGUMENTS = ("head_node_additional_args", "worker_node_additional_args")


def distribution_of(document: dict[str, Any]) -> DistributionSpec | None:
    """Give what a checked document asks for; None for one process.

    As on Azure ML a node has one process unless the document says more, and TensorFlow one worker a node.
    """
    asked = document.get("distribution")
    if asked is None:
        return None
    nodes = int((document.get("resources") or {}).get("instance_count") or 1)
    if asked["type"] == "ray":
        return DistributionSpec("ray", ray={name: asked[name] for name in _RAY if asked.get(name) is not None})
    if asked["type"] == "tensorflow":
        workers, servers = asked.get("worker_count"), asked.get("parameter_server_count")
        return DistributionSpec("tensorflow", workers=int(workers or nodes), parameter_servers=int(servers or 0))
    return DistributionSpec(asked["type"], processes_per_node=int(asked.get("process_count_per_instance") or 1))


def refusals(document: dict[str, Any]) -> Iterator[Problem]:
    """Give a problem for what can't be honoured."""
    asked = document.get("distribution")
    if asked is None:
        return
    if asked["type"] == "ray":
        yield from _ray_refusals(asked)
        return
    wanted = distribution_of(document)
    assert wanted is not None
    nodes = int((document.get("resources") or {}).get("instance_count") or 1)
    count = wanted.workers + wanted.parameter_servers or nodes * wanted.processes_per_node
    if count > MOST_PROCESSES:
        yield Problem(f"{count} processes on one machine", "distribution", expected=f"at most {MOST_PROCESSES}")


def _ray_refusals(asked: dict[str, Any]) -> Iterator[Problem]:
    for name in _RAY_ARGUMENTS:
        try:
            arguments(str(asked.get(name) or ""))
        except ValueError as error:
            yield Problem(f"{error}", f"distribution.{name}", expected="arguments of `ray start`")
