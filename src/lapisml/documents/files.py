"""Reading the text of documents, with the place of what is no text."""

from __future__ import annotations

from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.limits import LARGEST
from lapisml.documents.nodes import Node, UnreadableError, read_tree
from lapisml.documents.words import nearest


def read_text(path: Path, shown: str) -> str:
    """Read a document's text, UTF-8 with or without a byte order mark.

    Args:
        shown: its name in messages.

    Raises:
        LapisError: NotFound, RequestTooLarge, or DocumentInvalid with the place of the first byte that is not UTF-8.
    """
    data = _read_bytes(path, shown).removeprefix(b"\xef\xbb\xbf")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = data[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        problem = Problem(f"the byte 0x{data[error.start]:02x} is not UTF-8", "", shown, line, column, "UTF-8 text")
        raise unreadable(shown, [problem]) from None


def _read_bytes(path: Path, shown: str) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise LapisError(ErrorCode.NOT_FOUND, f"There is no file '{shown}'.", _near(path)) from None
    except IsADirectoryError:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{shown}' is a folder; a document is a file.") from None
    except OSError as error:
        raise LapisError(ErrorCode.DOCUMENT_INVALID, f"'{shown}' can't be read: {error.strerror}.") from None
    if len(data) > LARGEST:
        sentence = f"'{shown}' is larger than {LARGEST // 1024 // 1024} MiB, too large for a document."
        raise LapisError(ErrorCode.REQUEST_TOO_LARGE, sentence)
    return data


def _near(path: Path) -> str | None:
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f"There is no folder '{path.parent}' either."
    found = nearest(path.name, names)
    return f"Did you mean '{path.parent / found}'?" if found else None


def read_yaml(path: Path, shown: str) -> tuple[str, Node | None, list[Problem]]:
    """Read a file as YAML: (text, tree, faults that did not stop the reading).

    Raises:
        LapisError: as `read_text`, and DocumentInvalid when the text can't be read to its end.
    """
    text = read_text(path, shown)
    problems: list[Problem] = []
    try:
        return text, read_tree(text, shown, problems), problems
    except UnreadableError as error:
        raise unreadable(shown, [*problems, error.problem]) from None


def unreadable(shown: str, problems: list[Problem]) -> LapisError:
    """Make the error for a file that is no YAML document."""
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"The document '{shown}' can't be read.", None, problems)
