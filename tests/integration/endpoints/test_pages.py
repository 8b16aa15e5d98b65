"""What the web page asks of endpoints beyond their records: figures, trying one, logs as they grow."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.integration.endpoints.conftest import Client
from tests.support.live import LiveReader
from tests.support.polling import eventually

SCRIPT = """
import json, os

def init():
    print("first line")

def run(data):
    given = json.loads(data)
    print("asked", given)
    if given == "fail":
        raise ValueError("no")
    return {"colour": os.environ["COLOUR"], "given": given}
"""


@pytest.fixture(scope="module")
def client(shared: Client) -> Client:
    """A server with endpoint `e` that serves `blue`, and `green` without traffic."""
    shared.put_endpoint()
    shared.deploy("blue", script=SCRIPT)
    shared.deploy("green", script=SCRIPT)
    shared.put_endpoint(traffic={"blue": 100})
    return shared


def _try(client: Client, **asking: Any) -> Any:
    return client.ok("POST", "online-endpoints/e/try", asking)


def test_the_server_asks_in_the_persons_place(client: Client) -> None:
    answer = _try(client, body='{"x": "é"}')
    assert (answer["status"], answer["deployment"]) == (200, "blue")
    assert json.loads(answer["text"]) == {"colour": "blue", "given": {"x": "é"}}
    assert client.ok("GET", f"predictions/{answer['request_id']}")["deployment"] == "blue"
    assert 0 < answer["seconds"] < 30
    assert _try(client, body="1", deployment="green")["deployment"] == "green"
    failed = _try(client, body='"fail"')
    assert failed["status"] >= 400
    assert failed["text"]


@pytest.mark.parametrize(
    ("asking", "status"),
    [
        ({}, 422),
        ({"body": 3}, 422),
        ({"body": "1", "deployment": "a\r\nHost: b"}, 422),
        ({"body": "1", "content_type": "text/plain\r\nX: y"}, 422),
        ({"body": "1" * (5 << 20)}, 413),
    ],
)
def test_a_request_that_is_none_is_refused(client: Client, asking: Any, status: int) -> None:
    assert client.send("POST", "online-endpoints/e/try", asking)[0] == status


def test_an_endpoint_that_takes_tokens_can_be_tried(client: Client) -> None:
    client.put_endpoint("tokens", auth_mode="aml_token")
    client.deploy("blue", "tokens", script=SCRIPT)
    answer = client.ok("POST", "online-endpoints/tokens/try", {"body": "2", "deployment": "blue"})
    assert json.loads(answer["text"])["given"] == 2


def test_a_form_describes_what_may_be_asked(client: Client) -> None:
    form = client.ok("GET", "online-endpoints/e/form?deployment=blue")
    assert "/score" in form["description"]["paths"]
    assert form["example"] is None
    assert client.send("GET", "online-endpoints/none/form")[0] == 404


def test_figures_move_and_the_page_is_told(client: Client) -> None:
    live = LiveReader(client.server)
    try:
        summary = eventually(lambda: _asked_row(client), 30, interval=0.5, what="figures of the endpoint")
        live.heard("online-endpoints/e/figures", 20)
    finally:
        live.close()
    assert "online-endpoints/e" not in live.topics, "a request that the page sends for a person changes nothing"
    assert summary["health"] == "Healthy"
    assert {one["name"]: (one["traffic"], one["health"]) for one in summary["deployments"]} == {
        "blue": (100, "Healthy"),
        "green": (0, "Healthy"),
    }
    assert 0 < summary["figures"]["error_share"] < 1
    assert 0 < summary["figures"]["p50"] <= summary["figures"]["p99"]
    body = client.ok("GET", "online-endpoints/e/figures")
    blue = body["deployments"]["blue"]
    assert sum(blue["rate"]) > 0
    assert {len(values) for values in blue.values()} == {len(blue["at"])}
    assert sum(body["deployments"]["green"]["rate"]) == pytest.approx(0, abs=1)
    assert blue["ready"][-1] == blue["wanted"][-1] == 1


def test_logs_are_followed_as_they_grow(client: Client) -> None:
    path = "/api/v1/workspaces/default/online-endpoints/e/deployments/blue/logs/follow"
    request = urllib.request.Request(client.server.url + path)
    request.add_header("Authorization", f"Bearer {client.server.token}")
    with urllib.request.urlopen(request, timeout=20) as stream:
        assert set(json.loads(stream.readline())) == {"revision", "attempt"}
        _read_until(stream, "first line")
        _try(client, body='"a word of this test"')
        _read_until(stream, "a word of this test")
    assert client.send("GET", "online-endpoints/e/deployments/none/logs/follow")[0] == 404


def _asked_row(client: Client) -> Any:
    """Ask the endpoint well and badly, and give its row once that shows."""
    for body in ("1", "2", '"fail"'):
        _try(client, body=body)
    rows = client.ok("GET", "online-endpoint-summaries")["value"]
    row = next(one for one in rows if one["endpoint"]["name"] == "e")
    figures = row["figures"]
    return row if figures and figures["rate"] and figures["error_share"] else None


def _read_until(stream: Any, words: str) -> None:
    while words not in json.loads(stream.readline()).get("text", ""):
        """Each line has its own time limit, that of the connection."""
