"""The wire form of sessions."""

from __future__ import annotations

from typing_extensions import TypedDict


class SessionBody(TypedDict):
    """Who is signed in, and at what server.

    Attributes:
        name: of the person.
        kind: ``user``.
        version: of the server.
        default_workspace: the one that a page opens first.
    """

    name: str
    kind: str
    version: str
    default_workspace: str
