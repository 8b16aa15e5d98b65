"""The queue of a compute: who gets which nodes, and what the others are told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from lapisml.core.lifecycle import WAIT_SENTENCES, WaitReason, ordinal


@dataclass(frozen=True)
class Held:
    """Nodes that a job holds.

    Attributes:
        nodes: indexes from 0.
        since: milliseconds since the epoch, UTC.
    """

    job: str
    nodes: tuple[int, ...]
    since: int


@dataclass(frozen=True)
class Waiting:
    """A job in line, with the number of nodes it asks for."""

    job: str
    wanted: int


@dataclass(frozen=True)
class Allotment:
    """Nodes given to a job."""

    job: str
    nodes: tuple[int, ...]


def allot(
    capacity: int,
    held: Sequence[Held],
    line: Sequence[Waiting],
    closed: Collection[int] = (),
    most: int | None = None,
) -> list[Allotment]:
    """Give free nodes to the jobs at the head of the line.

    The line is served in its order: a job that asks for more nodes than are free holds those behind it, so that
    a large job is never starved by small ones.

    Args:
        capacity: number of nodes.
        held: what running jobs hold.
        line: waiting jobs, first come first.
        closed: nodes that can't be had now.
        most: nodes that may be given out now; None for all that are free.
    """
    busy = {node for holder in held for node in holder.nodes}
    free = [node for node in range(capacity) if node not in busy and node not in closed][:most]
    given: list[Allotment] = []
    for waiting in line:
        if waiting.wanted > len(free):
            break
        given.append(Allotment(waiting.job, tuple(free[: waiting.wanted])))
        free = free[waiting.wanted :]
    return given


def wait_sentence(place: int, compute: str, held: Sequence[Held]) -> str:
    """Say why the job at `place` (from 1) in the line of `compute` waits.

    >>> wait_sentence(2, "cpu-cluster", [Held("calm_fennel_x", (0,), 43_380_000)])
    'Queued: 2nd in line for cpu-cluster; node 0 runs calm_fennel_x since 12:03 UTC.'
    """
    holders = "; ".join(_holder(holder) for holder in sorted(held, key=lambda h: h.nodes)[:4])
    if len(held) > 4:
        holders += f"; {len(held) - 4} more jobs run"
    template = WAIT_SENTENCES[WaitReason.IN_LINE]
    return template.format(place=ordinal(place), compute=compute, holders=holders or "its nodes are being given out")


def _holder(holder: Held) -> str:
    nodes = ", ".join(str(node) for node in holder.nodes)
    clock = datetime.fromtimestamp(holder.since / 1000, UTC).strftime("%H:%M UTC")
    verb = ("node", "runs") if len(holder.nodes) == 1 else ("nodes", "run")
    return f"{verb[0]} {nodes} {verb[1]} {holder.job} since {clock}"
