"""Which ranks a job has, on which of its nodes, and what environment each one's framework expects.

Nodes are simulated: all are this machine. Pure: no process is made here.

The variables are those of torchrun (https://pytorch.org/docs/stable/elastic/run.html), of TensorFlow's cluster
resolver (``TF_CONFIG``), of Open MPI's launcher (``OMPI_COMM_WORLD_*``), and Azure ML's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lapisml.runner import layout

ADDRESS = "127.0.0.1"
PYTORCH, MPI, TENSORFLOW = "pytorch", "mpi", "tensorflow"
WORKER, PARAMETER_SERVER = "worker", "ps"


class Rank:
    """One process of a job.

    Attributes:
        number: from 0, over all nodes.
        node: from 0.
        local: number among the ranks of its node.
        local_size: how many ranks that node has.
        role: ``worker`` or ``ps``.
        index: number among the ranks of its role.
    """

    __slots__ = ("index", "local", "local_size", "node", "number", "role")

    def __init__(self, number: int, node: int, local: int, local_size: int, role: str, index: int) -> None:
        self.number = number
        self.node = node
        self.local = local
        self.local_size = local_size
        self.role = role
        self.index = index


def ranks_of(spec: Mapping[str, Any]) -> list[Rank]:
    """Return a job's ranks in order.

    pytorch and mpi fill one node after the other; tensorflow deals its workers, then its parameter servers,
    to the nodes in turn.

    Args:
        spec: the launch specification, plain form; its ``distribution`` is set.
    """
    distribution, nodes = spec["distribution"], max(1, int(spec.get("node_count") or 1))
    if distribution["type"] == TENSORFLOW:
        return _dealt(int(distribution["workers"]), int(distribution["parameter_servers"]), nodes)
    size = max(1, int(distribution["processes_per_node"]))
    return [Rank(n, n // size, n % size, size, WORKER, n) for n in range(nodes * size)]


def log_of(rank: Rank, count: int) -> str:
    """Return a rank's log below the job's folder; rank 0 also has the job's own log, `layout.STD_LOG`."""
    width = len(str(count - 1))
    return f"{layout.USER_LOGS}/std_log_process_{rank.number:0{width}}.txt"


def title(rank: Rank, count: int) -> str:
    """Name a rank for people: ``Rank 3 of 4 (node 1, local rank 1)``."""
    task = f"{rank.role} {rank.index}, " if rank.role == PARAMETER_SERVER else ""
    return f"Rank {rank.number} of {count} ({task}node {rank.node}, local rank {rank.local})"


def ports_needed(spec: Mapping[str, Any]) -> int:
    """Return how many free ports the ranks must be told of."""
    return len(ranks_of(spec)) if spec["distribution"]["type"] == TENSORFLOW else 1


def variables(spec: Mapping[str, Any], rank: Rank, ranks: Sequence[Rank], ports: Sequence[int]) -> dict[str, str]:
    """Return what a rank's environment says beyond the job's.

    Args:
        spec: the launch specification, plain form.
        rank: the rank.
        ranks: all of them.
        ports: free ports, as many as `ports_needed` says.
    """
    kind = spec["distribution"]["type"]
    found = {**_azure(spec, rank, ports), **_quiet_network()}
    if kind == TENSORFLOW:
        found["TF_CONFIG"] = _tf_config(rank, ranks, ports)
        return found
    found.update({"MASTER_ADDR": ADDRESS, "MASTER_PORT": str(ports[0]), "NODE_RANK": str(rank.node)})
    if kind == PYTORCH:
        found.update(
            {
                "RANK": str(rank.number),
                "LOCAL_RANK": str(rank.local),
                "WORLD_SIZE": str(len(ranks)),
                "LOCAL_WORLD_SIZE": str(rank.local_size),
                "GROUP_RANK": str(rank.node),
            }
        )
        return found
    found.update(
        {
            "OMPI_COMM_WORLD_RANK": str(rank.number),
            "OMPI_COMM_WORLD_SIZE": str(len(ranks)),
            "OMPI_COMM_WORLD_LOCAL_RANK": str(rank.local),
            "OMPI_COMM_WORLD_LOCAL_SIZE": str(rank.local_size),
            "OMPI_COMM_WORLD_NODE_RANK": str(rank.local),
            "OMPI_UNIVERSE_SIZE": str(len(ranks)),
        }
    )
    return found


def threads_each(count: int, cpus: int) -> dict[str, str]:
    """Return ``OMP_NUM_THREADS``, so that the ranks share the processors instead of fighting for them."""
    return {"OMP_NUM_THREADS": str(max(1, cpus // count))}


def _dealt(workers: int, servers: int, nodes: int) -> list[Rank]:
    tasks = [(WORKER, n) for n in range(workers)] + [(PARAMETER_SERVER, n) for n in range(servers)]
    sizes = [len(tasks[node::nodes]) for node in range(nodes)]
    return [
        Rank(number, number % nodes, number // nodes, sizes[number % nodes], role, index)
        for number, (role, index) in enumerate(tasks)
    ]


def _azure(spec: Mapping[str, Any], rank: Rank, ports: Sequence[int]) -> dict[str, str]:
    name = f"{rank.role}_{rank.index}" if spec["distribution"]["type"] == TENSORFLOW else f"rank_{rank.number}"
    return {
        "AZUREML_CR_NODE_RANK": str(rank.node),
        "AZUREML_PROCESS_NAME": name,
        "AZ_BATCH_HOST_LIST": ",".join([ADDRESS] * max(1, int(spec.get("node_count") or 1))),
        "AZ_BATCH_MASTER_NODE": f"{ADDRESS}:{ports[0]}",
        "AZ_BATCHAI_MPI_MASTER_NODE": ADDRESS,
    }


def _quiet_network() -> dict[str, str]:
    """Keep the ranks' talk on the loopback interface, whatever this machine's name resolves to."""
    return {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}


def _tf_config(rank: Rank, ranks: Sequence[Rank], ports: Sequence[int]) -> str:
    cluster: dict[str, list[str]] = {}
    for other in ranks:
        cluster.setdefault(other.role, []).append(f"{ADDRESS}:{ports[other.number]}")
    return json.dumps(
        {"cluster": cluster, "task": {"type": rank.role, "index": rank.index}, "environment": "cloud"},
    )
