"""From faults, which know a path within a document, to problems, which know a place in a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.paths import DocumentPath, format_path
from lapisml.documents.source import Place, SourceMap
from lapisml.documents.words import printable

if TYPE_CHECKING:
    from pydantic import ValidationError


@dataclass(frozen=True)
class Fault:
    """Something wrong at a path of a document.

    Attributes:
        path: of the value, or of the key that is missing.
        message: one sentence without the place.
        expected, suggestion: what would have been right; the nearest valid word.
        at: whether the place is the ``value``, its ``key``, or the mapping where a key is ``missing``.
        snippet: text within the value that the fault is about, and which of several equal ones it is.
        supported: False for what is known and not delivered.
    """

    path: DocumentPath
    message: str
    expected: str | None = None
    suggestion: str | None = None
    at: str = "value"
    snippet: tuple[str, int] | None = None
    supported: bool = True


def faults_of(error: ValidationError) -> list[Fault]:
    """Read pydantic's error; every entry was raised in our own words."""
    found = []
    for detail in error.errors(include_url=False, include_input=False):
        context: dict[str, Any] = detail.get("ctx") or {}
        found.append(
            Fault(
                tuple(detail["loc"]),
                context.get("message") or detail["msg"],
                context.get("expected"),
                context.get("suggestion"),
                context.get("at", "value"),
                supported=not detail["type"].endswith("not_supported"),
            )
        )
    return found


def problems_of(
    faults: Iterable[Fault], source: SourceMap | None = None, located: Iterable[Problem] = ()
) -> list[Problem]:
    """Place faults in their file, each once, in the order of the text; those without a place come last.

    Args:
        located: problems that have their place already.
    """
    problems = {**dict.fromkeys(located), **dict.fromkeys(_problem(fault, source) for fault in faults)}
    files = list(dict.fromkeys(problem.file for problem in problems))
    main = source.file if source else None
    files.sort(key=lambda file: (file != main, file is None))
    return sorted(problems, key=lambda p: (p.line is None, files.index(p.file), p.line or 0, p.column or 0))


def _problem(fault: Fault, source: SourceMap | None) -> Problem:
    place: Place | None = None
    message = fault.message
    if source is not None:
        place = _place(fault, source)
        flag = source.flag(fault.path)
        if flag is not None:
            message = f"{message} (from {flag})"
    file, line, column = place or (None, None, None)
    path = printable(format_path(fault.path))
    return Problem(printable(message), path, file, line, column, fault.expected, fault.suggestion)


def _place(fault: Fault, source: SourceMap) -> Place | None:
    if fault.snippet is not None:
        return source.locate_within(fault.path, *fault.snippet)
    if fault.at == "missing":
        return source.locate(fault.path[:-1], key=True)
    return source.locate(fault.path, key=fault.at == "key")


def refuse(noun: str | None, name: Any, problems: list[Problem], faults: Iterable[Fault] = ()) -> LapisError:
    """Make the error for a document with problems.

    Args:
        noun: what the document is.
        name: what it calls itself, if anything.
    """
    faults = list(faults)
    unsupported = bool(faults) and not any(fault.supported for fault in faults)
    what = f"The {noun or 'document'}" + (f" '{str(name)[:80]}'" if isinstance(name, str) and name else "")
    if unsupported:
        return LapisError(ErrorCode.NOT_SUPPORTED, f"{what} asks for what is not supported.", None, problems)
    count = "a problem" if len(problems) == 1 else f"{len(problems)} problems"
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"{what} has {count}.", None, problems)
