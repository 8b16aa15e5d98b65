"""Replicas that die, hang, are busy, or are not there: what can be answered is answered, the rest is told."""

from __future__ import annotations

import http.client
import os
import signal
import threading

from lapisml.ports.serving import DeploymentRoute
from tests.integration.gateway.load import load
from tests.support.gateway import Answer, RunningGateway
from tests.support.polling import eventually

A = "a" * 12
BLUE = '{workspace="ws",endpoint="ep",deployment="blue"}'


def _serve(gateway: RunningGateway, *numbers: int, hello: dict[str, object] | None = None, **route: float) -> None:
    gateway.keeper(A, *numbers, hello=hello)
    gateway.route({"blue": DeploymentRoute(A, **route)}, {"blue": 100})  # type: ignore[arg-type]
    assert gateway.score().status == 200


def _aside(gateway: RunningGateway, *bodies: object) -> tuple[list[Answer], list[threading.Thread]]:
    """Send requests at the same time."""
    answers: list[Answer] = []
    threads = [threading.Thread(target=lambda b=body: answers.append(gateway.score(b))) for body in bodies]
    for thread in threads:
        thread.start()
    return answers, threads


def test_killing_replicas_in_turn_under_load_fails_no_request(gateway: RunningGateway) -> None:
    _serve(gateway, 0, 1, 2)
    keeper = gateway.keepers[A]
    with load(gateway.port, clients=6, body={"sleep": 0.003}) as clients:
        for number in (0, 1, 2, 0, 1, 2):
            seen = clients.answered
            eventually(lambda seen=seen: clients.answered > seen + 30)  # type: ignore[misc]
            keeper.kill(number)
            wanted = f"lapis_replicas_ready{BLUE}"
            eventually(lambda wanted=wanted: gateway.metric(wanted) == 3)  # type: ignore[misc]
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]
    assert gateway.metric(f"lapis_resent_requests_total{BLUE}") > 0, "no kill hit a request"


def test_killing_all_replicas_at_once_holds_the_requests(gateway: RunningGateway) -> None:
    _serve(gateway, 0, 1, hello={"max_concurrent": 4})
    keeper = gateway.keepers[A]
    with load(gateway.port, clients=6, body={"sleep": 0.01}) as clients:
        eventually(lambda: clients.answered > 50)
        for number in (0, 1):
            os.kill(keeper.pid(number), signal.SIGKILL)
        for number in (0, 1):
            keeper.kill(number)
        seen = clients.answered
        eventually(lambda: clients.answered > seen + 50)
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]


def test_a_request_that_kills_every_replica_is_given_up(gateway: RunningGateway) -> None:
    _serve(gateway, 0, 1, 2, 3)
    answer = gateway.score({"exit": 1})
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "ReplicaLost", "1")
    assert gateway.score().status == 200, "one replica is left"


def test_a_replica_that_is_no_longer_ready_gets_nothing_more(gateway: RunningGateway) -> None:
    _serve(gateway, 0, 1)
    keeper = gateway.keepers[A]
    out = keeper.pid(0)
    keeper.not_ready.add(0)
    keeper.tell()
    eventually(lambda: gateway.metric(f"lapis_replicas_ready{BLUE}") == 1)
    assert {gateway.score().json()["pid"] for _ in range(10)} == {keeper.pid(1)}
    keeper.not_ready.clear()
    keeper.tell()
    eventually(lambda: gateway.score().json()["pid"] == out)


def test_scaling_under_load_fails_no_request(gateway: RunningGateway) -> None:
    _serve(gateway, 0)
    keeper = gateway.keepers[A]
    with load(gateway.port, clients=4, body={"sleep": 0.005}) as clients:
        for number in (1, 2):
            keeper.start(number)
        eventually(lambda: gateway.metric(f"lapis_replicas_ready{BLUE}") == 3)
        keeper.leave(1)
        eventually(lambda: gateway.metric(f"lapis_replicas_ready{BLUE}") == 2)
        seen = clients.answered
        eventually(lambda: clients.answered > seen + 50)
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]


def test_a_request_at_zero_is_held_and_its_keeper_told(gateway: RunningGateway) -> None:
    keeper = gateway.keeper(A)
    keeper.state = "zero"
    keeper.tell()
    gateway.route({"blue": DeploymentRoute(A, max_queue_wait_s=0.01, timeout_s=1)}, {"blue": 100})
    answers, threads = _aside(gateway, {"a": 1}, {"a": 2}, {"a": 3})
    heard = eventually(keeper.heard)
    assert heard[0]["do"] == "load"
    assert heard[0]["queued"] >= 1
    eventually(lambda: gateway.metric(f"lapis_requests_queued{BLUE}") == 3)
    keeper.state = "ready"
    keeper.start(0)
    for thread in threads:
        thread.join()
    assert [answer.status for answer in answers] == [200, 200, 200]


