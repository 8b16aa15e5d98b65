"""OpenTelemetry's trace export, read into plain data: as protobuf and as JSON.

Both come out in the same form: messages are dictionaries with the field names of the ``.proto`` files, ids are
lower-case hexadecimal texts, integers are integers.
Source: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/trace/v1/trace.proto
and https://opentelemetry.io/docs/specs/otlp/#otlphttp
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import orjson

from lapisml.server.features.tracking.limits import invalid

Message = dict[str, Any]

_MOST_DEPTH = 64
_MALFORMED = "Invalid OpenTelemetry format"


class _Field(NamedTuple):
    name: str
    kind: str
    repeated: bool = False


_MESSAGES: dict[str, dict[int, _Field]] = {
    "Request": {1: _Field("resource_spans", "ResourceSpans", True)},
    "ResourceSpans": {1: _Field("resource", "Resource"), 2: _Field("scope_spans", "ScopeSpans", True)},
    "Resource": {1: _Field("attributes", "KeyValue", True)},
    "ScopeSpans": {2: _Field("spans", "Span", True)},
    "Span": {
        1: _Field("trace_id", "id"), 2: _Field("span_id", "id"), 3: _Field("trace_state", "text"),
        4: _Field("parent_span_id", "id"), 5: _Field("name", "text"), 6: _Field("kind", "unsigned"),
        7: _Field("start_time_unix_nano", "unsigned"), 8: _Field("end_time_unix_nano", "unsigned"),
        9: _Field("attributes", "KeyValue", True), 10: _Field("dropped_attributes_count", "unsigned"),
        11: _Field("events", "Event", True), 12: _Field("dropped_events_count", "unsigned"),
        13: _Field("links", "Link", True), 14: _Field("dropped_links_count", "unsigned"),
        15: _Field("status", "Status"), 16: _Field("flags", "unsigned"),
    },
    "Event": {
        1: _Field("time_unix_nano", "unsigned"), 2: _Field("name", "text"),
        3: _Field("attributes", "KeyValue", True), 4: _Field("dropped_attributes_count", "unsigned"),
    },
    "Link": {
        1: _Field("trace_id", "id"), 2: _Field("span_id", "id"), 3: _Field("trace_state", "text"),
        4: _Field("attributes", "KeyValue", True), 5: _Field("dropped_attributes_count", "unsigned"),
        6: _Field("flags", "unsigned"),
    },
    "Status": {2: _Field("message", "text"), 3: _Field("code", "unsigned")},
    "KeyValue": {1: _Field("key", "text"), 2: _Field("value", "AnyValue")},
    "AnyValue": {
        1: _Field("string_value", "text"), 2: _Field("bool_value", "flag"), 3: _Field("int_value", "signed"),
        4: _Field("double_value", "double"), 5: _Field("array_value", "ArrayValue"),
        6: _Field("kvlist_value", "KeyValueList"), 7: _Field("bytes_value", "base64"),
    },
    "ArrayValue": {1: _Field("values", "AnyValue", True)},
    "KeyValueList": {1: _Field("values", "KeyValue", True)},
}  # fmt: skip

_STATUS_CODES = {"STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2}


def read_export(body: bytes, content_type: str, encoding: str, most: int) -> list[Message]:
    """Read the body of an export; returns its ``resource_spans``.

    Args:
        content_type: ``application/x-protobuf`` or ``application/json``.
        encoding: ``gzip``, ``deflate`` or "".
        most: most bytes after decompression.

    Raises:
        LapisError: Usage.
    """
    media = content_type.partition(";")[0].strip().lower()
    if media not in ("application/x-protobuf", "application/json"):
        raise invalid(
            f"Invalid Content-Type: {content_type[:80]}. Expected: application/x-protobuf or application/json"
        )
    body = _decompressed(body, encoding.strip().lower(), most)
    try:
        request = _of_json(orjson.loads(body)) if media.endswith("json") else _message(memoryview(body), "Request", 0)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, struct.error):
        raise invalid(_MALFORMED) from None
    found: list[Message] = request.get("resource_spans", [])
    if not found:
        raise invalid(f"{_MALFORMED} - no spans found")
    return found


def _decompressed(body: bytes, encoding: str, most: int) -> bytes:
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "deflate"):
        raise invalid(f"Unsupported Content-Encoding: {encoding[:40]}")
    for bits in (31,) if encoding == "gzip" else (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        reader = zlib.decompressobj(bits)
        try:
            plain = reader.decompress(body, most)
        except zlib.error:
            continue
        if reader.unconsumed_tail:
            raise invalid(f"The body is larger than {most // 2**20} MiB when decompressed.")
        if reader.eof:
            return plain
    raise invalid(f"Failed to decompress {encoding} payload")


def _message(data: memoryview, kind: str, depth: int) -> Message:
    """Read one message of protobuf; fields that are not known are passed over."""
    if depth > _MOST_DEPTH:
        raise ValueError
    fields, found, at = _MESSAGES[kind], Message(), 0
    while at < len(data):
        tag, at = _varint(data, at)
        raw, at = _raw(data, at, tag & 7)
        field = fields.get(tag >> 3)
        if field is None:
            continue
        value = _value(raw, field.kind, depth)
        if field.repeated:
            found.setdefault(field.name, []).append(value)
        else:
            found[field.name] = value
    return found


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), at
        shift += 7
        if shift > 63:
            raise ValueError


def _raw(data: memoryview, at: int, wire: int) -> tuple[int | memoryview, int]:
    if wire == 0:
        return _varint(data, at)
    if wire == 2:
        length, at = _varint(data, at)
    elif wire in (1, 5):
        length = 8 if wire == 1 else 4
    else:
        raise ValueError
    if at + length > len(data):
        raise ValueError
    return data[at : at + length], at + length


def _value(raw: int | memoryview, kind: str, depth: int) -> Any:
    if kind in _MESSAGES:
        if isinstance(raw, int):
            raise ValueError
        return _message(raw, kind, depth + 1)
    return _SCALARS[kind](raw)


def _number(raw: int | memoryview) -> int:
    return raw if isinstance(raw, int) else int.from_bytes(raw, "little")


def _signed(raw: int | memoryview) -> int:
    value = _number(raw)
    return value - 2**64 if value >= 2**63 else value


def _double(raw: int | memoryview) -> float | str:
    if isinstance(raw, int):
        raise TypeError
    return _json_double(float(struct.unpack("<d", raw)[0]))


def _json_double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else ("Infinity" if value > 0 else "-Infinity")


def _text(raw: int | memoryview) -> str:
    return clean(_bytes(raw).decode("utf-8", "replace"))


def _bytes(raw: int | memoryview) -> bytes:
    if isinstance(raw, int):
        raise TypeError
    return bytes(raw)


def _base64(raw: int | memoryview) -> str:
    import base64

    return base64.b64encode(_bytes(raw)).decode()


def clean(text: str) -> str:
    """Return a text that every database can keep: no NUL, no lone surrogate."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


