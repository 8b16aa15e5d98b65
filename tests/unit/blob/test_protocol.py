"""The small pure parts of the protocol."""

from __future__ import annotations

import base64
from xml.etree import ElementTree as ET

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.surfaces.blob import conditions, names, ranges
from lapisml.server.surfaces.blob.blocks import MOST_BLOCKS, read_list
from lapisml.server.surfaces.blob.crc64 import Crc64
from lapisml.server.surfaces.blob.errors import BlobError, of_domain, render_error

FAULTS = {
    ErrorCode.INTERNAL, ErrorCode.STORAGE_UNREACHABLE, ErrorCode.STORAGE_FULL, ErrorCode.DATABASE_IN_USE,
    ErrorCode.DATABASE_VERSION, ErrorCode.NOT_SUPPORTED, ErrorCode.MISSING_PACKAGE,
}  # fmt: skip
ETAG = '"0x1"'
NOON = 1_767_268_800_500  # 2026-01-01 12:00:00.5
HALF_A_SECOND_BEFORE = "Thu, 01 Jan 2026 12:00:00 GMT"
EARLIER, LATER = "Thu, 01 Jan 2026 11:59:59 GMT", "Thu, 01 Jan 2026 12:00:01 GMT"


@pytest.mark.parametrize("name", ["a", "a/b", "ü b/%2e%2e/#?.txt", "a.b/..c/d..", "x" * 255, "🦊", "ab:c", "con"])
def test_names_that_can_be_files(name: str) -> None:
    assert names.check(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "", "/a", "a/", "a//b", ".", "..", "a/../b", "../x", "a/./b", "a\\b", "a\0b", "a\nb", "a\x7fb", "C:/x",
        "\ud800", "x" * 256, "é" * 128, "a/" * 513 + "b", "a/.lapis-part-0011", "x" * 1025,
    ],
)  # fmt: skip
def test_names_that_cannot(name: str) -> None:
    assert not names.is_possible(name)
    with pytest.raises(BlobError) as caught:
        names.check(name)
    assert (caught.value.code, caught.value.status) == ("InvalidResourceName", 400)


@pytest.mark.parametrize(
    ("headers", "start", "length"),
    [
        ({}, 0, 100),
        ({"range": "bytes=0-9"}, 0, 10),
        ({"range": "bytes=90-"}, 90, 10),
        ({"range": "bytes=90-1000"}, 90, 10),
        ({"range": "bytes=0-9", "x-ms-range": "bytes=99-99"}, 99, 1),
        ({"range": "bytes=-5"}, 0, 100),
        ({"range": "lines=1-2"}, 0, 100),
        ({"range": "bytes=0-9,20-29"}, 0, 100),
    ],
)
def test_ranges(headers: dict[str, str], start: int, length: int) -> None:
    found = ranges.asked(headers, 100)
    assert (found.start, found.length) == (start, length)


@pytest.mark.parametrize(("header", "size"), [("bytes=100-", 100), ("bytes=0-9", 0), ("bytes=9-3", 100)])
def test_ranges_behind_the_end(header: str, size: int) -> None:
    with pytest.raises(BlobError) as caught:
        ranges.asked({"range": header}, size)
    assert (caught.value.code, caught.value.status) == ("InvalidRange", 416)
    assert caught.value.headers == ((b"content-range", f"bytes */{size}".encode()),)


@pytest.mark.parametrize(
    ("headers", "reading", "writing"),
    [
        ({}, None, None),
        ({"if-match": ETAG}, None, None),
        ({"if-match": "0x1"}, None, None),
        ({"if-match": "*"}, None, None),
        ({"if-match": '"0x2", "0x1"'}, None, None),
        ({"if-match": '"0x2"'}, "ConditionNotMet", "ConditionNotMet"),
        ({"if-none-match": '"0x2"'}, None, None),
        ({"if-none-match": ETAG}, "NotModified", "ConditionNotMet"),
        ({"if-none-match": "*"}, "NotModified", "BlobAlreadyExists"),
        ({"if-modified-since": EARLIER}, None, None),
        ({"if-modified-since": HALF_A_SECOND_BEFORE}, "NotModified", "ConditionNotMet"),
        ({"if-unmodified-since": LATER}, None, None),
        ({"if-unmodified-since": HALF_A_SECOND_BEFORE}, None, None),
        ({"if-unmodified-since": EARLIER}, "ConditionNotMet", "ConditionNotMet"),
        ({"if-match": ETAG, "if-unmodified-since": EARLIER}, None, None),
        ({"if-modified-since": "yesterday"}, "InvalidHeaderValue", "InvalidHeaderValue"),
    ],
)
def test_conditions_on_a_blob(headers: dict[str, str], reading: str | None, writing: str | None) -> None:
    for expected, is_reading in ((reading, True), (writing, False)):
        if expected is None:
            conditions.check(headers, ETAG, NOON, reading=is_reading)
            continue
        with pytest.raises(BlobError) as caught:
            conditions.check(headers, ETAG, NOON, reading=is_reading)
        assert caught.value.code == expected


