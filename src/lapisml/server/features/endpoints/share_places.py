"""Which machines shall keep a revision's replicas. Pure: no clock, no database, no processes.

Machines that the server gives out have a number of their own, their place in the compute's document. Those of a
cluster come and go: there a share is known by the machine's name, and is put on no other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from lapisml.ports.compute import Standing
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.share_store import Share
from lapisml.server.features.endpoints.spread import spread

ANY = "any machine"
"""Name of a share that its cluster may put anywhere: one that has no machine now may start some."""

AWAY_MS = 20_000
"""How long nothing can be learnt of a machine before others keep its replicas as well, milliseconds."""
_GATHER_MS = 5_000
"""How long machines that can't be had are waited for before others are chosen for a new revision, milliseconds."""
_CPUS_OF_A_SHARE = 1.0
_UP = ("idle", "running")


@dataclass(frozen=True)
class Wanted:
    """What the machines are to keep.

    Attributes:
        scales: machine → its keeper's scale.
        names: machine → what it is called.
        leaving: machines that keep replicas and need not any more.
    """

    scales: Mapping[int, dict[str, Any]]
    names: Mapping[int, str]
    leaving: frozenset[int]


def wanted(revision: Revision, standing: Standing, shares: Sequence[Share], now: int, *, queues: bool) -> Wanted | None:
    """Say which machines keep how many replicas; None while that can't be said.

    Args:
        shares: those that there are.
        now: milliseconds since the epoch, UTC.
        queues: whether the compute gives its machines out itself.
    """
    nodes = _named(standing, shares) if queues else up_nodes(standing)
    if not nodes:
        return None
    held = {one.node: one for one in shares}
    is_new = not held and now - revision.created_at < _GATHER_MS
    if is_new and not queues and len(nodes) < len(standing.nodes):
        return None  # machines that are asked for the first time answer one after the other
    present = {n for n, one in held.items() if not one.leaving and not is_lost(one, now)}
    names = {n: held[n].name for n in present} | nodes
    usable = [*sorted(present), *(n for n in nodes if n not in held)]
    scales = spread(revision.scale, usable, present)
    return Wanted(scales, names, frozenset(present - scales.keys()))


def is_lost(share: Share, now: int) -> bool:
    """Say whether a machine has been away for so long that others keep its replicas as well."""
    return share.away_since is not None and now - share.away_since >= AWAY_MS


def is_there(share: Share, standing: Standing) -> bool:
    """Say whether the machine that a share was put on belongs to its cluster now."""
    return share.name == ANY or any(node.name == share.name and node.state in _UP for node in standing.nodes)


def up_nodes(standing: Standing) -> dict[int, str]:
    """Give the machines that can be had, number → name; those without work come first."""
    found = [(node.state != "idle", number, node.name) for number, node in enumerate(standing.nodes)]
    return {n: name for _busy, n, name in sorted(found) if standing.nodes[n].state in _UP}


def _named(standing: Standing, shares: Sequence[Share]) -> dict[int, str]:
    """Number a cluster's machines: those with a share by its number, the others by numbers that are free."""
    if standing.state != "ready":
        return {}
    up = [node for node in standing.nodes if node.state in _UP and (node.cpus is None or node.cpus >= _CPUS_OF_A_SHARE)]
    known = {one.name: one.node for one in shares}
    free = count(max(known.values(), default=-1) + 1)
    names = [name for _busy, name in sorted((node.state != "idle", node.name) for node in up)] or [ANY]
    return {known[name] if name in known else next(free): name for name in names}
