"""A document that is being written in a text box: read from its text alone, with the place of every fault.

No file beside it is ever looked at: it was written on another machine than this one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.faults import Fault, problems_of
from lapisml.documents.limits import LARGEST
from lapisml.documents.local_paths import local_text
from lapisml.documents.nodes import UnreadableError, read_tree
from lapisml.documents.paths import DocumentPath
from lapisml.documents.places import path_fields
from lapisml.documents.registry import validate
from lapisml.documents.source import SourceMap, plain, steps_of

UPLOADED = ("code", "data", "model", "build")
"""Roles of local paths whose content is sent before the document; what has any other role must stand in place."""


@dataclass(frozen=True)
class Upload:
    """A local path that the document names: what lies there must be sent.

    Attributes:
        path: where it stands in the document, as steps.
        text: as written.
        role: one of `UPLOADED`.
    """

    path: DocumentPath
    text: str
    role: str

    @property
    def name(self) -> str:
        """What the folder or file is called, as far as the text says."""
        return PurePosixPath(self.text.replace("\\", "/")).name


@dataclass
class Draft:
    """What a text says.

    Attributes:
        document: the plain document as it is sent; None when it has problems.
        problems: in the order of the text, each with line and column.
        uploads: local paths whose content must be sent.
    """

    document: dict[str, Any] | None
    problems: list[Problem]
    uploads: list[Upload] = field(default_factory=list)
    source: SourceMap = field(default_factory=lambda: SourceMap(""))

    def located(self, problems: list[Problem]) -> list[Problem]:
        """Give problems that carry only a path their place in the text."""
        faults = [Fault(steps_of(p.path), p.message, p.expected, p.suggestion) for p in problems]
        return _bare(problems_of(faults, self.source))


def read_draft(kind: str, text: str) -> Draft:
    """Read and check the text of a document, as far as that can be done without knowing any workspace.

    Args:
        kind: ``job`` …

    Raises:
        LapisError: RequestTooLarge.
    """
    if len(text.encode(errors="replace")) > LARGEST:
        raise LapisError(ErrorCode.REQUEST_TOO_LARGE, f"A document has at most {LARGEST // 1024 // 1024} MiB.")
    problems: list[Problem] = []
    try:
        root = read_tree(text, "", problems)
    except UnreadableError as error:
        return Draft(None, _bare([*problems, error.problem]))
    data = plain(root)
    if not isinstance(data, dict):
        message = "the document is empty" if data is None else "the document is not a mapping"
        return Draft(None, [*_bare(problems), Problem(message, "", None, 1, 1, "lines of the form `key: value`")])
    source = SourceMap("", text, root)
    uploads, faults = _local(kind, source.with_texts(data))
    try:
        checked = validate(kind, data, source, faults, problems, source.with_texts(data))
    except LapisError as error:
        found = error.problems or [Problem(error.message, "", None, 1, 1)]
        return Draft(None, _bare(found), uploads, source)
    return Draft(dict(checked.to_dict()), [], uploads, source)


def _local(kind: str, data: dict[str, Any]) -> tuple[list[Upload], list[Fault]]:
    """Find the local paths of a document: those that can be sent, and faults for the others."""
    uploads, faults = [], []
    for path, value, role in path_fields(kind, data):
        local = local_text(value)
        if local is None:
            continue
        if role in UPLOADED:
            uploads.append(Upload(path, local, role))
        else:
            faults.append(
                Fault(path, f"the file '{local}' can't be read from here", "its content in place of its path")
            )
    return uploads, faults


def _bare(problems: list[Problem]) -> list[Problem]:
    """Leave out the name of the file: there is none."""
    return [Problem(p.message, p.path, None, p.line, p.column, p.expected, p.suggestion) for p in problems]
