"""From a YAML file and the flags of a command line to a validated document."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import Problem
from lapisml.documents.detection import UndetectedError, detect
from lapisml.documents.faults import Fault, problems_of, refuse
from lapisml.documents.files import read_yaml, unreadable
from lapisml.documents.inlining import Inlining
from lapisml.documents.local_paths import LocalFile, local_files
from lapisml.documents.merge import SetOps, apply_ops
from lapisml.documents.source import SourceMap, plain, steps_of

if TYPE_CHECKING:
    from lapisml.documents.base import Document


@dataclass
class LoadedDocument:
    """A document that was read and merged, not yet validated.

    Attributes:
        data: the plain dictionary, flags merged in, small files put in place.
        kind: ``job``, ``data`` …
        base_dir: folder that relative paths start from.
        source: where its values stand.
        faults, problems: what is already known to be wrong; `validated` reports it with the rest.
    """

    data: dict[str, Any]
    kind: str
    base_dir: Path
    source: SourceMap
    faults: list[Fault] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def validated(self) -> Document:
        """Validate everything, the existence of local paths included.

        Raises:
            LapisError: DocumentInvalid or NotSupported; a problem for every fault, in the order of the text, each
                with file, line and column, path, what was expected and the nearest valid word.
        """
        from lapisml.documents.checks import check_files
        from lapisml.documents.registry import validate

        written = self.source.with_texts(self.data)
        known = [*self.faults, *check_files(self.kind, written, self.base_dir)]
        return validate(self.kind, self.data, self.source, known, self.problems, written)

    def local_files(self) -> list[LocalFile]:
        """List the files and folders beside the document that it names."""
        return local_files(self.kind, self.source.with_texts(self.data), self.base_dir)

    def located(self, problems: list[Problem]) -> list[Problem]:
        """Give problems that carry only a path, such as a server's, their place in the file."""
        faults = [Fault(steps_of(p.path), p.message, p.expected, p.suggestion) for p in problems if p.file is None]
        return problems_of(faults, self.source, [p for p in problems if p.file is not None])


def load_document(
    path: Path | str | None, *, overrides: SetOps = (), kind: str | None = None, base_dir: Path | None = None
) -> LoadedDocument:
    """Read a document from a file, merge flags into it, and put in the small files that it names.

    Args:
        path: the file, of any name; None for a document that flags alone make up.
        overrides: ``--set`` and its like, applied in order before anything is validated.
        kind: what the command takes; None to go by the document.
        base_dir: folder that relative paths start from; the file's own, or the working folder without one.

    Raises:
        LapisError: NotFound for a file that is not there, DocumentInvalid for text that is no YAML or whose kind
            can't be told, Usage for a flag that does not fit, NotSupported for a kind that is not delivered.
    """
    if path is None:
        return load_dict({}, overrides=overrides, kind=kind, base_dir=base_dir)
    file, shown = Path(path), str(path)
    text, root, problems = read_yaml(file, shown)
    data = plain(root)
    if data is None and overrides:
        data = {}
    if not isinstance(data, dict):
        expected = "lines of the form `key: value`"
        message = "the document is empty" if data is None else "the document is not a mapping"
        raise unreadable(shown, [*problems, Problem(message, "", shown, 1, 1, expected)])
    folder = base_dir or (Path.cwd() if file.parts[:2] == ("/", "dev") else file.parent)
    return _loaded(data, SourceMap(shown, text, root), overrides, kind, folder, problems)


def load_dict(
    data: Mapping[str, Any], *, overrides: SetOps = (), kind: str | None = None, base_dir: Path | None = None
) -> LoadedDocument:
    """Take a document from a dictionary, as `load_document` takes it from a file.

    Args:
        base_dir: folder that relative paths start from; the working folder when left out.

    Raises:
        LapisError: as `load_document`.
    """
    return _loaded(copy.deepcopy(dict(data)), SourceMap(""), overrides, kind, base_dir or Path.cwd(), [])


def _loaded(
    data: dict[str, Any], source: SourceMap, ops: SetOps, kind: str | None, base_dir: Path, problems: list[Problem]
) -> LoadedDocument:
    if ops:
        source.merged = apply_ops(data, ops)
        data = source.merged.data
    found = kind or _kind(data, source, problems)
    inlining = Inlining(source, problems=list(problems))
    inlining.document(found, data, base_dir.resolve())
    return LoadedDocument(data, found, base_dir.resolve(), source, inlining.faults, inlining.problems)


def _kind(data: dict[str, Any], source: SourceMap, problems: list[Problem]) -> str:
    try:
        return detect(data, None).kind
    except UndetectedError as error:
        fault = Fault(error.path, error.message, error.expected, error.suggestion, supported=error.supported)
        raise refuse(None, data.get("name"), problems_of([fault], source, problems), [fault]) from None
