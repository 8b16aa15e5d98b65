"""Errors in Blob's own form: a code, its status, and a body of XML.

Codes: https://learn.microsoft.com/rest/api/storageservices/blob-service-error-codes and common-rest-api-error-codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from lapisml.core.errors import ErrorCode, LapisError

_STATUS = {
    "AuthenticationFailed": 403,
    "AuthorizationFailure": 403,
    "AuthorizationPermissionMismatch": 403,
    "BlobAlreadyExists": 409,
    "BlobNotFound": 404,
    "ConditionHeadersNotSupported": 400,
    "ConditionNotMet": 412,
    "ContainerAlreadyExists": 409,
    "ContainerNotFound": 404,
    "Crc64Mismatch": 400,
    "EmptyMetadataKey": 400,
    "InsufficientAccountCapacity": 507,
    "InternalError": 500,
    "InvalidAuthenticationInfo": 401,
    "InvalidBlobOrBlock": 400,
    "InvalidBlobType": 409,
    "InvalidBlockId": 400,
    "InvalidBlockList": 400,
    "InvalidHeaderValue": 400,
    "InvalidInput": 400,
    "InvalidMd5": 400,
    "InvalidMetadata": 400,
    "InvalidQueryParameterValue": 400,
    "InvalidRange": 416,
    "InvalidResourceName": 400,
    "InvalidXmlDocument": 400,
    "Md5Mismatch": 400,
    "MetadataTooLarge": 400,
    "MissingContentLengthHeader": 411,
    "MissingRequiredHeader": 400,
    "MissingRequiredQueryParameter": 400,
    "NoAuthenticationInformation": 401,
    "NotImplemented": 501,
    "NotModified": 304,
    "OperationNotAllowed": 403,
    "RequestBodyTooLarge": 413,
    "ResourceTypeMismatch": 409,
    "ServerBusy": 503,
    "UnsupportedHeader": 400,
    "UnsupportedHttpVerb": 405,
    "UnsupportedQueryParameter": 400,
}

_OF_DOMAIN = {
    ErrorCode.UNAUTHENTICATED: "AuthenticationFailed",
    ErrorCode.FORBIDDEN: "AuthorizationFailure",
    ErrorCode.NOT_FOUND: "BlobNotFound",
    ErrorCode.REFERENCE_NOT_FOUND: "ContainerNotFound",
    ErrorCode.PATH_NOT_ALLOWED: "InvalidResourceName",
    ErrorCode.REQUEST_TOO_LARGE: "RequestBodyTooLarge",
    ErrorCode.STORAGE_FULL: "InsufficientAccountCapacity",
    ErrorCode.STORAGE_UNREACHABLE: "ServerBusy",
    ErrorCode.DATABASE_VERSION: "ServerBusy",
    ErrorCode.DATABASE_IN_USE: "ServerBusy",
    ErrorCode.TOKEN_EXPIRED: "InvalidAuthenticationInfo",
    ErrorCode.INTERNAL: "InternalError",
    ErrorCode.ADDRESS_NOT_ALLOWED: "AuthorizationFailure",
    ErrorCode.CONFLICT: "ResourceTypeMismatch",
    ErrorCode.ALREADY_EXISTS: "BlobAlreadyExists",
    ErrorCode.INTEGRITY: "Md5Mismatch",
    ErrorCode.NOT_SUPPORTED: "NotImplemented",
    ErrorCode.MISSING_PACKAGE: "NotImplemented",
}
"""Code → the protocol's; others are `InvalidInput`."""


@dataclass
class BlobError(Exception):
    """An answer that is an error of the protocol.

    Attributes:
        code: one of the protocol's codes.
        message: one sentence.
        headers: further ones of the answer.
    """

    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def status(self) -> int:
        """The HTTP status of the code."""
        return _STATUS[self.code]


def of_domain(error: LapisError) -> BlobError:
    """Give the protocol's form of one of our errors; a fault of the server tells nothing about itself."""
    code = _OF_DOMAIN.get(error.code, "InvalidInput")
    if code == "InternalError":
        return BlobError(code, "Something went wrong inside the server; its log has the details.")
    return BlobError(code, f"{error.message} {error.hint}" if error.hint else error.message)


def render(error: BlobError, request_id: str) -> bytes:
    """Give the body of an error's answer."""
    message = escape(f"{error.message}\nRequestId:{request_id}")
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{error.code}</Code><Message>{message}</Message></Error>'
    return text.encode("utf-8", "replace")


def render_error(error: LapisError, request_id: str) -> bytes:
    """Give the body for an error that was found before the surface was reached."""
    return render(of_domain(error), request_id)


def error_status(error: LapisError) -> int:
    """Give the HTTP status of such an error."""
    return of_domain(error).status


def error_headers(error: LapisError) -> list[tuple[bytes, bytes]]:
    """Give the headers of such an error."""
    return [(b"content-type", b"application/xml"), (b"x-ms-error-code", of_domain(error).code.encode())]
