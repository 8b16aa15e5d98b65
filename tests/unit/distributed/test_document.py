"""From the key `distribution` of a document to what the runner is told."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.ports.launch import DistributionSpec
from lapisml.server.features.jobs.distribution import distribution_of, refusals


@pytest.mark.parametrize(
    ("asked", "nodes", "wanted"),
    [
        ({"type": "pytorch"}, 2, DistributionSpec("pytorch", 1)),
        ({"type": "pytorch", "process_count_per_instance": 3}, 2, DistributionSpec("pytorch", 3)),
        ({"type": "ray", "port": 6379}, 2, DistributionSpec("ray", ray={"port": 6379})),
        ({"type": "mpi", "process_count_per_instance": 2}, None, DistributionSpec("mpi", 2)),
        ({"type": "tensorflow"}, 2, DistributionSpec("tensorflow", workers=2)),
        (
            {"type": "tensorflow", "worker_count": 3, "parameter_server_count": 1},
            None,
            DistributionSpec("tensorflow", workers=3, parameter_servers=1),
        ),
    ],
)
def test_counts_that_are_left_out(asked: dict[str, Any], nodes: int | None, wanted: DistributionSpec) -> None:
    document = {"distribution": asked, "resources": {"instance_count": nodes}}
    assert distribution_of(document) == wanted


def test_without_the_key_a_job_is_one_process() -> None:
    assert distribution_of({"resources": {"instance_count": 4}}) is None


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (
            {"type": "ray", "head_node_additional_args": "--temp-dir /tmp/x"},
            "distribution.head_node_additional_args",
        ),
        ({"type": "ray", "worker_node_additional_args": "'"}, "distribution.worker_node_additional_args"),
        ({"type": "pytorch", "process_count_per_instance": 129}, "distribution"),
        ({"type": "tensorflow", "worker_count": 250, "parameter_server_count": 7}, "distribution"),
    ],
)
def test_what_is_refused(asked: dict[str, Any], place: str) -> None:
    document = {"distribution": asked, "resources": {"instance_count": 2}}
    assert [problem.path for problem in refusals(document)] == [place]


def test_as_many_as_may_be_are_taken() -> None:
    asked = {"type": "mpi", "process_count_per_instance": 128}
    assert not list(refusals({"distribution": asked, "resources": {"instance_count": 2}}))
