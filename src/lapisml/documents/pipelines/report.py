"""Collects what is wrong with a pipeline, wherever it is found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.faults import Fault, problems_of, refuse
from lapisml.documents.paths import DocumentPath, parse_path
from lapisml.documents.words import nearest

_MOST_SUGGESTIONS = 50
_MOST_FAULTS = 1000


class EndOfSearch(Exception):  # noqa: N818
    """Ends the search for faults: what is left can't be looked at, or nobody would read it."""


class Report:
    """What was found so far.

    Attributes:
        warnings: what is accepted but worth a word, a sentence each.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.warnings: list[str] = []
        self._missing = 0

    def fault(
        self,
        path: DocumentPath,
        message: str,
        expected: str | None = None,
        suggestion: str | None = None,
        *,
        at: str = "value",
        supported: bool = True,
    ) -> None:
        """Note something wrong; see `lapisml.documents.faults.Fault`."""
        self.faults.append(Fault(path, message, expected, suggestion, at, supported=supported))
        if len(self.faults) >= _MOST_FAULTS:
            raise EndOfSearch

    def not_found(self, path: DocumentPath, error: LapisError) -> None:
        """Note that what `path` refers to could not be had; problems within it keep their place below `path`."""
        if error.code in (ErrorCode.NOT_FOUND, ErrorCode.REFERENCE_NOT_FOUND):
            self._missing += 1
        for problem in error.problems:
            below = parse_path(problem.path) if problem.path else ()
            self.fault((*path, *below), problem.message, problem.expected, problem.suggestion)
        if not error.problems:
            self.fault(path, error.message.rstrip("."), error.hint)

    def near(self, word: str, valid: Iterable[str], likeness: float = 0.6) -> str | None:
        """Give the nearest valid word, as long as suggestions are still read."""
        return nearest(word, valid, likeness) if len(self.faults) < _MOST_SUGGESTIONS else None

    def refuse(self, name: Any, document: Mapping[str, Any]) -> None:
        """Raise what was found, if anything was, in the order of the document.

        Raises:
            LapisError: DocumentInvalid, NotSupported, or ReferenceNotFound when all that is wrong is missing.
        """
        if not self.faults:
            return
        self.faults.sort(key=lambda fault: _place(document, fault.path))
        error = refuse("pipeline", name, problems_of(self.faults), self.faults)
        if self._missing == len(self.faults):
            error = LapisError(
                ErrorCode.REFERENCE_NOT_FOUND, "The pipeline refers to what does not exist.", None, error.problems
            )
        raise error


def _place(document: Any, path: DocumentPath) -> list[int]:
    """Give the place of a path in the order of a document; what is not there comes last in its mapping."""
    place: list[int] = []
    for step in path:
        keys = list(document) if isinstance(document, Mapping) else []
        if step not in keys:
            return [*place, step if isinstance(step, int) else len(keys)]
        place.append(keys.index(step))
        document = document[step]
    return place
