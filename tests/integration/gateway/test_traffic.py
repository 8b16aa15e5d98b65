"""Which deployment answers, and that changing it fails no request."""

from __future__ import annotations

import itertools

import pytest

from lapisml.ports.serving import DeploymentRoute, EndpointRoute, RevisionRecord, read
from tests.integration.gateway.conftest import StartGateway
from tests.integration.gateway.load import load
from tests.support.gateway import KEY, RunningGateway, digest
from tests.support.polling import eventually

A, B, C = "a" * 12, "b" * 12, "c" * 12
BOTH = {"blue": A, "green": B}


def _two(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0, hello={"max_concurrent": 64})
    gateway.keeper(B, 0, hello={"max_concurrent": 64})
    for traffic in ({"blue": 100}, {"green": 100}):
        gateway.route(BOTH, traffic)
        assert gateway.score().status == 200


def test_traffic_is_shared_out_and_a_deployment_can_be_asked_for(gateway: RunningGateway) -> None:
    _two(gateway)
    gateway.route(BOTH, {"blue": 70, "green": 30})
    with load(gateway.port, clients=2) as clients:
        eventually(lambda: clients.answered >= 1000, timeout=60)
    share = clients.deployments["green"] / clients.answered
    assert 0.2 < share < 0.4
    gateway.route(BOTH, {"blue": 100, "green": 0})
    assert gateway.score().json()["revision"] == A
    answer = gateway.score(azureml_model_deployment="green")
    assert (answer.json()["revision"], answer.headers["azureml-model-deployment"]) == (B, "green")


def test_a_thousand_switches_under_load_fail_no_request(gateway: RunningGateway) -> None:
    _two(gateway)
    with load(gateway.port, clients=3) as clients:
        for number in range(1000):
            traffic = {"blue": 100} if number % 2 else {"blue": 10, "green": 90}
            gateway.route(BOTH, traffic, wait=False)
        eventually(gateway.goes_by_routes)
        eventually(lambda: clients.answered >= 300, timeout=60)
    assert (clients.lost, set(clients.statuses)) == (0, {200})
    assert set(clients.deployments) == {"blue", "green"}


def test_redeploying_under_load_fails_no_request(gateway: RunningGateway) -> None:
    before = gateway.keeper(A, 0, 1)
    gateway.route({"blue": A}, {"blue": 100})
    assert gateway.score().status == 200
    with load(gateway.port, clients=4, body={"sleep": 0.01}) as clients:
        for revision in ("d" * 12, "e" * 12, "f" * 12):
            after = gateway.keeper(revision, 0, 1)
            gateway.route({"blue": revision}, {"blue": 100})
            seen = clients.answered
            eventually(lambda seen=seen: clients.answered > seen + 20)  # type: ignore[misc]
            before.kill(0, again=False)
            before.kill(1, again=False)
            before = after
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]


def test_the_old_revision_may_end_at_once_after_the_switch(gateway: RunningGateway) -> None:
    """Requests under way in it are answered by the new one."""
    before = gateway.keeper(A, 0)
    gateway.keeper(B, 0)
    gateway.route({"blue": A}, {"blue": 100})
    assert gateway.score().status == 200
    with load(gateway.port, clients=4, body={"sleep": 0.05}) as clients:
        eventually(lambda: clients.answered > 10)
        gateway.route({"blue": B}, {"blue": 100}, wait=False)
        before.kill(0, again=False)
        seen = clients.answered
        eventually(lambda: clients.answered > seen + 20)
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]


def test_requests_for_dead_replicas_go_to_another_deployment_with_traffic(gateway: RunningGateway) -> None:
    _two(gateway)
    gateway.route(BOTH, {"blue": 50, "green": 50})
    record = read(RevisionRecord, gateway.places.record(B))
    assert record is not None
    with load(gateway.port, clients=3, body={"sleep": 0.002}) as clients:
        eventually(lambda: clients.deployments["green"] > 20)
        keepers = gateway.keepers
        keepers[B].kill(0, again=False)
        keepers[B].state = "failed"
        keepers[B].tell()
        seen = clients.deployments["blue"]
        eventually(lambda: clients.deployments["blue"] > seen + 50)
    assert (clients.lost, set(clients.statuses)) == (0, {200}), clients.bodies[:3]


