"""What a compute's document must hold to, beyond its form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
from lapisml.documents import registry
from lapisml.documents.words import listed
from lapisml.server.features.compute.backing import beyond
from lapisml.server.features.compute.pools import ENGINES, is_attached

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
        problems = list(beyond(document, backing))
        if problems:
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"Cluster '{name}' can't be had here.", None, problems)
