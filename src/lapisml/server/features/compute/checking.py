"""What a compute's document must hold to, beyond its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.documents.words import listed
from lapisml.server.features.compute.pools import ENGINES, QUEUES, is_attached, nodes_of

BUILT_IN = ("serverless", "local")

_MUTABLE = frozenset(
    {"min_instances", "max_instances", "idle_time_before_scale_down", "description", "tags", "identity", "tier"}
)
_TYPES = ("amlcompute", "computeinstance", *ENGINES)


def kept(given: dict[str, Any]) -> dict[str, Any]:
    """Give what is kept of a document, secrets still in it.

    A password of a node's administrator opens nothing on this machine, and is not kept.
    """
    document = dict(registry.parse("compute", given).to_dict())
    settings = document.get("ssh_settings")
    if settings and not is_attached(document):
        document["ssh_settings"] = {key: value for key, value in settings.items() if key != "admin_password"}
    return document


def fixed_keys(before: Mapping[str, Any], changes: Mapping[str, Any]) -> list[str]:
    """Give the keys among `changes` that can't change once the compute is there."""
    changed = {key for key, value in changes.items() if before.get(key) != value}
    return sorted(changed & {"name", "type"} if is_attached(before) else changed - _MUTABLE)


def check(document: dict[str, Any], backing: Mapping[str, Any] | None) -> None:
    """Refuse a document that no compute can have.

    Args:
        backing: the document of the attached compute that stands behind clusters; None where there is none.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    name = str(document.get("name", ""))
    if not is_valid_name(name) or name.lower() in BUILT_IN:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{name}' can't be a compute's name.")
    kind = document.get("type")
    if kind not in _TYPES:
        raise LapisError(
            ErrorCode.NOT_SUPPORTED, f"Computes of type {kind} are not supported; there are {listed(_TYPES)}."
        )
    if is_attached(document):
        return
    low, high = int(document.get("min_instances") or 0), int(document.get("max_instances", 4))
    if (kind == "amlcompute" and not 0 <= low <= high) or high < 1:
        raise LapisError(
            ErrorCode.DOCUMENT_INVALID,
            f"min_instances {low} and max_instances {high} must hold 0 <= min <= max, max >= 1.",
        )
    if kind == "amlcompute" and backing is not None:
        _check_backed(document, backing, low, high)


def _check_backed(document: dict[str, Any], backing: Mapping[str, Any], low: int, high: int) -> None:
    """Refuse what the compute behind a cluster can't give."""
    behind = f"'{backing['name']}' ({backing['type']}), which stands behind clusters here,"
    problems = []
    if backing["type"] in QUEUES and low > 0:
        problems.append(Problem(f"{behind} gives a node to a job and keeps none for idle ones", "min_instances", "0"))
    if backing["type"] not in QUEUES and high > nodes_of(backing):
        sentence = f"{behind} has places for {nodes_of(backing)} job(s)"
        problems.append(Problem(sentence, "max_instances", expected=f"at most {nodes_of(backing)}"))
    if backing.get("max_nodes") is not None and high > int(backing["max_nodes"]):
        sentence = f"{behind} gives at most {backing['max_nodes']} node(s)"
        problems.append(Problem(sentence, "max_instances", expected=f"at most {backing['max_nodes']}"))
    if problems:
        raise LapisError(ErrorCode.NOT_SUPPORTED, f"Cluster '{document['name']}' can't be had here.", None, problems)
