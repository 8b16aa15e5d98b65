"""What a replica answers reaches the client; what it may not say does not."""

from __future__ import annotations

from lapisml.ports.serving import DeploymentRoute
from tests.support.gateway import KEY, RunningGateway

RAW = {"raw": True, "max_concurrent": 8}


def test_status_type_and_headers_are_passed_on(shared: RunningGateway) -> None:
    head = {"status": 424, "content_type": "text/html", "headers": [["ms-azureml-model-error-reason", "it broke"]]}
    answer = shared.score({"answer": head, "body": "<p>"})
    assert (answer.status, answer.body) == (424, b"<p>")
    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["ms-azureml-model-error-reason"] == "it broke"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_script_can_write_no_headers_of_ours_and_no_second_answer(shared: RunningGateway) -> None:
    headers = [
        ["x-good", "a\r\nx-bad: 1\r\n\r\nHTTP/1.1 200 OK"],
        ["x bad", "1"],
        ["bad\r\nx-evil", "1"],
        ["Content-Length", "5"],
        ["X-MS-Request-Id", "forged"],
        "nothing",
        ["x-number", 5],
    ]
    answer = shared.score({"answer": {"headers": headers}, "body": "0123456789"})
    assert answer.body == b"0123456789"
    assert answer.headers["x-good"] == "a  x-bad: 1    HTTP/1.1 200 OK"
    assert answer.headers["x-number"] == "5"
    assert answer.headers["x-ms-request-id"].startswith("a" * 12)
    assert not {"x-bad", "x bad", "x-evil"} & set(answer.headers)


def test_an_answer_that_makes_no_sense_is_an_error(shared: RunningGateway) -> None:
    assert shared.score({"answer": {"status": "many"}}).status == 500
    assert shared.score({"answer": {"status": 7}}).status == 500
    assert shared.score({"answer": {"status": 204}}).status == 204
    assert shared.score({}).status == 200


def test_a_type_other_than_json_is_told_to_the_replica(shared: RunningGateway) -> None:
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "text/csv"}
    answer = shared.request("POST", "/ws/ep/score", b"1,2", headers)
    assert answer.json()["head"] == {"content_type": "text/csv"}
    plain = shared.request("POST", "/ws/ep/score", b"1", {**headers, "Content-Type": "application/json; charset=utf-8"})
    assert plain.json()["head"] == {}


def test_a_raw_script_gets_method_query_and_headers_but_not_the_key(gateway: RunningGateway) -> None:
    gateway.keeper("b" * 12, 0, hello=RAW)
    gateway.route({"blue": "b" * 12}, {"blue": 100})
    headers = {"Authorization": f"Bearer {KEY}", "X-Mine": "yes"}
    assert gateway.score().status == 200
    head = gateway.request("GET", "/ws/ep/score?a=1&b=%20", headers=headers).json()["head"]
    assert (head["method"], head["path"], head["query"]) == ("GET", "/score", "a=1&b=%20")
    sent = dict(head["headers"])
    assert sent["x-mine"] == "yes"
    assert "authorization" not in sent
    assert KEY not in str(head)


def test_a_replica_that_collects_gets_the_request_id(gateway: RunningGateway) -> None:
    gateway.keeper("b" * 12, 0, hello={"collects": True})
    gateway.route({"blue": "b" * 12}, {"blue": 100})
    answer = gateway.score()
    assert answer.json()["head"] == {"id": answer.headers["x-ms-request-id"]}


def test_a_large_body_and_a_large_answer(gateway: RunningGateway) -> None:
    gateway.keeper("b" * 12, 0)
    gateway.route({"blue": DeploymentRoute("b" * 12, max_body=1 << 26)}, {"blue": 100})
    assert gateway.score("x" * 20_000_000).json()["size"] == 20_000_002
    wanted = {"answer": {}, "body": "y" * 10_000_000}
    assert len(gateway.score(wanted).body) == 10_000_000


def test_the_replicas_own_description_is_shown(gateway: RunningGateway) -> None:
    keeper = gateway.keeper("b" * 12, 0)
    gateway.route({"blue": "b" * 12}, {"blue": 100})
    file = gateway.places.home / "swagger.json"
    file.write_text('{"swagger": "2.0", "info": {"title": "mine"}}')
    keeper.swagger = str(file)
    keeper.tell()
    gateway.route({"blue": "b" * 12}, {"blue": 100})
    headers = {"Authorization": f"Bearer {KEY}"}
    assert gateway.request("GET", "/ws/ep/swagger.json", headers=headers).json()["info"]["title"] == "mine"
    file.write_text("{")
    assert gateway.request("GET", "/ws/ep/swagger.json", headers=headers).json()["info"]["title"] == "ep"
