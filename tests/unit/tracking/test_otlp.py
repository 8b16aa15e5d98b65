"""Reading OpenTelemetry's exports: every message that its own library writes, and what nobody should send."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.surfaces.mlflow.otlp import read_export
from lapisml.server.surfaces.mlflow.trace_wire import read_batches, span

PROTO, JSON = "application/x-protobuf", "application/json; charset=utf-8"
MOST = 1 << 20

TEXTS = st.text(st.characters(blacklist_characters="\x00", blacklist_categories=("Cs",)), max_size=20)
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=8,
)


def put(message: AnyValue, value: Any) -> None:
    if isinstance(value, bool):
        message.bool_value = value
    elif isinstance(value, str):
        message.string_value = value
    elif isinstance(value, int):
        message.int_value = value
    elif isinstance(value, float):
        message.double_value = value
    elif isinstance(value, list):
        message.array_value.SetInParent()
        for one in value:
            put(message.array_value.values.add(), one)
    else:
        message.kvlist_value.SetInParent()
        for key, one in value.items():
            pair = message.kvlist_value.values.add()
            pair.key = key
            put(pair.value, one)


def request(attributes: dict[str, Any]) -> ExportTraceServiceRequest:
    made = ExportTraceServiceRequest()
    scope = made.resource_spans.add().scope_spans.add()
    one = scope.spans.add()
    one.trace_id, one.span_id, one.parent_span_id = b"\x01" * 16, b"\x02" * 8, b"\x03" * 8
    one.name, one.start_time_unix_nano, one.end_time_unix_nano = "näme", 5, 2**63 - 1
    one.status.code, one.status.message, one.kind = 2, "bad", 3
    event = one.events.add()
    event.name, event.time_unix_nano = "e", 7
    link = one.links.add()
    link.trace_id, link.span_id = b"\x04" * 16, b"\x05" * 8
    for key, value in attributes.items():
        attribute = one.attributes.add()
        attribute.key = key
        put(attribute.value, value)
    return made


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text("abc.", min_size=1, max_size=5), VALUES, max_size=4))
def test_what_is_kept_is_what_was_sent(attributes: dict[str, Any]) -> None:
    """Protobuf in, kept, and out in protobuf's JSON: its own library reads the same message."""
    sent = request(attributes)
    [batch] = read_batches(read_export(sent.SerializeToString(), PROTO, "", MOST))
    assert batch.trace_id == "tr-" + "01" * 16
    [kept] = batch.spans
    from google.protobuf.json_format import ParseDict
    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    back = ParseDict(json.loads(json.dumps(span("01" * 16, kept))), Span())
    assert back == sent.resource_spans[0].scope_spans[0].spans[0]


def test_json_and_packed_bodies_are_the_same_message() -> None:
    sent = request({"a": [1, {"b": 2.5}], "c": True})
    plain = sent.SerializeToString()
    expected = read_export(plain, PROTO, "", MOST)
    form = MessageToDict(sent)
    found = form["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    found |= {"traceId": "01" * 16, "spanId": "02" * 8, "parentSpanId": "03" * 8}
    found["links"][0] |= {"traceId": "04" * 16, "spanId": "05" * 8}
    found["kind"] = 3
    written = json.dumps(form).encode()
    for body, kind, encoding in (
        (gzip.compress(plain), PROTO, "gzip"), (zlib.compress(plain), PROTO, "deflate"),
        (zlib.compress(plain)[2:-4], PROTO, "deflate"), (written, JSON, ""), (gzip.compress(written), JSON, "GZIP"),
    ):  # fmt: skip
        assert read_batches(read_export(body, kind, encoding, MOST)) == read_batches(expected), encoding


def nested(depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        inner = b"\x0a" + _length(len(body)) + body  # an array with one value
        body = b"\x2a" + _length(len(inner)) + inner
    return body


def _length(value: int) -> bytes:
    out = b""
    while value > 0x7F:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def wrapped(value: bytes) -> bytes:
    for tag in (b"\x12", b"\x4a", b"\x12", b"\x12", b"\x0a"):  # value, attributes, spans, scope_spans, resource_spans
        value = tag + _length(len(value)) + value
    return value


@pytest.mark.parametrize(
    ("body", "kind", "encoding"),
    [
        (b"", PROTO, ""), (b"\xff" * 40, PROTO, ""), (b"\x0a\xff\xff\xff\xff\xff", PROTO, ""),
        (b"\x0a\x05ab", PROTO, ""),
        (b"\x80" * 20, PROTO, ""), (b"\x0b", PROTO, ""), (wrapped(nested(200)), PROTO, ""), (b"{", JSON, ""),
        (b"[]", JSON, ""), (b'{"resourceSpans": [1]}', JSON, ""), (b"{}", JSON, ""), (b"x", "text/plain", ""),
        (b"x", PROTO, "gzip"), (b"x", PROTO, "br"), (gzip.compress(b"\x00" * (MOST + 1), mtime=0), PROTO, "gzip"),
        (gzip.compress(b"ab" * 100, mtime=0)[:-20], PROTO, "gzip"),
        (b'{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "xyz"}]}]}]}', JSON, ""),
    ],
)  # fmt: skip
def test_what_nobody_should_send(body: bytes, kind: str, encoding: str) -> None:
    with pytest.raises(LapisError) as caught:
        read_export(body, kind, encoding, MOST)
    assert caught.value.code is ErrorCode.USAGE


@pytest.mark.parametrize("missing", ["trace_id", "span_id"])
def test_a_span_needs_its_ids(missing: str) -> None:
    sent = request({})
    sent.resource_spans[0].scope_spans[0].spans[0].ClearField(missing)
    with pytest.raises(LapisError, match="wrong length"):
        read_batches(read_export(sent.SerializeToString(), PROTO, "", MOST))


def test_a_nul_becomes_a_sign_that_databases_keep() -> None:
    [batch] = read_batches(read_export(request({"a": "x\x00y"}).SerializeToString(), PROTO, "", MOST))
    assert batch.spans[0].attributes["a"] == {"string_value": "x\ufffdy"}
