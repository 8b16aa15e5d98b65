"""Clusters whose jobs run on an attached compute: what is refused, how many places they have, what their jobs ask."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import LapisError
from lapisml.documents import registry
from lapisml.ports.compute import NodeStanding, Standing
from lapisml.server.features.compute.backing import backed_pool, beyond, wish_of
from lapisml.server.features.compute.nodes import Holder, nodes_of_pool
from lapisml.server.features.compute.pools import Pool, attached_pool
from lapisml.server.features.jobs.resources import resources_of

LAB = {
    "name": "lab",
    "type": "virtualmachine",
    "hosts": ["a", {"address": "b", "slots": 2}],
    "sizes": {"STANDARD_NC6": {"hosts": ["b"]}},
}
SLURM = {
    "name": "hpc",
    "type": "slurm",
    "max_nodes": 4,
    "sizes": {"Standard_NC6": {"gpus": 1, "cpus": 6, "instance_type": "gpu"}, "*": {}},
}
RAY = {"name": "rays", "type": "ray", "address": "http://head:8265"}
HERE = Standing(nodes=[NodeStanding("a", "idle"), NodeStanding("b", "idle")])


def cluster(**keys: Any) -> dict[str, Any]:
    return {"name": "cpu", "type": "amlcompute", "max_instances": 1, **keys}


def pool(document: dict[str, Any], backing: dict[str, Any], standing: Standing = HERE) -> Pool:
    return backed_pool(document, backing["name"], backing, attached_pool(backing["name"], backing, standing), standing)


@pytest.mark.parametrize("backing", [LAB, SLURM, RAY])
def test_the_documents_are_good_and_a_plain_cluster_can_be_had(backing: dict[str, Any]) -> None:
    assert registry.parse("compute", backing).to_dict() == backing
    assert list(beyond(cluster(), backing)) == []


@pytest.mark.parametrize(
    ("keys", "backing", "place", "word"),
    [
        ({"max_instances": 4}, LAB, "max_instances", "places for 3 job(s)"),
        ({"max_instances": 3, "size": "Standard_NC6"}, LAB, "max_instances", "places for 2 job(s)"),
        ({"max_instances": 5}, SLURM, "max_instances", "at most 4 node(s)"),
        ({"min_instances": 1}, SLURM, "min_instances", "keeps none for idle ones"),
        ({"min_instances": 1}, RAY, "min_instances", "keeps none for idle ones"),
        ({"idle_time_before_scale_down": 120}, LAB, "idle_time_before_scale_down", "always there"),
        ({"idle_time_before_scale_down": 120}, SLURM, "idle_time_before_scale_down", "SuspendTime"),
        ({"size": "STANDARD_D2"}, LAB, "size", "no size STANDARD_D2"),
        ({"size": "STANDARD_D2"}, RAY, "size", "no size STANDARD_D2"),
    ],
)
def test_what_can_not_be_had_is_refused(keys: dict[str, Any], backing: dict[str, Any], place: str, word: str) -> None:
    found = list(beyond(cluster(**keys), backing))
    assert [problem.path for problem in found] == [place]
    assert word in found[0].message
    assert found[0].expected


@pytest.mark.parametrize(
    ("keys", "backing"),
    [
        ({"min_instances": 1, "max_instances": 3}, LAB),
        ({"size": "host", "max_instances": 3}, LAB),
        ({"size": "anything", "max_instances": 4}, SLURM),
        ({"idle_time_before_scale_down": 120, "max_instances": 100}, RAY),
    ],
)
def test_what_can_be_had_is_not_refused(keys: dict[str, Any], backing: dict[str, Any]) -> None:
    assert list(beyond(cluster(**keys), backing)) == []


def test_a_cluster_has_some_of_the_machines_places() -> None:
    whole = pool(cluster(max_instances=2), LAB)
    assert (whole.capacity, whole.shared, whole.closed, whole.engine, whole.trouble) == (2, 3, frozenset(), "lab", "")
    sized = pool(cluster(max_instances=2, size="standard_nc6"), LAB)
    assert (sized.capacity, sized.closed) == (2, frozenset({0}))
    away = Standing(sentence="b sleeps", nodes=[NodeStanding("a", "idle"), NodeStanding("b", "unreachable")])
    assert pool(cluster(size="standard_nc6"), LAB, away).trouble == "b sleeps"
    assert pool(cluster(), LAB, away).trouble == ""
    assert pool(cluster(), LAB, away).closed == frozenset({1, 2})


def test_a_cluster_of_a_cluster_hands_on_as_many_as_it_may() -> None:
    found = pool(cluster(max_instances=3), SLURM)
    assert (found.queues, found.capacity, found.largest, found.shown) == (True, 3, 3, 3)


def test_what_is_gone_since_holds_jobs_with_a_reason() -> None:
    assert "not attached" in backed_pool(cluster(), "lab", None, None, HERE).trouble
    assert "no size big any more" in pool(cluster(size="big"), LAB).trouble


def test_jobs_ask_for_what_the_size_means_unless_they_say() -> None:
    usual = wish_of(cluster(size="standard_nc6"), SLURM)
    asked = resources_of({"resources": {"instance_count": 2, "properties": {"cpus": 2}}}, usual)
    assert asked is not None
    assert (asked.cpus, asked.gpus, asked.instance_type, asked.idle_s) == (2.0, 1, "gpu", None)
    asked = resources_of({"resources": {"instance_type": "mine"}}, usual)
    assert asked is not None
    assert (asked.cpus, asked.gpus, asked.instance_type) == (6.0, 1, "mine")
    assert wish_of(cluster(size="standard_nc6"), LAB) == {}
    assert resources_of({}, wish_of(cluster(), LAB)) is None
    kept = resources_of({}, wish_of(cluster(idle_time_before_scale_down=300), RAY))
    assert kept is not None
    assert kept.idle_s == 300


def test_the_nodes_of_a_share_are_those_in_use_and_as_many_as_there_may_be() -> None:
    found = nodes_of_pool(pool(cluster(max_instances=2), LAB), [Holder("j", (2,), 5)])
    assert [(node["node_id"], node["current_job_name"]) for node in found] == [("node-0", "j"), ("node-1", None)]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({**LAB, "sizes": {"S": {"hosts": ["c"]}}}, "sizes.S.hosts[0]"),
        ({**LAB, "sizes": {"S": {"gpus": 1}}}, "sizes.S"),
        ({**SLURM, "sizes": {"S": {"instance_type": "a b"}}}, "sizes.S.instance_type"),
        ({**RAY, "sizes": {"S": {"gpus": -1}}}, "sizes.S.gpus"),
    ],
)
def test_sizes_that_can_not_be(given: dict[str, Any], path: str) -> None:
    with pytest.raises(LapisError) as caught:
        registry.parse("compute", given)
    assert any(problem.path.startswith(path) for problem in caught.value.problems), caught.value.problems
