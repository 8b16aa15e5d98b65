"""Clusters (``amlcompute``) whose jobs run on an attached compute: what of their documents it can give, and how.

Nodes at most are a share of what is behind. Nodes at least are there only where machines always are. A size means what
``sizes`` of the attached compute's document says. How long an idle node stays is for Ray alone to follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lapisml.core.errors import Problem
from lapisml.documents.words import listed
from lapisml.ports.compute import Standing
from lapisml.server.features.compute.pools import QUEUES, Pool, nodes_of, slots_of

HERE = "host"
"""The size of this machine: the one that a cluster has which names none."""

ANY_SIZE = "*"

Document = Mapping[str, Any]

_NO_IDLING = {
    "virtualmachine": "its machines are always there",
    "slurm": "Slurm's own `SuspendTime` says when an idle node is switched off",
}


def size_of(document: Document, backing: Document) -> Document | None:
    """Give what the size of a cluster means; nothing for one without a size, None for one that means nothing there."""
    size = str(document.get("size") or HERE).lower()
    if size == HERE:
        return {}
    sizes = {str(name).lower(): meaning for name, meaning in (backing.get("sizes") or {}).items()}
    return sizes.get(size, sizes.get(ANY_SIZE))


def wish_of(document: Document, backing: Document) -> dict[str, Any]:
    """Give what the jobs of a cluster ask of a node where they do not say, as in `ResourceSpec`."""
    wish = {key: value for key, value in (size_of(document, backing) or {}).items() if key != "hosts"}
    if backing["type"] == "ray" and document.get("idle_time_before_scale_down") is not None:
        wish["idle_s"] = int(document["idle_time_before_scale_down"])
    return wish


def beyond(document: Document, backing: Document) -> Iterator[Problem]:
    """Give a problem for each key of a cluster's document that the compute behind it can't honour."""
    behind = f"'{backing['name']}' ({backing['type']}), which stands behind clusters here,"
    low, high = int(document.get("min_instances") or 0), nodes_of(document)
    if backing["type"] in QUEUES and low > 0:
        yield Problem(f"{behind} gives a node to a job and keeps none for idle ones", "min_instances", expected="0")
    most = backing.get("max_nodes") if backing["type"] in QUEUES else len(_places(document, backing))
    if most is not None and high > int(most):
        what = f"gives at most {most} node(s)" if backing["type"] in QUEUES else f"has places for {most} job(s)"
        yield Problem(f"{behind} {what}", "max_instances", expected=f"at most {most}")
    if document.get("idle_time_before_scale_down") is not None and backing["type"] in _NO_IDLING:
        sentence = f"{behind} follows no such time: {_NO_IDLING[backing['type']]}"
        yield Problem(sentence, "idle_time_before_scale_down", expected="nothing")
    if size_of(document, backing) is None:
        known = listed([*(backing.get("sizes") or {})]) if backing.get("sizes") else "no size"
        wanted = f"{known}; `sizes` in the document of '{backing['name']}' says what others mean"
        yield Problem(f"{behind} knows no size {document['size']}", "size", expected=wanted)


def backed_pool(
    document: Document, engine: str, backing: Document | None, found: Pool | None, standing: Standing
) -> Pool:
    """Say how many jobs a cluster may have at a time.

    Args:
        document: of the cluster.
        engine: name of the attached compute behind it; `backing`, `found`: its document and pool, None when it is gone.
        standing: how it is.
    """
    name, high = str(document["name"]).lower(), nodes_of(document)
    if backing is None or found is None:
        trouble = f"LAPIS_CLUSTER_BACKEND names compute '{engine}', which is not attached to this workspace"
        return Pool(name, high, engine=engine, trouble=trouble)
    trouble = "" if size_of(document, backing) is not None else f"'{engine}' knows no size {document['size']} any more"
    if found.queues:
        most = high if found.most is None else min(high, found.most)
        return Pool(name, high, engine=engine, queues=True, most=most, machines=high, trouble=trouble)
    own = _places(document, backing)
    closed = found.closed | (frozenset(range(found.capacity)) - own)
    if own <= found.closed:
        trouble = trouble or standing.sentence
    return Pool(name, min(high, len(own)), engine=engine, shared=found.capacity, closed=closed, trouble=trouble)


def _places(document: Document, backing: Document) -> frozenset[int]:
    """Give the places for jobs of an SSH compute that a cluster of some size may have: all, where it names none."""
    every = slots_of(backing)
    wanted = (size_of(document, backing) or {}).get("hosts")
    if wanted is None:
        return frozenset(range(len(every)))
    hosts = backing.get("hosts") or [backing.get("address")]
    names = [host["address"] if isinstance(host, Mapping) else host for host in hosts]
    return frozenset(place for place, host in enumerate(every) if names[host] in wanted)