def test_keys_can_be_changed_without_a_failed_request(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0, hello={"max_concurrent": 8})
    gateway.route({"blue": A}, {"blue": 100})
    route = {"blue": DeploymentRoute(A)}
    with load(gateway.port, clients=2) as clients:
        for other in (f"other-{number}" for number in range(20)):
            for keys in ((digest(KEY), digest(other)), (digest(other), digest(KEY))):
                gateway.write_routes(EndpointRoute("ws", "ep", keys=keys, traffic={"blue": 100}, deployments=route))
    assert (clients.lost, set(clients.statuses)) == (0, {200})
    fresh = EndpointRoute("ws", "ep", keys=(digest("new"), ""), traffic={"blue": 100}, deployments=route)
    gateway.write_routes(fresh)
    assert gateway.score().status == 401
    assert gateway.score(key="new").status == 200


def test_mirrored_copies_reach_the_other_deployment_and_nobody_else(gateway: RunningGateway) -> None:
    _two(gateway)
    gateway.route(BOTH, {"blue": 100}, mirror={"green": 50})
    green = '{workspace="ws",endpoint="ep",deployment="green"}'
    for _ in range(100):
        assert gateway.score().json()["revision"] == A
    mirrored = gateway.metric(f"lapis_mirrored_requests_total{green}")
    assert 20 < mirrored < 80
    count = gateway.score(azureml_model_deployment="green").json()["count"]
    assert count == mirrored + 2  # the one before, and this


def test_a_mirror_that_hangs_or_dies_harms_nobody(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0, hello={"max_concurrent": 64})
    other = gateway.keeper(B, 0, hello={"max_concurrent": 2})
    gateway.route(BOTH, {"blue": 100}, mirror={"green": 100})
    for _ in range(20):
        assert gateway.score({"sleep": 0.01}).status == 200
    other.kill(0, again=False)
    for _ in range(5):
        assert gateway.score().status == 200
    green = '{workspace="ws",endpoint="ep",deployment="green"}'
    assert gateway.metric(f"lapis_mirror_dropped_total{green}") >= 5


@pytest.mark.parametrize("mode", ["none", "", "free"])
def test_an_endpoint_without_a_key(start_gateway: StartGateway, mode: str) -> None:
    """Only where nobody else can reach it, and only when the routes say so in that very word."""
    for flags in ((), ("--allowed-hosts", "models.example.org")):
        gateway = start_gateway(*flags)
        gateway.keeper(A, 0)
        gateway.route({"blue": A}, {"blue": 100}, auth_mode=mode)
        answer = gateway.request("POST", "/ws/ep/score", b"{}", {"Content-Type": "application/json"})
        assert answer.status == (200 if mode == "none" and not flags else 401)
        assert gateway.score().status == answer.status
        foreign = gateway.request("POST", "/ws/ep/score", b"{}", {"Origin": "https://evil.example"})
        assert foreign.status == 403
        gateway.stop()


def test_endpoints_come_and_go(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0)
    route = {"blue": DeploymentRoute(A)}
    for name in itertools.islice(itertools.cycle(("one", "two")), 4):
        gateway.write_routes(EndpointRoute("w", name, keys=(digest(KEY),), traffic={"blue": 100}, deployments=route))
        assert gateway.score(path=f"/w/{name}/score").status == 200
        assert gateway.score(path=f"/w/{'two' if name == 'one' else 'one'}/score").status == 404


def test_routes_that_make_no_sense_leave_those_before(gateway: RunningGateway) -> None:
    gateway.keeper(A, 0)
    gateway.route({"blue": A}, {"blue": 100})
    assert gateway.score().status == 200
    gateway.places.routes.write_text('{"version": 7, "endpoints": [{"name"')
    assert gateway.score().status == 200
    gateway.route({"blue": "../../etc"}, {"blue": 100}, wait=False)
    eventually(lambda: "no revision" in gateway.log.read_text())
    assert gateway.score().status == 200
