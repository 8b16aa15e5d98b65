"""The nodes and partitions of a cluster, read from ``sinfo``."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from lapisml.ports.compute import NodeStanding

PARTITION_FORMAT = "%R|%a|%l|%f|%G"
NODE_FORMAT = "%N|%T|%c|%m|%O|%G|%e|%E"

_BUSY = ("alloc", "mix", "comp")
_STATES = {"idle": "idle", "planned": "idle", "powered_down": "idle", "powering_up": "idle", "reserved": "idle"}


@dataclass
class Partition:
    """One partition.

    Attributes:
        name: its name.
        is_up: whether it takes jobs.
        longest_minutes: its limit on a job's time; None means none.
        features: of its nodes.
        gpus: whether one of its nodes has GPUs.
    """

    name: str
    is_up: bool = True
    longest_minutes: int | None = None
    features: set[str] = field(default_factory=set)
    gpus: bool = False


@dataclass(frozen=True)
class Node:
    """One node as ``sinfo`` shows it; in several partitions it is still one."""

    name: str
    state: str
    cpus: float | None
    memory_mb: int | None
    load: float | None
    gpus: int | None
    reason: str
    gpu_kind: str = ""
    memory_free_mb: int | None = None

    def standing(self) -> NodeStanding:
        """Say how it is, in the words of the compute port."""
        plain = self.state.rstrip("*~#!%$@^-+").lower()
        why = "" if self.reason in ("none", "") else self.reason
        if self.state.endswith("*"):
            state, sentence = "unreachable", f"Slurm can't reach it ({self.state})"
        elif plain.startswith(_BUSY):
            state, sentence = "running", ""
        elif plain in _STATES:
            state, sentence = "idle", ""
        else:
            state, sentence = "down", f"Slurm calls it {self.state}"
        text = f"{sentence}{f': {why}' if why else ''}." if sentence else ""
        return NodeStanding(
            self.name,
            state,
            self.cpus,
            self.gpus,
            self.memory_mb,
            self.load,
            text,
            self.gpu_kind,
            self.memory_free_mb,
        )


def partitions(text: str) -> list[Partition]:
    """Read lines in `PARTITION_FORMAT`; sinfo gives one per kind of node."""
    found: dict[str, Partition] = {}
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) == 5 and fields[0]:
            made = found.setdefault(fields[0], Partition(fields[0], fields[1] == "up", minutes(fields[2])))
            made.features |= {word for word in fields[3].split(",") if word and word != "(null)"}
            made.gpus = made.gpus or _gpus(fields[4]) > 0
    return list(found.values())


def nodes(text: str) -> list[Node]:
    """Read lines in `NODE_FORMAT`."""
    found: dict[str, Node] = {}
    for line in text.splitlines():
        fields = line.split("|", 7)
        if len(fields) == 8 and fields[0]:
            name, state, cpus, memory, load, gres, free, reason = (word.strip() for word in fields)
            found[name] = Node(
                name,
                state,
                _number(cpus),
                _whole(memory),
                _number(load),
                _gpus(gres),
                reason,
                _gpu_kinds(gres),
                _whole(free),
            )
    return list(found.values())


def largest_array(config: str) -> int | None:
    """Return ``MaxArraySize`` from ``scontrol show config``; one more than the highest index."""
    match = re.search(r"^MaxArraySize\s*=\s*(\d+)", config, re.MULTILINE)
    return int(match.group(1)) if match else None


def moment(name: str, text: str) -> float | None:
    """Return the latest that a time can be which ``scontrol show`` tells in whole seconds (``BootTime`` of a node …).

    Returns:
        Seconds since the epoch; None where it tells none.
    """
    match = re.search(rf"(?:^|\s){name}\s*=\s*(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d)", text)
    return time.mktime(time.strptime(match.group(1), "%Y-%m-%dT%H:%M:%S")) + 1 if match else None


def minutes(text: str) -> int | None:
    """Read a time limit as Slurm writes it (``2-00:00:00``, ``30:00``); None for none.

    >>> minutes("1-02:30:00")
    1590
    """
    match = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text.strip())
    if match is None:
        return None
    days, hours, mins, _seconds = (int(word or 0) for word in match.groups())
    return (days * 24 + hours) * 60 + mins


def _gpus(gres: str) -> int:
    return sum(int(count) for count in re.findall(r"gpu(?::[^:,()]+)?:(\d+)", gres))


def _gpu_kinds(gres: str) -> str:
    """Give the kinds of GPUs in a node's generic resources: ``a100`` of ``gpu:a100:8(S:0-1)``."""
    return ", ".join(dict.fromkeys(re.findall(r"gpu:([^:,()]*[^:,()\d][^:,()]*)", gres)))


def _whole(text: str) -> int | None:
    found = _number(text)
    return None if found is None else int(found)


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("+"))
    except ValueError:
        return None
