"""Domain errors in the form that MLflow's client reads: ``{"error_code", "message"}`` and an HTTP status.

Source of the codes and their statuses: https://github.com/mlflow/mlflow/blob/master/mlflow/protos/databricks.proto
and ``mlflow/exceptions.py`` of the client.
"""

from __future__ import annotations

import orjson

from lapisml.core.errors import ErrorCode, LapisError

_INVALID = ("INVALID_PARAMETER_VALUE", 400)
_UNAVAILABLE = ("TEMPORARILY_UNAVAILABLE", 503)

MLFLOW_ERROR: dict[ErrorCode, tuple[str, int]] = {
    ErrorCode.DOCUMENT_INVALID: _INVALID,
    ErrorCode.USAGE: _INVALID,
    ErrorCode.NOT_FOUND: ("RESOURCE_DOES_NOT_EXIST", 404),
    ErrorCode.ALREADY_EXISTS: ("RESOURCE_ALREADY_EXISTS", 400),
    ErrorCode.CONFLICT: ("RESOURCE_CONFLICT", 409),
    ErrorCode.REFERENCE_NOT_FOUND: ("RESOURCE_DOES_NOT_EXIST", 404),
    ErrorCode.NOT_SUPPORTED: ("NOT_IMPLEMENTED", 501),
    ErrorCode.UNAUTHENTICATED: ("UNAUTHENTICATED", 401),
    ErrorCode.TOKEN_EXPIRED: ("UNAUTHENTICATED", 401),
    ErrorCode.FORBIDDEN: ("PERMISSION_DENIED", 403),
    ErrorCode.REQUEST_TOO_LARGE: ("INVALID_PARAMETER_VALUE", 413),
    ErrorCode.PATH_NOT_ALLOWED: _INVALID,
    ErrorCode.ADDRESS_NOT_ALLOWED: _INVALID,
    ErrorCode.INTEGRITY: ("DATA_LOSS", 422),
    ErrorCode.ENVIRONMENT_UNRESOLVABLE: _INVALID,
    ErrorCode.ENVIRONMENT_BUILD_FAILED: _INVALID,
    ErrorCode.STORAGE_UNREACHABLE: _UNAVAILABLE,
    ErrorCode.DEPLOYMENT_FAILED: ("INVALID_STATE", 400),
    ErrorCode.SCORING_FAILED: ("INTERNAL_ERROR", 502),
    ErrorCode.STORAGE_FULL: ("RESOURCE_EXHAUSTED", 507),
    ErrorCode.DATABASE_VERSION: _UNAVAILABLE,
    ErrorCode.DATABASE_IN_USE: _UNAVAILABLE,
    ErrorCode.SERVER_UNREACHABLE: _UNAVAILABLE,
    ErrorCode.ILLEGAL_TRANSITION: ("RESOURCE_CONFLICT", 409),
    ErrorCode.MISSING_PACKAGE: ("NOT_IMPLEMENTED", 501),
    ErrorCode.JOB_FAILED: ("INVALID_STATE", 400),
    ErrorCode.INTERNAL: ("INTERNAL_ERROR", 500),
}
"""Code → (MLflow's error code, HTTP status); a test keeps it whole."""


def render_error(error: LapisError, request_id: str) -> bytes:
    """Give the body of an error answer; a fault of the server shows the request's id, nothing of its inside."""
    code, status = MLFLOW_ERROR[error.code]
    parts = [error.message, *(problem.render() for problem in error.problems), error.hint or ""]
    message = " ".join(part for part in parts if part)
    if status >= 500:
        message = f"{message} (request {request_id})"
    return orjson.dumps({"error_code": code, "message": message})


def error_status(error: LapisError) -> int:
    """Give the HTTP status of an error."""
    return MLFLOW_ERROR[error.code][1]
