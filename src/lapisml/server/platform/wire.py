"""Forms that every record has on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
RESOURCE_GROUP = "lapis"
LOCATION = "local"


def workspace_arm_id(workspace: str) -> str:
    """Give the ARM-shaped id of a workspace."""
    provider = f"/subscriptions/{SUBSCRIPTION_ID}/resourceGroups/{RESOURCE_GROUP}/providers"
    return f"{provider}/Microsoft.MachineLearningServices/workspaces/{workspace}"


def arm_id(workspace: str, kind: str, name: str, version: str | None = None) -> str:
    """Give the ARM-shaped id of an object of a workspace, as ``az ml`` prints ids.

    Args:
        kind: plural, as in the address: ``models``, ``jobs``, ``computes``.
    """
    versioned = f"/versions/{version}" if version is not None else ""
    return f"{workspace_arm_id(workspace)}/{kind}/{name}{versioned}"


def timestamp(millis: int | None) -> str | None:
    """Write milliseconds since the epoch as ISO 8601 in UTC, None as None."""
    if millis is None:
        return None
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="microseconds")


def creation_context(by: str, created_at: int, changed_at: int, changed_by: str | None = None) -> dict[str, Any]:
    """Make the `creation_context` of a record."""
    return {
        "created_at": timestamp(created_at),
        "created_by": by,
        "created_by_type": "User",
        "last_modified_at": timestamp(changed_at),
        "last_modified_by": changed_by or by,
        "last_modified_by_type": "User",
    }
