"""Lists of assets: which of them, in which order, and part by part."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import Archived, Page
from lapisml.server.surfaces.azure.arm import PAGE, ArmAnswer, ArmCall, ok
from lapisml.server.surfaces.azure.errors import not_supported

T = TypeVar("T")

_VIEWS = {
    "": Archived.ACTIVE,
    "activeonly": Archived.ACTIVE,
    "archivedonly": Archived.ARCHIVED,
    "all": Archived.ALL,
}
_NO_FILTERS = ("version", "description", "properties", "offset", "feed")
_MOST = 1000
_NEWEST_FIRST = ("", "createdtime desc", "createdat desc")


def archived_of(call: ArmCall) -> Archived:
    """Read ``listViewType``: ActiveOnly when it is left out, ArchivedOnly or All.

    The SDK writes them ``ListViewType.ACTIVE_ONLY`` where it asks a registry.

    Raises:
        LapisError: Usage for another word.
    """
    word = call.query.get("listViewType", "")
    view = word.rpartition(".")[2].replace("_", "").lower()
    if view not in _VIEWS:
        sentence = f"listViewType is ActiveOnly, ArchivedOnly or All, not '{word}'."
        raise LapisError(ErrorCode.USAGE, sentence)
    return _VIEWS[view]


def tags_of(call: ArmCall) -> dict[str, str | None]:
    """Read ``tags``: ``key`` or ``key=value``, several parted by commas."""
    found: dict[str, str | None] = {}
    for word in filter(None, call.query.get("tags", "").split(",")):
        key, equals, value = word.partition("=")
        found[key.strip()] = value if equals else None
    return found


def check_list(call: ArmCall) -> None:
    """Refuse every order but the newest first, which is the one there is, and filters that there are not.

    Raises:
        LapisError: NotSupported.
    """
    for key in _NO_FILTERS:
        if call.query.get(key):
            raise not_supported(f"Versions can't be filtered by {key}.", "Filter by tags, or go through the list.")
    order = call.query.get("$orderBy", "")
    if " ".join(order.lower().split()) not in _NEWEST_FIRST:
        raise not_supported(f"Versions can't be ordered by '{order}'.", "Leave $orderBy out: the newest come first.")


def listed(
    call: ArmCall, read: Callable[[int, str | None], Page[T]], render: Callable[[T], dict[str, Any]]
) -> ArmAnswer:
    """Answer one part of a list that is read part by part.

    ``$top`` is the most that is wanted at all: a list of so many ends there.

    Args:
        read: takes a number of values and where to go on (`Page.next` of the part before); gives the part.
    """
    top = call.query.number("$top")
    if top == 0:
        return ok({"value": []})
    page = read(min(top or PAGE, _MOST), call.query.get("$skipToken") or call.query.get("$skip") or None)
    body: dict[str, Any] = {"value": [render(value) for value in page.value[:top]]}
    if page.next is not None and (top is None or top > _MOST):
        body["nextLink"] = call.next_link(page.next)
    return ok(body)
