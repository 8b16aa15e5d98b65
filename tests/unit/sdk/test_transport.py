"""The transport against a server that fails in every way that a network has."""

from __future__ import annotations

import http.client
import io
import json

import pytest

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.sdk import transport as transport_module
from lapisml.sdk.discovery import Address
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport, segment
from tests.support.processes import free_port
from tests.unit.sdk.conftest import Act, Handler, Peer, answer, hang_up


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "RETRY_DELAYS", (0.01, 0.01, 0.01))


def test_a_request_carries_the_token_and_the_query(peer: Peer, transport: Transport) -> None:
    peer.script = [answer(200, {"ok": True})]
    assert transport.get("/api/v1/x/" + segment("a #b?c"), tag="k=v w", limit=3, token=None) == {"ok": True}
    method, target, headers, _ = peer.seen[0]
    assert (method, target) == ("GET", "/api/v1/x/a%20%23b%3Fc?tag=k%3Dv+w&limit=3")
    assert headers["Authorization"] == "Bearer tkn"


def test_connections_are_used_again(peer: Peer, transport: Transport) -> None:
    ports: set[int] = set()

    def remember(handler: Handler) -> None:
        ports.add(handler.client_address[1])
        handler.answer(200, {})

    peer.script = [remember]
    for _ in range(5):
        transport.get("/x")
    assert len(ports) == 1


def test_the_servers_error_comes_back_whole(peer: Peer, transport: Transport) -> None:
    problem = Problem("unknown key", path="a.b", expected="c")
    error = LapisError(ErrorCode.DOCUMENT_INVALID, "Bad.", "Mend it.", [problem])
    peer.script = [answer(422, {"error": error.to_json(), "request_id": "r1"})]
    with pytest.raises(LapisError) as caught:
        transport.request("PUT", "/x", json_body={})
    assert caught.value == error
    assert len(peer.seen) == 1, "a refusal is not tried again"


def test_an_internal_error_names_the_request(peer: Peer, transport: Transport) -> None:
    peer.script = [answer(500, {"error": {"code": "Internal", "message": "Oh."}, "request_id": "r-77"})]
    with pytest.raises(LapisError, match="r-77"):
        transport.get("/x")


def test_an_answer_that_is_not_ours_is_shown_in_part(peer: Peer, transport: Transport) -> None:
    peer.script = [answer(403, b"<html>proxy says no</html>")]
    with pytest.raises(LapisError, match=r"answered 403: <html>proxy says no") as caught:
        transport.get("/x")
    assert caught.value.code is ErrorCode.INTERNAL


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "POST", "DELETE"])
def test_a_lost_connection_is_tried_again_with_the_same_key(method: str, peer: Peer, transport: Transport) -> None:
    peer.script = [hang_up, answer(503, {"error": {"code": "StorageUnreachable", "message": "x"}}), answer(200, [1])]
    assert transport.request(method, "/x", json_body={"a": 1}) == [1]
    assert [json.loads(body) for *_, body in peer.seen] == [{"a": 1}] * 3
    keys = {headers.get("Idempotency-Key") for _, _, headers, _ in peer.seen}
    assert len(keys) == 1
    assert (None in keys) is (method != "POST")


