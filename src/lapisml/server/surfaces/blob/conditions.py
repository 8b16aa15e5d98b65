"""Conditional headers: what a client asks of a blob before it reads or changes it (RFC 9110, section 13)."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from lapisml.server.surfaces.blob.errors import BlobError

_HEADERS = ("if-match", "if-none-match", "if-modified-since", "if-unmodified-since")


def check(headers: Mapping[str, str], etag: str | None, modified_at: int, *, reading: bool) -> None:
    """Check the conditions of a request.

    Args:
        headers: names in lower case.
        etag: of the blob as it is; None when there is none.
        modified_at: milliseconds since the epoch; counts in whole seconds, as headers do.
        reading: an unchanged blob is then "not modified" instead of a failure.

    Raises:
        BlobError: ConditionNotMet, BlobAlreadyExists, NotModified, InvalidHeaderValue.
    """
    if not any(name in headers for name in _HEADERS):
        return
    match, none_match = headers.get("if-match"), headers.get("if-none-match")
    if match is not None and not _is_among(etag, match):
        raise _not_met()
    if none_match is not None and _is_among(etag, none_match):
        if none_match.strip() == "*" and not reading:
            raise BlobError("BlobAlreadyExists", "The specified blob already exists.")
        raise _unchanged(etag) if reading else _not_met()
    if etag is None:
        return
    seconds = modified_at // 1000
    if match is None and "if-unmodified-since" in headers and seconds > _seconds(headers, "if-unmodified-since"):
        raise _not_met()
    if none_match is None and "if-modified-since" in headers and seconds <= _seconds(headers, "if-modified-since"):
        raise _unchanged(etag) if reading else _not_met()


def _is_among(etag: str | None, given: str) -> bool:
    if given.strip() == "*":
        return etag is not None
    return etag is not None and any(_bare(one) == _bare(etag) for one in given.split(","))


def _bare(etag: str) -> str:
    return etag.strip().removeprefix("W/").strip('"')


def _seconds(headers: Mapping[str, str], name: str) -> float:
    try:
        return parsedate_to_datetime(headers[name]).timestamp()
    except (ValueError, OverflowError) as error:
        raise BlobError("InvalidHeaderValue", f"The value of '{name}' is not a date of HTTP.") from error


def _not_met() -> BlobError:
    sentence = "The condition specified using HTTP conditional header(s) is not met."
    return BlobError("ConditionNotMet", sentence)


def _unchanged(etag: str | None) -> BlobError:
    headers = ((b"etag", etag.encode()),) if etag else ()
    return BlobError("NotModified", "The blob was not changed.", headers)
