"""One workspace, or one registry, of one server, as the operations see it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.progress import Progress, no_progress
from lapisml.sdk.transport import Transport, segment

API = "/api/v1"
PAGE = 500

_IN_REGISTRIES = ("data", "models", "environments", "components", "uploads", "content")

Wrap = Callable[[str, dict[str, Any]], Any]
"""Turns a record of a kind into what the caller gets: an entity for the SDK, the record itself for the CLI."""


def as_record(_kind: str, record: dict[str, Any]) -> Any:
    """Give the record as it is."""
    return record


class Session:
    """Addresses below a workspace or a registry, and listing.

    Args:
        transport: the server.
        workspace: name of the workspace.
        progress: shows how uploads and downloads get on.
        registry: name of a registry, which then stands in the workspace's place.
    """

    def __init__(
        self, transport: Transport, workspace: str, progress: Progress = no_progress, registry: str | None = None
    ) -> None:
        self.transport = transport
        self.workspace = workspace
        self.progress = progress
        self.registry = registry

    def path(self, *names: str) -> str:
        """Give the address of something in the workspace or the registry, each name quoted.

        Raises:
            LapisError: NotSupported for what a registry does not have.
        """
        if self.registry is None:
            return "/".join((f"{API}/workspaces/{segment(self.workspace)}", *(segment(name) for name in names)))
        if names and names[0] not in _IN_REGISTRIES:
            sentence = f"A registry has no {names[0].replace('-', ' ')}."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Name a workspace instead.")
        return "/".join((f"{API}/registries/{segment(self.registry)}", *(segment(name) for name in names)))

    def of_registry(self, registry: str | None) -> Session:
        """Give the session of a registry of the same server; this one for None."""
        return self if registry is None else Session(self.transport, "", self.progress, registry)

    def pages(self, path: str, limit: int | None = None, **query: Any) -> Iterator[dict[str, Any]]:
        """Yield the records of a list, over all its pages, at most `limit` of them."""
        left, token = limit, None
        while left is None or left > 0:
            size = PAGE if left is None else min(left, PAGE)
            answer = self.transport.get(path, limit=size, token=token, **query)
            records = answer["value"][:left]
            yield from records
            left = None if left is None else left - len(records)
            token = answer.get("next")
            if not token:
                return


def archived_view(archived_only: bool = False, include_archived: bool = False) -> str:
    """Give the list parameter ``archived`` for the two flags of ``list`` commands."""
    return "archived" if archived_only else "all" if include_archived else "active"
