"""Which machines keep a revision's replicas."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from lapisml.ports.compute import NodeStanding, Standing
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.share_places import ANY, AWAY_MS, is_there, wanted
from lapisml.server.features.endpoints.share_store import Share

NOW = 100_000


class _Revision:
    """What is read of a revision."""

    scale: dict[str, Any] = {"type": "default", "instances": 2}  # noqa: RUF012 - never changed
    created_at = NOW


REVISION = cast("Revision", _Revision())
ONE = {"type": "default", "instances": 1}


def _share(node: int, name: str, **values: Any) -> Share:
    return Share("r", node, name, ONE, handed_over=True, **values)


def _cluster(*names: str, cpus: float = 4.0, state: str = "idle") -> Standing:
    return Standing(nodes=tuple(NodeStanding(name, state, cpus) for name in names))


def _names(standing: Standing, *shares: Share, queues: bool = True) -> list[str]:
    found = wanted(REVISION, standing, shares, NOW, queues=queues)
    return [found.names[node] for node in found.scales] if found is not None else []


def test_a_cluster_s_machines_are_known_by_name() -> None:
    """A node that joins, or one that is not there now, moves no other's number."""
    held = (_share(0, "b"), _share(1, "c"))
    assert _names(_cluster("a", "b", "c"), *held) == ["b", "c"]
    gone = replace(held[1], away_since=NOW - AWAY_MS)
    found = wanted(REVISION, _cluster("a", "b"), (held[0], gone), NOW, queues=True)
    assert found is not None
    assert {found.names[node] for node in found.scales} == {"a", "b"}
    assert min(set(found.scales) - {0}) == 2  # number 1 is still the one's that is away
    assert _names(_cluster("b"), held[0], gone) == ["b"]


def test_nodes_without_a_processor_to_give_get_none() -> None:
    """Such as a head that only manages; where all are so, the cluster is asked for a node."""
    head = NodeStanding("head", "idle", 0.0)
    assert _names(Standing(nodes=(head, NodeStanding("a", "idle", 2.0)))) == ["a"]
    assert _names(Standing(nodes=(head,))) == [ANY]
    assert _names(Standing("unreachable", "The head does not answer.")) == []


def test_machines_of_the_server_s_own_are_known_by_their_place() -> None:
    """New revisions wait a moment for those that answer late."""
    both = (NodeStanding("a", "idle"), NodeStanding("b", "unreachable"))
    assert wanted(REVISION, Standing(nodes=both), (), NOW, queues=False) is None
    late = wanted(REVISION, Standing(nodes=both), (), NOW + 60_000, queues=False)
    assert late is not None
    assert late.scales == {0: {"type": "default", "instances": 2}}


def test_whether_a_share_s_machine_is_there() -> None:
    """By name; a share without a machine of its own waits for none."""
    standing = Standing(nodes=(NodeStanding("a", "running"), NodeStanding("b", "down")))
    assert [is_there(_share(0, name), standing) for name in ("a", "b", "c", ANY)] == [True, False, False, True]