def test_conditions_where_there_is_no_blob() -> None:
    for headers in ({"if-none-match": "*"}, {"if-none-match": ETAG}, {"if-modified-since": LATER}):
        conditions.check(headers, None, 0, reading=False)
    for headers in ({"if-match": "*"}, {"if-match": ETAG}):
        with pytest.raises(BlobError) as caught:
            conditions.check(headers, None, 0, reading=False)
        assert caught.value.status == 412


def test_every_error_of_ours_has_a_form() -> None:
    for code in ErrorCode:
        shown = of_domain(LapisError(code, "The <sentence>.", "A hint."))
        body = render_error(LapisError(code, "The <sentence>.", "A hint."), "r1")
        assert (shown.status >= 500) == (code in FAULTS), code
        assert ET.fromstring(body).findtext("Code") == shown.code
        assert ("sentence" in shown.message) == (code is not ErrorCode.INTERNAL)


def _listed(*lines: str) -> bytes:
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{"".join(lines)}</BlockList>'.encode()


def test_block_lists_are_read_in_order() -> None:
    one, two = (base64.b64encode(name).decode() for name in (b"1", b"\xff2"))
    body = _listed(f"<Latest>{one}</Latest>", f"\n<Committed> {two} </Committed>", f"<Uncommitted>{one}</Uncommitted>")
    assert read_list(body) == [("Latest", "31"), ("Committed", "ff32"), ("Uncommitted", "31")]
    assert read_list(_listed()) == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "InvalidXmlDocument"),
        (b"<BlockList><Latest>MQ==</Latest>", "InvalidXmlDocument"),
        (_listed("<Oldest>MQ==</Oldest>"), "InvalidXmlDocument"),
        (b'<!DOCTYPE x [<!ENTITY a "aaaa">]><BlockList><Latest>&a;</Latest></BlockList>', "InvalidXmlDocument"),
        (_listed("<Latest>not base64</Latest>"), "InvalidBlockId"),
        (_listed("<Latest></Latest>"), "InvalidBlockId"),
        (_listed(f"<Latest>{base64.b64encode(bytes(65)).decode()}</Latest>"), "InvalidBlockId"),
        (_listed("<Latest>MQ==</Latest>" * (MOST_BLOCKS + 1)), "InvalidBlockList"),
    ],
)
def test_block_lists_that_are_none(body: bytes, code: str) -> None:
    with pytest.raises(BlobError) as caught:
        read_list(body)
    assert caught.value.code == code


def _crc(*parts: bytes) -> str:
    summed = Crc64()
    for part in parts:
        summed.update(part)
    return summed.digest()[::-1].hex()


def test_crc64_is_that_of_the_catalogue() -> None:
    assert _crc(b"123456789") == "ae8b14860a799888"
    assert _crc() == _crc(b"") == "0" * 16


def test_crc64_does_not_depend_on_the_parts() -> None:
    data = bytes(range(256)) * 40 + b"tail"
    whole = _crc(data)
    assert whole == _crc(data[:1], data[1:]) == _crc(data[:128], data[128:300], data[300:]) == _crc(data, b"")
    assert whole != _crc(data[:-1] + b"m")
    assert _crc(data) == _by_bits(data)


def _by_bits(data: bytes) -> str:
    state = 2**64 - 1
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x9A6C9329AC4BC9B5 if state & 1 else 0)
    return f"{state ^ (2**64 - 1):016x}"
