"""What each rank is told of itself and of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lapisml.runner.distributed import plan


def spec(kind: str, nodes: int = 1, **counts: int) -> dict[str, Any]:
    """Make the part of a launch specification that plans are made from."""
    given = {"type": kind, "processes_per_node": 1, "workers": 0, "parameter_servers": 0, **counts}
    return {"distribution": given, "node_count": nodes}


def told(given: dict[str, Any], *names: str) -> list[tuple[str, ...]]:
    """Give the named variables of every rank."""
    ranks = plan.ranks_of(given)
    ports = [30_000 + n for n in range(plan.ports_needed(given))]
    return [tuple(plan.variables(given, rank, ranks, ports)[name] for name in names) for rank in ranks]


def test_pytorch_ranks_fill_one_node_after_the_other() -> None:
    given = spec("pytorch", 2, processes_per_node=2)
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")
    assert told(given, *names) == [
        ("0", "0", "0", "4", "2", "127.0.0.1", "30000"),
        ("1", "1", "0", "4", "2", "127.0.0.1", "30000"),
        ("2", "0", "1", "4", "2", "127.0.0.1", "30000"),
        ("3", "1", "1", "4", "2", "127.0.0.1", "30000"),
    ]


def test_mpi_ranks_have_open_mpis_names() -> None:
    names = [f"OMPI_COMM_WORLD_{name}" for name in ("RANK", "SIZE", "LOCAL_RANK", "LOCAL_SIZE")]
    assert told(spec("mpi", 2, processes_per_node=2), *names) == [
        ("0", "4", "0", "2"),
        ("1", "4", "1", "2"),
        ("2", "4", "0", "2"),
        ("3", "4", "1", "2"),
    ]


def test_tensorflow_tasks_know_the_whole_cluster() -> None:
    configs = [json.loads(text) for (text,) in told(spec("tensorflow", 2, workers=2, parameter_servers=1), "TF_CONFIG")]
    cluster = {"worker": ["127.0.0.1:30000", "127.0.0.1:30001"], "ps": ["127.0.0.1:30002"]}
    assert [config["cluster"] for config in configs] == [cluster] * 3
    assert [(c["task"]["type"], c["task"]["index"]) for c in configs] == [("worker", 0), ("worker", 1), ("ps", 0)]


def test_without_parameter_servers_the_cluster_names_none() -> None:
    (text,) = told(spec("tensorflow", workers=1), "TF_CONFIG")[0]
    assert json.loads(text)["cluster"] == {"worker": ["127.0.0.1:30000"]}


def test_tensorflow_tasks_are_dealt_to_the_nodes_in_turn() -> None:
    ranks = plan.ranks_of(spec("tensorflow", 2, workers=2, parameter_servers=1))
    assert [(rank.node, rank.local, rank.local_size) for rank in ranks] == [(0, 0, 2), (1, 0, 1), (0, 1, 2)]


def test_azures_own_names_tell_the_node() -> None:
    names = ("AZUREML_CR_NODE_RANK", "AZUREML_PROCESS_NAME", "AZ_BATCH_HOST_LIST", "AZ_BATCH_MASTER_NODE")
    assert told(spec("pytorch", 2), *names) == [
        ("0", "rank_0", "127.0.0.1,127.0.0.1", "127.0.0.1:30000"),
        ("1", "rank_1", "127.0.0.1,127.0.0.1", "127.0.0.1:30000"),
    ]


@pytest.mark.parametrize(("count", "name"), [(2, "std_log_process_1.txt"), (12, "std_log_process_01.txt")])
def test_logs_sort_by_rank(count: int, name: str) -> None:
    rank = plan.ranks_of(spec("pytorch", processes_per_node=count))[1]
    assert plan.log_of(rank, count) == f"user_logs/{name}"


@pytest.mark.parametrize(("count", "cpus", "threads"), [(2, 8, "4"), (4, 2, "1")])
def test_ranks_share_the_processors(count: int, cpus: int, threads: str) -> None:
    assert plan.threads_each(count, cpus) == {"OMP_NUM_THREADS": threads}