_SCALARS: dict[str, Callable[[int | memoryview], Any]] = {
    "text": _text,
    "id": lambda raw: _bytes(raw).hex(),
    "base64": _base64,
    "unsigned": _number,
    "signed": _signed,
    "flag": lambda raw: bool(_number(raw)),
    "double": _double,
}


def _of_json(body: Any) -> Message:
    """Read the JSON form: lowerCamelCase names, ids in hexadecimal, 64-bit integers as text or number."""
    return _object(body, "Request", 0)


def _object(value: Any, kind: str, depth: int) -> Message:
    if not isinstance(value, dict) or depth > _MOST_DEPTH:
        raise ValueError
    names = {field.name: field for field in _MESSAGES[kind].values()}
    found: Message = {}
    for key, one in value.items():
        field = names.get(re.sub(r"[A-Z]", lambda match: "_" + match.group().lower(), key))
        if field is None or one is None:
            continue
        found[field.name] = (
            [_plain(each, field, depth) for each in one] if field.repeated else _plain(one, field, depth)
        )
    return found


def _plain(value: Any, field: _Field, depth: int) -> Any:
    if field.kind in _MESSAGES:
        return _object(value, field.kind, depth + 1)
    if field.kind == "id":
        return bytes.fromhex(value).hex()
    if field.kind in ("unsigned", "signed"):
        return _STATUS_CODES[value] if field.name == "code" and value in _STATUS_CODES else int(value)
    if field.kind == "double":
        return _json_double(float(value))
    if field.kind == "flag":
        return bool(value)
    return clean(str(value))
