"""Domain errors: a stable code, a sentence for the person, the place and the way out.

A code never carries a transport's number; each surface (native HTTP, MLflow, command line) maps the
codes once to its own form. ``docs/errors.md`` lists every code, and a test keeps that list whole.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class ErrorCode(StrEnum):
    """Every code that Lapis gives, stable across releases."""

    DOCUMENT_INVALID = "DocumentInvalid"
    USAGE = "Usage"
    NOT_FOUND = "NotFound"
    ALREADY_EXISTS = "AlreadyExists"
    CONFLICT = "Conflict"
    REFERENCE_NOT_FOUND = "ReferenceNotFound"
    NOT_SUPPORTED = "NotSupported"
    UNAUTHENTICATED = "Unauthenticated"
    TOKEN_EXPIRED = "TokenExpired"  # noqa: S105 - a code, not a token
    FORBIDDEN = "Forbidden"
    REQUEST_TOO_LARGE = "RequestTooLarge"
    PATH_NOT_ALLOWED = "PathNotAllowed"
    ADDRESS_NOT_ALLOWED = "AddressNotAllowed"
    INTEGRITY = "Integrity"
    ENVIRONMENT_UNRESOLVABLE = "EnvironmentUnresolvable"
    ENVIRONMENT_BUILD_FAILED = "EnvironmentBuildFailed"
    STORAGE_UNREACHABLE = "StorageUnreachable"
    STORAGE_FULL = "StorageFull"
    DATABASE_VERSION = "DatabaseVersion"
    DATABASE_IN_USE = "DatabaseInUse"
    SERVER_UNREACHABLE = "ServerUnreachable"
    JOB_FAILED = "JobFailed"
    DEPLOYMENT_FAILED = "DeploymentFailed"
    SCORING_FAILED = "ScoringFailed"
    ILLEGAL_TRANSITION = "IllegalTransition"
    MISSING_PACKAGE = "MissingPackage"
    INTERNAL = "Internal"


@dataclass(frozen=True)
class Problem:
    """One fault within a document.

    Attributes:
        message: one sentence, without the place.
        path: dotted path within the document, list indexes in brackets (``inputs.data.path``).
        file, line, column: the place in the text, 1-based; None when the text is not at hand.
        expected: what would have been right.
        suggestion: the nearest valid word.
    """

    message: str
    path: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    expected: str | None = None
    suggestion: str | None = None

    def render(self) -> str:
        """Give ``file:line:col: path: message; expected …; did you mean …?`` with the parts that are known."""
        place = ""
        if self.file is not None:
            place = self.file + (f":{self.line}:{self.column}" if self.line is not None else "") + ": "
        text = f"{place}{self.path + ': ' if self.path else ''}{self.message}"
        if self.expected:
            text += f"; expected {self.expected}"
        if self.suggestion:
            text += f"; did you mean `{self.suggestion}`?"
        return text


@dataclass
class LapisError(Exception):
    """The one exception type that crosses parts.

    Args:
        code: stable code.
        message: what happened and to which object, in one sentence.
        hint: what to do next, with the exact command where there is one.
        problems: faults within a document, in the order of the text.
    """

    code: ErrorCode
    message: str
    hint: str | None = None
    problems: list[Problem] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [self.message, *(p.render() for p in self.problems)]
        if self.hint:
            lines.append(self.hint)
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Give the native wire form: ``{"code", "message", "hint", "problems": [...]}``."""
        return {
            "code": self.code.value,
            "message": self.message,
            "hint": self.hint,
            "problems": [asdict(p) for p in self.problems],
        }

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> LapisError:
        """Read the wire form back; an unknown code becomes ``Internal``."""
        known = {c.value for c in ErrorCode}
        code = ErrorCode(body["code"]) if body.get("code") in known else ErrorCode.INTERNAL
        problems = [Problem(**p) for p in body.get("problems") or []]
        return cls(code, str(body.get("message", "")), body.get("hint"), problems)


def not_found(kind: str, name: str, hint: str | None = None) -> LapisError:
    """Make the error for an object that does not exist."""
    return LapisError(ErrorCode.NOT_FOUND, f"There is no {kind} named '{name}'.", hint)
