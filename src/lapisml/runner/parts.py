"""The share that one machine has in a job of several machines, as its runner sees it.

Each part has a supervisor and a folder of its own; nobody but `lapisml.backends.compute.node.parts`, which looks at
all of them, knows how the whole stands. Pure, but for `link_log`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lapisml.runner import layout

LOOPBACK = "127.0.0.1"
PORTS_EACH = 16
"""Consecutive ports that each part has for the talk of its processes; the first of part 0 is the meeting point."""

RAY_PORT, RAY_PORTS, CREW_PORT = 1, 6, 15
"""Of those: the first that a Ray of the job's own takes, how many, and the one of a mini-batch job's driver."""

_RANK_LOG = f"{layout.USER_LOGS}/std_log_process_"


def number_of(spec: Mapping[str, Any]) -> int:
    """Return which part a specification is for; 0 for a job on one machine."""
    part = spec.get("part")
    return int(part["number"]) if part else 0


def is_follower(spec: Mapping[str, Any]) -> bool:
    """Say whether a specification is for a part other than the first."""
    return number_of(spec) > 0


def key_of(spec: Mapping[str, Any]) -> str:
    """Return what marks the processes of a part: two parts of one job may be on one machine."""
    number, key = number_of(spec), str(spec["submit_key"])
    return f"{key}+{number}" if number else key


def hosts_of(spec: Mapping[str, Any]) -> list[str]:
    """Return the address of each of the job's nodes; simulated ones all have the loopback address."""
    part = spec.get("part")
    return list(part["hosts"]) if part else [LOOPBACK] * max(1, int(spec.get("node_count") or 1))


def master_of(spec: Mapping[str, Any]) -> tuple[str, int]:
    """Return address and port of the meeting point of the parts; the specification has a part."""
    return str(spec["part"]["hosts"][0]), int(spec["part"]["ports"][0])


def bracketed(host: str) -> str:
    """Return an address as it stands before a colon and a port: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def own_log(number: int, count: int) -> str:
    """Return the log of a part whose job has no ranks, below the job's folder, as ranks' logs are called."""
    width = len(str(max(0, count - 1)))
    return f"{layout.USER_LOGS}/std_log_process_{number:0{width}}.txt"


def variables(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return what a command finds in its environment beyond that of a job on one machine; nothing without a part."""
    if not spec.get("part"):
        return {}
    hosts, (address, port), number = hosts_of(spec), master_of(spec), number_of(spec)
    return {
        "AZUREML_CR_NODE_RANK": str(number),
        "AZUREML_NODE_COUNT": str(len(hosts)),
        "AZUREML_PROCESS_NAME": f"rank_{number}",
        "AZ_BATCH_HOST_LIST": ",".join(hosts),
        "AZ_BATCH_MASTER_NODE": f"{bracketed(address)}:{port}",
        "AZ_BATCHAI_MPI_MASTER_NODE": address,
        "MASTER_ADDR": address,
        "MASTER_PORT": str(port),
        "NODE_RANK": str(number),
        **network(hosts, number),
    }


def network(hosts: Sequence[str], number: int) -> dict[str, str]:
    """Return the variables that keep the processes' talk on the interface that leads to the other hosts.

    Gloo takes a name; NCCL takes beginnings of names unless a ``=`` stands before it
    (https://docs.nvidia.com/deeplearning/nccl/user-guide/docs/env.html). Where the interface is not found, the
    frameworks choose themselves.
    """
    # Only a job of several machines pays for this module.
    from lapisml.runner.interfaces import towards

    others = [host for index, host in enumerate(hosts) if index != number]
    name = towards(others[0]) if others else "lo"
    return {"GLOO_SOCKET_IFNAME": name, "NCCL_SOCKET_IFNAME": f"={name}"} if name else {}


def log_names(number: int, own: Iterable[str]) -> dict[str, str]:
    """Return under which names the logs of a part are shown among those of the whole job.

    Ranks' logs bear numbers that no two parts share, and keep their names. The part's own ``std_log.txt`` is the
    first of them under a second name, and is shown only while there is none. System logs go below ``node_<k>``.

    Args:
        number: the part's.
        own: paths of its logs, below its folder.

    Returns:
        own path → path below the job; without what is not shown.
    """
    paths = list(own)
    if number == 0:
        return {path: path for path in paths}
    has_ranks = any(path.startswith(_RANK_LOG) for path in paths)
    return {path: shown for path in paths if (shown := _shown(number, path, has_ranks)) is not None}


def _shown(number: int, path: str, has_ranks: bool) -> str | None:
    if path == layout.STD_LOG:
        return None if has_ranks else f"{layout.USER_LOGS}/std_log_node_{number}.txt"
    top, _, rest = path.partition("/")
    return f"{top}/node_{number}/{rest}" if top == layout.SYSTEM_LOGS else path


def link_log(folder: str, number: int, count: int) -> None:
    """Give the log of a part without ranks the name that it has among the logs of all parts."""
    try:
        os.link(os.path.join(folder, layout.STD_LOG), os.path.join(folder, own_log(number, count)))
    except OSError:
        return  # it is there from an earlier supervisor, or the file system has no links