def test_a_connection_that_is_reset_before_it_stands_is_tried_again(
    peer: Peer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a server that is killed between the two halves of a handshake."""
    connect, attempts = http.client.HTTPConnection.connect, []

    def reset_once(connection: http.client.HTTPConnection) -> None:
        attempts.append(connection)
        if len(attempts) == 1:
            raise ConnectionResetError("reset by peer")
        connect(connection)

    monkeypatch.setattr(http.client.HTTPConnection, "connect", reset_once)
    peer.script = [answer(200, "here")]
    assert transport.get("/x") == "here"
    assert len(attempts) == 2


def test_a_delete_that_had_already_worked_is_no_error(peer: Peer, transport: Transport) -> None:
    gone = answer(404, {"error": {"code": "NotFound", "message": "gone"}})
    peer.script = [hang_up, gone]
    assert transport.request("DELETE", "/x") is None
    with pytest.raises(LapisError):
        transport.request("DELETE", "/x")


def test_no_server_is_unreachable_with_the_way_out() -> None:
    lost = Transport(lambda _: Address(f"http://127.0.0.1:{free_port()}", "t"))
    with pytest.raises(LapisError) as caught:
        lost.get("/x")
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
    assert "lapis up" in str(caught.value)


def test_a_server_that_moved_is_found_again(peer: Peer) -> None:
    peer.script = [answer(200, "here")]
    asked: list[bool] = []

    def locate(may_start: bool) -> Address:
        asked.append(may_start)
        return Address(f"http://127.0.0.1:{free_port()}" if may_start else peer.url, "t")

    assert Transport(locate).get("/x") == "here"
    assert asked == [True, False], "only the first look may start a server"


def test_a_body_is_sent_from_its_beginning_each_time(peer: Peer, transport: Transport) -> None:
    content = bytes(range(256)) * 4096
    opened: list[io.BytesIO] = []

    def body() -> io.BytesIO:
        opened.append(io.BytesIO(content))
        return opened[-1]

    peer.script = [hang_up, answer(200, {})]
    transport.request("PUT", "/blob", data=body, size=len(content))
    assert [sent for *_, sent in peer.seen] == [content, content]
    assert all(source.closed for source in opened)


def _chunks(*lines: bytes, whole: bool = True) -> Act:
    def act(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for line in lines:
            handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        if whole:
            handler.wfile.write(b"0\r\n\r\n")
        else:
            hang_up(handler)

    return act


def test_lines_are_read_whatever_the_chunks(peer: Peer, transport: Transport) -> None:
    peer.script = [_chunks(b'{"a": 1}\n{"b"', b": 2}\n", b'{"c": "\xc3', b'\xa4"}\n')]
    assert list(transport.lines("/s", {}, 5)) == [{"a": 1}, {"b": 2}, {"c": "ä"}]


def test_a_stream_that_breaks_gives_its_whole_lines_and_then_an_error(peer: Peer, transport: Transport) -> None:
    peer.script = [_chunks(b'{"a": 1}\n{"b"', whole=False)]
    got = []

    def read() -> None:
        for line in transport.lines("/s", {}, 5):
            got.append(line)  # noqa: PERF402 - what came before the break counts

    with pytest.raises(LapisError) as caught:
        read()
    assert got == [{"a": 1}]
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE


def test_pages_are_followed_up_to_the_limit(peer: Peer, transport: Transport) -> None:
    def page(handler: Handler) -> None:
        start = int(handler.path.partition("token=")[2].partition("&")[0] or 0)
        following = str(start + 3) if start < 6 else None
        handler.answer(200, {"value": [{"n": start + i} for i in range(3)], "next": following})

    peer.script = [page]
    session = Session(transport, "team a")
    assert [r["n"] for r in session.pages(session.path("jobs"))] == list(range(9))
    assert [r["n"] for r in session.pages(session.path("jobs"), 4, archived="all")] == [0, 1, 2, 3]
    assert peer.seen[-1][1].startswith("/api/v1/workspaces/team%20a/jobs?")
    assert "archived=all" in peer.seen[-1][1]


def test_requests_can_be_watched_without_the_token(peer: Peer) -> None:
    lines: list[str] = []
    peer.script = [answer(200, {})]
    Transport(lambda _: Address(peer.url, "tkn"), trace=lines.append).get("/x")
    assert len(lines) == 1
    assert "GET /x → 200" in lines[0]
    assert "tkn" not in lines[0]


@pytest.mark.parametrize("name", ["", "  ", "a/b", "..", "."])
def test_a_name_that_is_none_never_becomes_an_address(name: str) -> None:
    with pytest.raises(LapisError) as caught:
        segment(name)
    assert caught.value.code is ErrorCode.USAGE
