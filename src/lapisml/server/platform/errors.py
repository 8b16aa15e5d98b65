"""Domain errors as native HTTP answers: the one place that knows which code is which status.

A client error shows the whole error; a fault of the server shows a code, a sentence and the request's id,
never a path, a query or a stack frame (those go to the log under the same id).
"""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy.exc import DBAPIError, OperationalError

from lapisml.core.errors import ErrorCode, LapisError, Problem

HTTP_STATUS: dict[ErrorCode, int] = {
    ErrorCode.DOCUMENT_INVALID: 422,
    ErrorCode.USAGE: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.ALREADY_EXISTS: 409,
    ErrorCode.CONFLICT: 409,
    ErrorCode.REFERENCE_NOT_FOUND: 422,
    ErrorCode.NOT_SUPPORTED: 422,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.TOKEN_EXPIRED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.REQUEST_TOO_LARGE: 413,
    ErrorCode.PATH_NOT_ALLOWED: 400,
    ErrorCode.ADDRESS_NOT_ALLOWED: 400,
    ErrorCode.INTEGRITY: 422,
    ErrorCode.ENVIRONMENT_UNRESOLVABLE: 422,
    ErrorCode.ENVIRONMENT_BUILD_FAILED: 422,
    ErrorCode.STORAGE_UNREACHABLE: 503,
    ErrorCode.STORAGE_FULL: 507,
    ErrorCode.DATABASE_VERSION: 503,
    ErrorCode.DATABASE_IN_USE: 503,
    ErrorCode.SERVER_UNREACHABLE: 502,
    ErrorCode.ILLEGAL_TRANSITION: 409,
    ErrorCode.MISSING_PACKAGE: 422,
    ErrorCode.JOB_FAILED: 422,
    ErrorCode.DEPLOYMENT_FAILED: 422,
    ErrorCode.SCORING_FAILED: 502,
    ErrorCode.INTERNAL: 500,
}
"""HTTP status of every code; a test keeps it whole."""

STORAGE_FULL_SENTENCE = "The server's disk is full: it answers reads, and stopping and deleting work; nothing else."
_STORAGE_FULL_HINT = "Free some space (delete jobs or data, or files on that disk); the server then goes on by itself."


RenderError = Callable[[LapisError, str], bytes]
"""Gives an error's body; the text is the request's id."""


def http_status(error: LapisError) -> int:
    """Give the HTTP status of an error."""
    return HTTP_STATUS.get(error.code, 500)


def error_body(error: LapisError, request_id: str) -> bytes:
    """Give the native JSON body: ``{"error": {"code", "message", "hint", "problems"}, "request_id"}``."""
    return orjson.dumps({"error": error.to_json(), "request_id": request_id})


def _json_headers(_error: LapisError) -> list[tuple[bytes, bytes]]:
    return [(b"content-type", b"application/json")]


@dataclass(frozen=True)
class ErrorForm:
    """The form of errors of one protocol.

    Attributes:
        render: gives the body.
        status: gives the HTTP status.
        headers: gives the headers, the type of the body among them.
    """

    render: RenderError
    status: Callable[[LapisError], int] = http_status
    headers: Callable[[LapisError], list[tuple[bytes, bytes]]] = _json_headers


def storage_full() -> LapisError:
    """Make the error of a full disk."""
    return LapisError(ErrorCode.STORAGE_FULL, STORAGE_FULL_SENTENCE, _STORAGE_FULL_HINT)


def as_lapis_error(error: BaseException) -> LapisError:
    """Turn whatever a part raised into an error that may be shown outside."""
    if isinstance(error, LapisError):
        return error
    if is_disk_full(error):
        return storage_full()
    if isinstance(error, OperationalError):
        return LapisError(ErrorCode.STORAGE_UNREACHABLE, "The database can't be reached or did not answer in time.")
    return LapisError(ErrorCode.INTERNAL, "Something went wrong inside the server; its log has the details.")


_SQLITE_FULL = (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE)


def is_disk_full(error: BaseException) -> bool:
    """Say whether the operating system or a database reports that there is no space left."""
    if isinstance(error, DBAPIError):
        return error.orig is not None and is_disk_full(error.orig)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) in _SQLITE_FULL or "disk is full" in str(error)
    if getattr(error, "sqlstate", None) == "53100":  # PostgreSQL's disk_full
        return True
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def validation_problems(faults: list[dict[str, Any]]) -> list[Problem]:
    """Turn pydantic's list of faults into problems with paths within the request."""
    return [Problem(str(fault["msg"]), path=_path(fault["loc"])) for fault in faults]


def _path(location: tuple[str | int, ...]) -> str:
    text = ""
    for part in location[1:]:
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
    return text
