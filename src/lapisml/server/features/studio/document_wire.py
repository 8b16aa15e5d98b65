"""Wire forms of documents that are being written."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict


class DraftProblem(TypedDict):
    """One fault of a document; `line` and `column` begin at 1, None where the text does not show the place."""

    message: str
    path: str
    line: int | None
    column: int | None
    expected: str | None
    suggestion: str | None


class DraftUpload(TypedDict):
    """A local path that the document names: its content is to be sent, and its address put at `path`.

    Attributes:
        path: keys and indexes that lead to it.
        text: as written.
        name: what the folder or file is called.
        role: ``code``, ``data``, ``model`` or ``build``.
    """

    path: list[str | int]
    text: str
    name: str
    role: str


class DraftBody(TypedDict):
    """What a text says.

    Attributes:
        document: the plain document, to be submitted when its uploads are done; None when there are problems.
        name: under which to submit it: its own, else one that is new.
        warnings: what would be accepted without effect.
    """

    name: str
    document: dict[str, Any] | None
    problems: list[DraftProblem]
    warnings: list[str]
    uploads: list[DraftUpload]
