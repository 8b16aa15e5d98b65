"""Which ranks a job has, on which of its nodes, and what environment each one's framework expects.

Without a part (`lapisml.runner.parts`) nodes are simulated: all are this machine. With one, each node is a machine
and starts its own ranks. No process is made here; the kernel is asked which network interface leads to the others.

The variables are those of torchrun (https://pytorch.org/docs/stable/elastic/run.html), of TensorFlow's cluster
resolver (``TF_CONFIG``), of Open MPI's launcher (``OMPI_COMM_WORLD_*``), and Azure ML's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lapisml.runner import layout, parts

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


def own_ranks(spec: Mapping[str, Any], ranks: Sequence[Rank]) -> list[Rank]:
    """Return those of a job's ranks that are started here: all, or those of this part's node."""
    return [rank for rank in ranks if rank.node == parts.number_of(spec)] if spec.get("part") else list(ranks)


def impossible(spec: Mapping[str, Any]) -> str | None:
    """Say what of a distribution can't be had over several machines; None where all can."""
    if not spec.get("part"):
        return None
    distribution = spec["distribution"]
    if distribution["type"] == TENSORFLOW and int(distribution["parameter_servers"]):
        return (
            "parameter servers are for jobs on one machine: over several, nobody could tell them that all workers have "
            "ended; use MultiWorkerMirroredStrategy, or `instance_count: 1`"
        )
    most = max(rank.local_size for rank in ranks_of(spec))
    if distribution["type"] == TENSORFLOW and most > parts.PORTS_EACH:
        return (
            f"{most} TensorFlow workers on one machine are more than the {parts.PORTS_EACH} ports that it has for them"
        )
    return None


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
        ports: free ports, as many as `ports_needed` says; of a job of several machines its part says them.
    """
    kind = spec["distribution"]["type"]
    address, port = parts.master_of(spec) if spec.get("part") else (parts.LOOPBACK, ports[0])
    found = {**_azure(spec, rank, address, port), **_network(spec)}
    if kind == TENSORFLOW:
        found["TF_CONFIG"] = _tf_config(spec, rank, ranks, ports)
        return found
    found.update({"MASTER_ADDR": address, "MASTER_PORT": str(port), "NODE_RANK": str(rank.node)})
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
    return {"OMP_NUM_THREADS": str(max(1, cpus // max(1, count)))}


def _dealt(workers: int, servers: int, nodes: int) -> list[Rank]:
    tasks = [(WORKER, n) for n in range(workers)] + [(PARAMETER_SERVER, n) for n in range(servers)]
    sizes = [len(tasks[node::nodes]) for node in range(nodes)]
    return [
        Rank(number, number % nodes, number // nodes, sizes[number % nodes], role, index)
        for number, (role, index) in enumerate(tasks)
    ]


def _azure(spec: Mapping[str, Any], rank: Rank, address: str, port: int) -> dict[str, str]:
    name = f"{rank.role}_{rank.index}" if spec["distribution"]["type"] == TENSORFLOW else f"rank_{rank.number}"
    return {
        "AZUREML_CR_NODE_RANK": str(rank.node),
        "AZUREML_PROCESS_NAME": name,
        "AZ_BATCH_HOST_LIST": ",".join(parts.hosts_of(spec)),
        "AZ_BATCH_MASTER_NODE": f"{parts.bracketed(address)}:{port}",
        "AZ_BATCHAI_MPI_MASTER_NODE": address,
    }


def _network(spec: Mapping[str, Any]) -> dict[str, str]:
    """Keep the ranks' talk on one interface, whatever this machine's name resolves to: the loopback on one machine."""
    if spec.get("part"):
        return parts.network(parts.hosts_of(spec), parts.number_of(spec))
    return {"GLOO_SOCKET_IFNAME": "lo", "NCCL_SOCKET_IFNAME": "lo"}


def _tf_config(spec: Mapping[str, Any], rank: Rank, ranks: Sequence[Rank], ports: Sequence[int]) -> str:
    cluster: dict[str, list[str]] = {}
    part = spec.get("part")
    for other in ranks:
        host = parts.bracketed(part["hosts"][other.node]) if part else parts.LOOPBACK
        port = part["ports"][other.node] + other.local if part else ports[other.number]
        cluster.setdefault(other.role, []).append(f"{host}:{port}")
    return json.dumps(
        {"cluster": cluster, "task": {"type": rank.role, "index": rank.index}, "environment": "cloud"},
    )
