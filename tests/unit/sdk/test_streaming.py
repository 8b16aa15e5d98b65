"""Following a job over a server that breaks off at every place."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk import streaming
from lapisml.sdk import transport as transport_module
from lapisml.sdk.session import Session
from lapisml.sdk.streaming import BUILD_LOG, Follower, follow
from lapisml.sdk.transport import Transport
from tests.unit.sdk.conftest import Handler, Peer, answer, hang_up

LOG = "ä€ line one\nline two\n" + "x" * 50 + "\n"
BUILD = "resolved\ninstalled\n"
EVENTS = [{"seq": 10 * n, "status": s, "reason": s} for n, s in enumerate(["Queued", "Preparing", "Running"], 1)]


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "RETRY_DELAYS", (0.01,))


def _lines(query: dict[str, int]) -> list[dict[str, Any]]:
    """Give the lines of a stream from the reader's place on, the log in pieces of one character."""
    raw, build = LOG.encode(), BUILD.encode()
    lines: list[dict[str, Any]] = [{"event": e} for e in EVENTS if e["seq"] > query["after"]]
    lines.insert(0, {"waiting": "1st in line"})
    at = query["build_offset"]
    if build[at:]:
        lines.append({"log": build[at:].decode(), "path": BUILD_LOG, "offset": len(build)})
    at = query["log_offset"]
    for char in raw[at:].decode():
        at += len(char.encode())
        lines.append({"log": char, "path": "user_logs/std_log.txt", "offset": at})
    return [*lines, {}, {"end": {"status": "Completed", "reason": "done", "code": "Ok", "exit_code": 0}}]


class _Breaking:
    """Sends `count` more lines with each connection, then half a line, and breaks off."""

    def __init__(self) -> None:
        self.connections = 0

    def __call__(self, handler: Handler) -> None:
        self.connections += 1
        query = {k: int(v[0]) for k, v in parse_qs(urlsplit(handler.path).query).items()}
        raws = [json.dumps(line).encode() + b"\n" for line in _lines(query)]
        count = 1 + self.connections % 4
        whole = count >= len(raws)
        body = b"".join(raws) if whole else b"".join(raws[:count]) + raws[count][:-3]
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        handler.wfile.write(f"{len(body):x}\r\n".encode() + body + b"\r\n" + (b"0\r\n\r\n" if whole else b""))
        if not whole:
            hang_up(handler)


def test_no_byte_and_no_event_is_lost_or_doubled(
    peer: Peer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "REST", 0.0)
    breaking = _Breaking()
    peer.script = [breaking]
    events: list[int] = []
    log, build, waits, notes = [], [], [], []  # type: ignore[var-annotated]
    follower = Follower(lambda e: events.append(e["seq"]), waits.append, log.append, build.append, notes.append)
    end = follow(Session(transport, "default"), "calm_fern", follower)
    assert "".join(log) == LOG
    assert "".join(build) == BUILD
    assert events == [10, 20, 30]
    assert waits == ["1st in line"]
    assert end["status"] == "Completed"
    assert breaking.connections > 10
    assert any("away" in note for note in notes)
    assert any("back" in note for note in notes)


def test_a_job_that_does_not_exist_is_an_error_at_once(peer: Peer, transport: Transport) -> None:
    error = LapisError(ErrorCode.NOT_FOUND, "There is no job named 'x'.")
    peer.script = [answer(404, {"error": error.to_json()})]
    with pytest.raises(LapisError, match="no job named"):
        follow(Session(transport, "default"), "x", Follower())


def test_a_server_that_stays_away_is_given_up(
    peer: Peer, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "AWAY_LIMIT", 0.3)
    peer.script = [hang_up]
    with pytest.raises(LapisError) as caught:
        follow(Session(transport, "default"), "x", Follower())
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
