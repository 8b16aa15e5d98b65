"""Forms that every record has on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

from typing_extensions import TypedDict

SUBSCRIPTION_ID = "00000000-0000-0000-0000-000000000000"
RESOURCE_GROUP = "lapis"
LOCATION = "local"


class CreationContext(TypedDict):
    """Who made a record and who changed it last. Times are ISO 8601 in UTC."""

    created_at: str | None
    created_by: str
    created_by_type: str
    last_modified_at: str | None
    last_modified_by: str
    last_modified_by_type: str


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


def studio_address(address: str, workspace: str, *words: str) -> str:
    """Give the address of a page: the place of an object is its noun and its name, as in the API.

    Args:
        address: the server's own address.
        words: what follows the workspace.
    """
    return "/".join([f"{address}/studio", *(quote(word, safe="") for word in (workspace, *words))])


def timestamp(millis: int | None) -> str | None:
    """Write milliseconds since the epoch as ISO 8601 in UTC, None as None."""
    if millis is None:
        return None
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat(timespec="microseconds")


def creation_context(by: str, created_at: int, changed_at: int, changed_by: str | None = None) -> CreationContext:
    """Make the `creation_context` of a record."""
    return {
        "created_at": timestamp(created_at),
        "created_by": by,
        "created_by_type": "User",
        "last_modified_at": timestamp(changed_at),
        "last_modified_by": changed_by or by,
        "last_modified_by_type": "User",
    }
