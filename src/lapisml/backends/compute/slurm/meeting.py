"""On the nodes of a job of several: its parts find each other through the shared folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lapisml.backends.compute.node.engine import free_ports_here
from lapisml.runner import durable, layout, parts

_MEET_WITHIN_S = 180.0
_LOOK_EVERY_S = 0.1


def meet(folder: Path, nodes: int, number: str) -> Path:
    """Say where this node is, wait for the others, and write all addresses into the specification of its part.

    Args:
        folder: the job's folder, that of its part 0.
        nodes: how many parts there are.
        number: Slurm's id of the job.

    Returns:
        The folder of this node's part. Leaves with 1 when the others do not come.
    """
    own = int(os.environ["SLURM_PROCID"])
    mine = folder.with_name(f"{folder.name}+{own}") if own else folder
    place = folder / f"meeting-{number}-{os.environ.get('SLURM_RESTART_COUNT') or 0}"
    place.mkdir(mode=0o700, exist_ok=True)
    durable.write_json(str(place / f"{own}.json"), [_address(), free_ports_here(parts.PORTS_EACH)], sync=True)
    met = _wait(place, nodes)
    path = str(mine / layout.SPEC)
    spec: dict[str, Any] = durable.read_json(path)
    share = {"number": own, "hosts": [host for host, _port in met], "ports": [port for _host, port in met]}
    durable.write_json(path, {**spec, "part": share})
    return mine


def _wait(place: Path, nodes: int) -> list[tuple[str, int]]:
    deadline = time.monotonic() + _MEET_WITHIN_S
    while True:
        found = [durable.read_json(str(place / f"{number}.json")) for number in range(nodes)]
        if all(found):
            return [(str(host), int(port)) for host, port in found]
        if time.monotonic() > deadline:
            absent = ", ".join(str(number) for number, known in enumerate(found) if not known)
            sys.exit(f"The job's nodes {absent} did not come within {_MEET_WITHIN_S:g} s.")
        time.sleep(_LOOK_EVERY_S)


def _address() -> str:
    """Return the name under which the other nodes reach this one: Slurm's name for it where that means something."""
    name = os.environ.get("SLURMD_NODENAME") or os.uname().nodename
    for candidate in (name, _node_address(name), os.uname().nodename):
        if candidate and _is_known(candidate):
            return candidate
    return name


def _node_address(name: str) -> str:
    try:
        done = subprocess.run(["scontrol", "-o", "show", "node", name], capture_output=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    for word in done.stdout.decode(errors="replace").split():
        if word.startswith("NodeAddr="):
            return word.partition("=")[2]
    return ""


def _is_known(name: str) -> bool:
    try:
        socket.getaddrinfo(name, None)
    except OSError:
        return False
    return True
