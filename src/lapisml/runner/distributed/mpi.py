"""MPI's own launcher: where it is, and how it is told to start the ranks.

Open MPI, MPICH and Intel MPI are served by the same line, ``mpirun -n <count> <program>``; what differs between
them goes through environment variables, which the others do not read.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_LAUNCHERS = ("mpirun", "mpiexec")
_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.distributed.shim import main; main()"


def find(variables: Mapping[str, str]) -> str | None:
    """Return the path of the job's ``mpirun`` (its environment's first, then the machine's), None without one."""
    folders = variables.get("PATH", os.defpath).split(os.pathsep)
    for name in _LAUNCHERS:
        for folder in folders:
            path = os.path.join(folder, name)
            if folder and os.access(path, os.X_OK) and os.path.isfile(path):
                return path
    return None


def command(launcher: str, count: int, folder: str, argv: list[str]) -> list[str]:
    """Return the line that starts the ranks, each through `lapisml.runner.distributed.shim`.

    Args:
        launcher: path of ``mpirun``.
        count: number of ranks.
        folder: the job's folder.
        argv: what each rank runs.
    """
    source = os.path.abspath(__file__)
    for _level in range(4):
        source = os.path.dirname(source)
    return [launcher, "-n", str(count), sys.executable, "-I", "-S", "-c", _STARTER, source, folder, *argv]


def settings() -> dict[str, str]:
    """Return the variables that make every runtime do as we need.

    More ranks than processors are allowed, and none is tied to a processor. Open MPI refuses to run for root
    unless told twice.
    """
    found = {
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_hwloc_default_binding_policy": "none",
        "OMPI_MCA_hwloc_base_binding_policy": "none",
    }
    if os.geteuid() == 0:
        names = ("OMPI_ALLOW_RUN_AS_ROOT", "PRTE_ALLOW_RUN_AS_ROOT")
        found.update({name + end: "1" for name in names for end in ("", "_CONFIRM")})
    return found


def rank_number(variables: Mapping[str, str]) -> int:
    """Return the rank that a runtime gave to this process: Open MPI's, PMIx's or PMI's word for it."""
    for name in ("OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"):
        if variables.get(name, "").isdigit():
            return int(variables[name])
    raise KeyError("the MPI runtime did not say which rank this is")
