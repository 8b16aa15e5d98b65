"""Which records a list shows, in azure.ai.ml's words and in the server's."""

from __future__ import annotations

from lapisml.core.errors import ErrorCode, LapisError

_VIEWS = {"ActiveOnly": "active", "ArchivedOnly": "archived", "All": "all"}


class ListViewType:
    """Which records a list shows."""

    ACTIVE_ONLY = "ActiveOnly"
    ARCHIVED_ONLY = "ArchivedOnly"
    ALL = "All"


def view_of(list_view_type: str) -> str:
    """Give the server's word for a `ListViewType`.

    Raises:
        LapisError: Usage, for another word.
    """
    if list_view_type not in _VIEWS:
        raise LapisError(ErrorCode.USAGE, f"list_view_type is '{list_view_type}'; use one of {', '.join(_VIEWS)}.")
    return _VIEWS[list_view_type]
