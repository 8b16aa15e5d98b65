"""What a job asks for, as arguments of ``sbatch``; refused here where the cluster can't give it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from lapisml.backends.compute.local.folders import help_of
from lapisml.backends.compute.slurm import script, words
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.backends.compute.slurm.places import Partition
from lapisml.backends.compute.slurm.slurm import Slurm
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Help

_PREPARATION_MINUTES = 30


def arguments(spec: Mapping[str, Any], options: SlurmOptions, slurm: Slurm) -> tuple[str, ...]:
    """Return the arguments of ``sbatch`` for a job.

    Args:
        spec: the launch specification, plain form.
        options: of the compute.
        slurm: the cluster; while it can't be asked, nothing is refused here.

    Raises:
        LapisError: NotSupported, with what there is.
    """
    try:
        there: Sequence[Partition] | None = slurm.partitions()
    except SlurmError:
        there = None
    asked = spec.get("resources") or {}
    partition = _partition(asked.get("instance_type"), options, there)
    _check(spec, options, partition, there)
    found = [word for word in options.arguments() if not word.startswith("--partition=")]
    if partition is not None:
        found.insert(0, f"--partition={partition}")
    limit = _minutes(spec.get("timeout_s"), options, _named(partition, there))
    if help_of(spec) is Help.SPARE:
        found.append("--no-kill")  # the loss of a node that only helps is not the end of the others
    return (*found, *script.wish(asked.get("cpus"), asked.get("memory_mb"), asked.get("gpus") or 0, limit))


def _partition(size: str | None, options: SlurmOptions, there: Sequence[Partition] | None) -> str | None:
    """Return the partition: a machine size that a job asks for is the name of one."""
    if not size:
        return options.partition
    words.word("instance type", size)
    if there is not None and size not in [known.name for known in there]:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED,
            f"There is no partition '{size}' in Slurm; there are {_listed(there)}.",
            "`resources.instance_type` names a partition on a compute of type slurm.",
        )
    return size


def _check(
    spec: Mapping[str, Any], options: SlurmOptions, partition: str | None, there: Sequence[Partition] | None
) -> None:
    nodes = int(spec.get("node_count") or 1)
    if spec.get("serving"):
        raise LapisError(ErrorCode.NOT_SUPPORTED, "A compute of type slurm runs jobs; it keeps no online deployments.")
    if options.max_nodes is not None and nodes > options.max_nodes:
        sentence = f"The job asks for {nodes} nodes; this compute gives a job {options.max_nodes} (`max_nodes`)."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
    if there is None:
        return
    names = [known.name for known in there]
    for name in (partition or "").split(",") if partition else ():
        if name not in names:
            sentence = f"There is no partition '{name}' in Slurm; there are {_listed(there)}."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Set `partition:` in the compute's document.")
    _check_gpus(spec, partition, there)


def _check_gpus(spec: Mapping[str, Any], partition: str | None, there: Sequence[Partition]) -> None:
    asked = (spec.get("resources") or {}).get("gpus") or 0
    able = [known.name for known in there if known.gpus]
    if asked and not able:
        raise LapisError(ErrorCode.NOT_SUPPORTED, "The job asks for GPUs, and no node that Slurm has says it has one.")
    if asked and partition and not set(partition.split(",")) & set(able):
        sentence = f"Partition '{partition}' has no GPUs; those that have are {', '.join(able)}."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)


def _minutes(timeout_s: float | None, options: SlurmOptions, partition: Partition | None) -> int | None:
    """Return the limit that Slurm is to keep: the compute's, or the job's own with time for its preparation."""
    own = math.ceil(timeout_s / 60) + _PREPARATION_MINUTES if timeout_s else None
    limits = [limit for limit in (own, options.time_limit_minutes) if limit is not None]
    if not limits:
        return None
    most = partition.longest_minutes if partition is not None else None
    return min([*limits, most]) if most is not None and options.time_limit_minutes is None else min(limits)


def _named(name: str | None, there: Sequence[Partition] | None) -> Partition | None:
    return next((known for known in there or () if known.name == name), None)


def _listed(there: Sequence[Partition]) -> str:
    return ", ".join(sorted(known.name for known in there)) or "none"
