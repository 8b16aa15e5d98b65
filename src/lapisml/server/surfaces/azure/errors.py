"""Domain errors in the form of Azure's resource manager: ``{"error": {"code", "message", "details"}}``.

Source of the form: https://github.com/cloud-and-ai-microsoft/resource-provider-contract/blob/master/v1.0/common-api-details.md
The client raises ResourceNotFoundError for 404, ResourceExistsError for 409, ClientAuthenticationError for 401 and
HttpResponseError for the rest; it repeats a request by itself after 408, 429, 500, 502, 503 and 504.
"""

from __future__ import annotations

from typing import Any

import orjson

from lapisml.core.errors import ErrorCode, LapisError, Problem

_INVALID = ("ValidationError", 400)
_UNAVAILABLE = ("ServiceUnavailable", 503)

ARM_ERROR: dict[ErrorCode, tuple[str, int]] = {
    ErrorCode.DOCUMENT_INVALID: _INVALID,
    ErrorCode.USAGE: ("BadRequest", 400),
    ErrorCode.NOT_FOUND: ("ResourceNotFound", 404),
    ErrorCode.ALREADY_EXISTS: ("ResourceExists", 409),
    ErrorCode.CONFLICT: ("Conflict", 409),
    ErrorCode.REFERENCE_NOT_FOUND: ("ReferenceNotFound", 400),
    ErrorCode.NOT_SUPPORTED: ("NotSupported", 400),
    ErrorCode.UNAUTHENTICATED: ("InvalidAuthenticationToken", 401),
    ErrorCode.TOKEN_EXPIRED: ("ExpiredAuthenticationToken", 401),
    ErrorCode.FORBIDDEN: ("AuthorizationFailed", 403),
    ErrorCode.REQUEST_TOO_LARGE: ("RequestContentTooLarge", 413),
    ErrorCode.PATH_NOT_ALLOWED: _INVALID,
    ErrorCode.ADDRESS_NOT_ALLOWED: ("AddressNotAllowed", 400),
    ErrorCode.INTEGRITY: ("IntegrityError", 422),
    ErrorCode.ENVIRONMENT_UNRESOLVABLE: ("EnvironmentUnresolvable", 400),
    ErrorCode.ENVIRONMENT_BUILD_FAILED: ("EnvironmentBuildFailed", 400),
    ErrorCode.STORAGE_UNREACHABLE: _UNAVAILABLE,
    ErrorCode.STORAGE_FULL: ("InsufficientStorage", 507),
    ErrorCode.DATABASE_VERSION: _UNAVAILABLE,
    ErrorCode.DATABASE_IN_USE: _UNAVAILABLE,
    ErrorCode.SERVER_UNREACHABLE: _UNAVAILABLE,
    ErrorCode.ILLEGAL_TRANSITION: ("Conflict", 409),
    ErrorCode.MISSING_PACKAGE: ("MissingPackage", 400),
    ErrorCode.JOB_FAILED: ("JobFailed", 400),
    ErrorCode.DEPLOYMENT_FAILED: ("DeploymentFailed", 400),
    ErrorCode.SCORING_FAILED: ("ScoringFailed", 424),
    ErrorCode.INTERNAL: ("InternalServerError", 500),
}
"""Code → (ARM's error code, HTTP status); a test keeps it whole."""


class ArmError(LapisError):
    """An error that ARM has a code of its own for.

    Args:
        arm_code: what to answer in the place of the code that `ARM_ERROR` gives.
        status: HTTP status, where it differs as well.
    """

    def __init__(
        self, code: ErrorCode, arm_code: str, message: str, hint: str | None = None, status: int | None = None
    ) -> None:
        super().__init__(code, message, hint)
        self.arm_code = arm_code
        self.status = status


def error_status(error: LapisError) -> int:
    """Give the HTTP status of an error."""
    if isinstance(error, ArmError) and error.status is not None:
        return error.status
    return ARM_ERROR[error.code][1]


def error_object(error: LapisError) -> dict[str, Any]:
    """Give what stands below ``error``, for an answer or for the record of a long-running operation."""
    code = error.arm_code if isinstance(error, ArmError) else ARM_ERROR[error.code][0]
    message = " ".join(part for part in (error.message, *map(_sentence, error.problems), error.hint or "") if part)
    details = [_detail(problem) for problem in error.problems]
    return {"code": code, "message": message, "target": None, "details": details, "additionalInfo": []}


def render_error(error: LapisError, request_id: str) -> bytes:
    """Give the body of an error answer; a fault of the server shows the request's id, nothing of its inside."""
    body = error_object(error)
    if error_status(error) >= 500:
        body["message"] = f"{body['message']} (request {request_id})"
    return orjson.dumps({"error": body})


def _detail(problem: Problem) -> dict[str, Any]:
    return {"code": "InvalidValue", "message": problem.render(), "target": problem.path or None, "details": []}


def _sentence(problem: Problem) -> str:
    text = problem.render()
    return text if text.endswith((".", "?", "!")) else f"{text}."


def unknown_address(path: str) -> ArmError:
    """Make the error for an address that this surface does not have."""
    sentence = f"There is nothing at '{path}' on this server."
    return ArmError(ErrorCode.NOT_FOUND, "InvalidResourceType", sentence)


def wrong_method(method: str, methods: tuple[str, ...]) -> ArmError:
    """Make the error for a method that an address does not have."""
    sentence = f"This address takes {', '.join(methods)}, not {method}."
    return ArmError(ErrorCode.USAGE, "MethodNotAllowed", sentence, status=405)


def not_supported(what: str, instead: str | None = None) -> LapisError:
    """Make the refusal of something that Azure has and this server has not.

    Args:
        what: a whole sentence that names it.
        instead: what to do in its place.
    """
    return LapisError(ErrorCode.NOT_SUPPORTED, what, instead)