def test_a_failed_deployment_is_told_at_once_and_recovers(gateway: RunningGateway) -> None:
    keeper = gateway.keeper(A)
    keeper.state = "starting"
    keeper.tell()
    gateway.route({"blue": A}, {"blue": 100})
    answers, threads = _aside(gateway, {"a": 1})
    eventually(lambda: gateway.metric(f"lapis_requests_queued{BLUE}") == 1)
    keeper.state = "failed"
    keeper.tell()
    threads[0].join()
    assert (answers[0].status, answers[0].code) == (503, "NoReplica")
    again = gateway.score()
    assert (again.status, again.code, again.headers["retry-after"]) == (503, "NoReplica", "1")
    keeper.state = "ready"
    keeper.start(0)
    eventually(lambda: gateway.score().status == 200)


def test_a_full_deployment_says_when_to_come_again(gateway: RunningGateway) -> None:
    _serve(gateway, 0, max_queue_wait_s=0.1)
    answers, threads = _aside(gateway, {"sleep": 0.5})
    eventually(lambda: gateway.metric(f"lapis_requests_in_flight{BLUE}") == 1)
    answer = gateway.score()
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (429, "TooManyRequests", "1")
    threads[0].join()
    assert answers[0].status == 200
    assert gateway.score().status == 200


def test_a_request_that_takes_too_long_is_ended(gateway: RunningGateway) -> None:
    _serve(gateway, 0, hello={"max_concurrent": 4}, timeout_s=0.2)
    answer = gateway.score({"ignore": True})
    assert (answer.status, answer.code) == (408, "RequestTimeout")
    assert gateway.score().status == 200
    eventually(lambda: gateway.metric(f"lapis_requests_in_flight{BLUE}") == 0)


def test_a_late_answer_goes_to_nobody_else(gateway: RunningGateway) -> None:
    _serve(gateway, 0, hello={"max_concurrent": 4}, timeout_s=0.1)
    late = gateway.score({"sleep": 0.5, "answer": {}, "body": "late"})
    assert late.status == 408
    for _ in range(20):
        assert b"late" not in gateway.score().body
    eventually(lambda: gateway.metric(f"lapis_requests_in_flight{BLUE}") == 0)


def test_a_client_that_leaves_frees_its_place(gateway: RunningGateway) -> None:

    _serve(gateway, 0, max_queue_wait_s=30, timeout_s=30)
    slow = gateway.score
    answers, threads = _aside(gateway, {"sleep": 1})
    eventually(lambda: gateway.metric(f"lapis_requests_in_flight{BLUE}") == 1)
    gone = http.client.HTTPConnection("127.0.0.1", gateway.port)
    gone.request("POST", "/ws/ep/score", b'{"sleep": 60}', {"Authorization": "Bearer primary-key-of-this-test"})
    eventually(lambda: gateway.metric(f"lapis_requests_queued{BLUE}") == 1)
    gone.close()
    assert slow().status == 200
    threads[0].join()
    assert answers[0].status == 200


def test_a_client_that_leaves_ends_what_its_replica_is_at(gateway: RunningGateway) -> None:
    _serve(gateway, 0, max_queue_wait_s=20, timeout_s=60)
    gone = http.client.HTTPConnection("127.0.0.1", gateway.port)
    gone.request("POST", "/ws/ep/score", b'{"sleep": 60}', {"Authorization": "Bearer primary-key-of-this-test"})
    eventually(lambda: gateway.metric(f"lapis_requests_in_flight{BLUE}") == 1)
    gone.close()
    assert gateway.score().status == 200


def test_a_keeper_that_is_made_again_is_found(gateway: RunningGateway) -> None:
    _serve(gateway, 0)
    gateway.keepers[A].stop()
    answers, threads = _aside(gateway, {"a": 1})
    eventually(lambda: gateway.metric(f"lapis_requests_queued{BLUE}") == 1)
    gateway.keeper(A, 0)
    threads[0].join()
    assert answers[0].status == 200


def test_the_keeper_hears_of_the_load(gateway: RunningGateway) -> None:
    _serve(gateway, 0, hello={"max_concurrent": 8})
    keeper = gateway.keepers[A]
    keeper.heard()
    with load(gateway.port, clients=2, body={"sleep": 0.01}):
        found = eventually(lambda: [m for m in keeper.heard() if m["rps"] > 20])
    assert found[0]["do"] == "load"
    assert 0.1 <= found[0]["in_flight"] <= 2.5


def test_short_requests_count_as_load_though_none_is_under_way_when_it_is_told(gateway: RunningGateway) -> None:
    _serve(gateway, 0)
    keeper = gateway.keepers[A]
    keeper.heard()
    for _ in range(20):
        assert gateway.score().status == 200
    found = eventually(lambda: [m for m in keeper.heard() if m["rps"] > 0])
    assert found[0]["in_flight"] > 0
