"""What comes in and what goes out: each bad request has a clear answer, and the connection stays where it can."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from lapisml.ports.serving import DeploymentRoute
from tests.support.gateway import ADMIN_KEY, KEY, SECOND_KEY, RunningGateway

AUTH = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def _raw(gateway: RunningGateway, data: bytes) -> bytes:
    """Send bytes; return all that comes until the gateway closes."""
    with socket.create_connection(("127.0.0.1", gateway.port), timeout=20) as client:
        client.sendall(data)
        return b"".join(iter(lambda: client.recv(65536), b""))


def _head(*lines: str, method: str = "POST", path: str = "/ws/ep/score") -> bytes:
    first = f"{method} {path} HTTP/1.1"
    return "\r\n".join([first, "Host: 127.0.0.1", f"Authorization: Bearer {KEY}", *lines, "", ""]).encode()


def test_an_answer_says_what_gave_it(shared: RunningGateway) -> None:
    answer = shared.score({"data": [1]}, x_ms_client_request_id="mine-1")
    assert answer.status == 200
    assert answer.json()["size"] == len(json.dumps({"data": [1]}))
    assert answer.headers["azureml-model-deployment"] == "blue"
    assert answer.headers["x-ms-client-request-id"] == "mine-1"
    revision, _, number = answer.headers["x-ms-request-id"].partition("-")
    assert revision == "a" * 12
    assert len(number) == 16
    other = shared.score({"data": [1]}).headers["x-ms-request-id"]
    assert other != answer.headers["x-ms-request-id"]


def test_either_key_opens_the_endpoint(shared: RunningGateway) -> None:
    assert shared.score(key=KEY).status == 200
    assert shared.score(key=SECOND_KEY).status == 200
    assert shared.score(key="nothing").status == 401


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("POST", "/ws/ep/score", {}, 401, "Unauthenticated"),
        ("POST", "/ws/ep/score", {"Authorization": f"Basic {KEY}"}, 401, "Unauthenticated"),
        ("POST", "/ws/ep/score", {"Authorization": "Bearer "}, 401, "Unauthenticated"),
        ("POST", "/ws/none/score", AUTH, 404, "NotFound"),
        ("POST", "/ws/ep/score/", AUTH, 404, "NotFound"),
        ("POST", "/ws/%65p/score", AUTH, 404, "NotFound"),
        ("POST", "/ws/../ws/ep/score", AUTH, 404, "NotFound"),
        ("POST", "/", AUTH, 404, "NotFound"),
        ("GET", "/ws/ep/score", AUTH, 405, "MethodNotAllowed"),
        ("DELETE", "/ws/ep/score", AUTH, 405, "MethodNotAllowed"),
        ("OPTIONS", "/ws/ep/score", AUTH, 405, "MethodNotAllowed"),
        ("GET", "/ws/ep/swagger.json", {}, 401, "Unauthenticated"),
        ("POST", "/ws/ep/swagger.json", AUTH, 405, "MethodNotAllowed"),
        ("GET", "/metrics", {}, 401, "Unauthenticated"),
        ("GET", "/metrics", AUTH, 401, "Unauthenticated"),
        ("POST", "/healthz", {}, 405, "MethodNotAllowed"),
        ("POST", "/ws/ep/score", {**AUTH, "azureml-model-deployment": "green"}, 404, "DeploymentNotFound"),
        ("POST", "/ws/ep/score", {**AUTH, "Host": "evil.example"}, 400, "AddressNotAllowed"),
        ("POST", "/ws/ep/score", {**AUTH, "Origin": "https://evil.example"}, 403, "Forbidden"),
        ("POST", "/ws/ep/score", {**AUTH, "Origin": "null"}, 403, "Forbidden"),
        ("GET", "/healthz", {"Host": "evil.example"}, 400, "AddressNotAllowed"),
    ],
)
def test_a_refused_request_leaves_the_connection_in_use(
    shared: RunningGateway, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=20)
    connection.request(method, path, b"{}" if method != "GET" else None, headers)
    response = connection.getresponse()
    body = json.loads(response.read())
    assert (response.status, body["error"]["code"]) == (status, code)
    assert set(body["error"]) == {"code", "message"}
    assert response.getheader("x-ms-request-id")
    socket_before = connection.sock
    connection.request("POST", "/ws/ep/score", b"{}", AUTH)
    assert connection.getresponse().read() == b'{"fast": true}'
    assert connection.sock is socket_before, "the connection was closed"
    connection.close()


def test_a_name_left_over_in_the_sdk_counts_for_nothing(shared: RunningGateway) -> None:
    agent = "azure-ai-ml/1.35.2 azsdk-python-core/1.41.0 Python/3.11.7"
    left_over = shared.score(azureml_model_deployment="gone", user_agent=agent)
    assert (left_over.status, left_over.headers["azureml-model-deployment"]) == (200, "blue")
    asked = shared.score(azureml_model_deployment="gone", user_agent="curl/8.0")
    assert (asked.status, asked.code) == (404, "DeploymentNotFound")


def test_the_pages_of_the_gateway(shared: RunningGateway) -> None:
    assert shared.get("/healthz") == (200, b'{"status": "ok"}')
    head = shared.request("HEAD", "/healthz")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "16")
    status, swagger = shared.get("/ws/ep/swagger.json", Authorization=f"Bearer {KEY}")
    assert status == 200
    assert json.loads(swagger)["swagger"] == "2.0"
    status, text = shared.get("/metrics", Authorization=f"Bearer {ADMIN_KEY}")
    assert status == 200
    assert b"lapis_requests_total{" in text


def test_the_description_is_there_before_a_deployment(gateway: RunningGateway) -> None:
    gateway.route({}, {})
    answer = gateway.request("GET", "/ws/ep/swagger.json", headers=AUTH)
    assert json.loads(answer.body)["info"]["title"] == "ep"
    refused = gateway.score()
    assert (refused.status, refused.code) == (404, "NoTraffic")


def test_a_body_without_a_length_is_refused(shared: RunningGateway) -> None:
    answer = _raw(shared, _head("Connection: close"))
    assert answer.startswith(b"HTTP/1.1 411 ")


def test_an_empty_body_is_the_scripts_affair(shared: RunningGateway) -> None:
    answer = shared.request("POST", "/ws/ep/score", b"", AUTH)
    assert answer.json()["size"] == 0


def test_chunks_are_put_together(shared: RunningGateway) -> None:
    sent = _head("Transfer-Encoding: chunked", "Connection: close") + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n"
    assert b'"size": 7' in _raw(shared, sent)


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        _head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\nGET /",
        _head("Content-Length: 5", "Content-Length: 6") + b"abcdef",
        _head("Transfer-Encoding: chunked") + b"zz\r\n",
        _head("Content-Length: -1"),
    ],
    ids=["words", "tls", "two ways of length", "two lengths", "bad chunk", "negative"],
)
def test_what_is_no_request_is_refused_and_cut_off(shared: RunningGateway, data: bytes) -> None:
    answer = _raw(shared, data)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"content-length: ") == 1, "what followed was taken for a request"


def test_long_heads_are_refused(shared: RunningGateway) -> None:
    assert _raw(shared, _head(f"X-Long: {'x' * 70_000}", "Content-Length: 0")).startswith(b"HTTP/1.1 431 ")
    many = [f"X-{number}: 1" for number in range(200)]
    assert _raw(shared, _head(*many, "Content-Length: 0")).startswith(b"HTTP/1.1 431 ")
    assert _raw(shared, _head(path=f"/{'x' * 9000}")).startswith(b"HTTP/1.1 414 ")


def test_a_body_that_is_too_long_is_refused_before_it_is_read(gateway: RunningGateway) -> None:
    gateway.keeper("a" * 12, 0)
    gateway.route({"blue": DeploymentRoute("a" * 12, max_body=1000)}, {"blue": 100})
    assert gateway.score("x" * 998).status == 200
    small = gateway.score("x" * 999)
    assert (small.status, small.code) == (413, "RequestTooLarge")
    announced = _raw(gateway, _head("Content-Length: 100000000"))
    assert announced.startswith(b"HTTP/1.1 413 ")
    chunk = b"%x\r\n%b\r\n" % (2000, b"x" * 2000)
    assert _raw(gateway, _head("Transfer-Encoding: chunked") + chunk).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_sends_on_reads_its_refusal(shared: RunningGateway) -> None:
    answer = shared.request("POST", "/ws/ep/score", b"x" * 100_000_000, AUTH)
    assert (answer.status, answer.code) == (413, "RequestTooLarge")


def test_a_stranger_does_not_get_to_send_a_body(shared: RunningGateway) -> None:
    asked = _head("Content-Length: 2", "Expect: 100-continue").replace(KEY.encode(), b"wrong")
    assert _raw(shared, asked).startswith(b"HTTP/1.1 401 ")


def test_a_client_may_ask_before_it_sends(shared: RunningGateway) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=20) as client:
        client.sendall(_head("Content-Length: 2", "Expect: 100-continue"))
        assert client.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"{}")
        assert client.recv(1000).startswith(b"HTTP/1.1 200 ")


def test_requests_sent_ahead_are_answered_in_their_order(shared: RunningGateway) -> None:
    wishes = [{"sleep": 0.2, "answer": {}, "body": "first"}, {"answer": {}, "body": "second"}, {"x": 1}]
    bodies = [json.dumps(wish).encode() for wish in wishes]
    sent = b"".join(_head(f"Content-Length: {len(body)}") + body for body in bodies[:2])
    bad = _head("Content-Length: 2", path="/ws/none/score") + b"{}"
    last = _head(f"Content-Length: {len(bodies[2])}", "Connection: close") + bodies[2]
    answer = _raw(shared, sent + bad + last)
    places = [answer.find(word) for word in (b"first", b"second", b"HTTP/1.1 404", b'"size"')]
    assert -1 not in places
    assert places == sorted(places)


def test_another_protocol_is_not_begun(shared: RunningGateway) -> None:
    """Some clients offer HTTP/2 with their first request (RFC 7540, 3.2) and are fine with HTTP/1.1."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA")
    answer = _raw(shared, _head(*offer, "Content-Length: 2") + b"{}" + _head("Content-Length: 2") + b"{}")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.count(b"content-length: ") == 1, "what followed was taken for a request"
    refused = _raw(shared, _head("Connection: upgrade", "Upgrade: websocket", method="GET") + b"more")
    assert refused.startswith(b"HTTP/1.1 405 ")
    assert refused.count(b"content-length: ") == 1
    assert _raw(shared, _head(method="CONNECT", path="localhost:22")).startswith(b"HTTP/1.1 404 ")


def test_http_1_0_gets_one_answer(shared: RunningGateway) -> None:
    first = _head("Content-Length: 2", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
    answer = _raw(shared, first + b"{}")
    assert answer.endswith(b'{"fast": true}')
    assert b"connection: close" in answer


def test_many_requests_in_one_piece(shared: RunningGateway) -> None:
    one = _head("Content-Length: 2") + b"{}"
    answer = _raw(shared, one * 500 + _head("Content-Length: 2", "Connection: close") + b"{}")
    assert answer.count(b"HTTP/1.1 200 OK") == 501


def test_no_answer_shows_the_inside(shared: RunningGateway) -> None:
    home = str(shared.places.home).encode()
    for data in (b"\0\0\0\0", _head("Content-Length: 3", path="/ws/x") + b"abc", _head("Content-Length: 99999999")):
        answer = _raw(shared, data.replace(b"Host", b"Connection: close\r\nHost"))
        assert home not in answer
        assert b"Traceback" not in answer
        assert b"server:" not in answer.lower()
