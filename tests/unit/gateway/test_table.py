"""Which deployment a request goes to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import pytest

from lapisml.gateway.auth import KeyCheck
from lapisml.gateway.calls import Refusal
from lapisml.gateway.metrics import Stats
from lapisml.gateway.table import Endpoint, Target
from lapisml.ports.serving import DeploymentRoute, EndpointRoute


class _Replicas:
    """As much of a pool as a choice looks at."""

    def __init__(self, state: str) -> None:
        self.is_available = state == "answers"
        self.sleeps = state == "sleeps"
        self.has_failed = state == "failed"


def _endpoint(
    traffic: Mapping[str, int], states: Mapping[str, str], ready: bool = True, numbers: Iterator[float] | None = None
) -> Endpoint:
    targets = {
        name: Target(name, DeploymentRoute("a" * 12, ready=ready), _Replicas(state), Stats())  # type: ignore[arg-type]
        for name, state in states.items()
    }
    route = EndpointRoute("ws", "ep", traffic=traffic)
    if numbers is None:
        return Endpoint(route, targets, KeyCheck([]))
    return Endpoint(route, targets, KeyCheck([]), lambda: next(numbers))


def _chosen(endpoint: Endpoint, count: int = 1000) -> Counter[str]:
    return Counter(endpoint.choose(b"").name for _ in range(count))


def test_shares_are_kept() -> None:
    spread = (number / 1000 for number in range(1000))
    endpoint = _endpoint({"a": 10, "b": 60, "c": 30}, dict.fromkeys("abc", "answers"), numbers=spread)
    assert _chosen(endpoint) == {"a": 100, "b": 600, "c": 300}


@pytest.mark.parametrize("down", ["comes", "failed"])
def test_one_that_is_down_gives_its_share_away(down: str) -> None:
    assert _chosen(_endpoint({"a": 50, "b": 50}, {"a": down, "b": "answers"})) == {"b": 1000}


def test_one_that_sleeps_keeps_its_share_so_that_it_wakes() -> None:
    assert set(_chosen(_endpoint({"a": 50, "b": 50}, {"a": "sleeps", "b": "answers"}))) == {"a", "b"}


def test_one_that_comes_is_waited_for_rather_than_one_that_failed() -> None:
    assert _chosen(_endpoint({"a": 50, "b": 50}, {"a": "comes", "b": "failed"})) == {"a": 1000}
    assert set(_chosen(_endpoint({"a": 50, "b": 50}, {"a": "failed", "b": "failed"}))) == {"a", "b"}


def test_one_without_traffic_gets_none_even_alone() -> None:
    endpoint = _endpoint({"a": 0}, {"a": "answers"})
    with pytest.raises(Refusal) as caught:
        endpoint.choose(b"")
    assert (caught.value.status, caught.value.code) == (404, "NoTraffic")
    assert endpoint.choose(b"a").name == "a"


def test_one_asked_for_is_given_whatever_its_state() -> None:
    endpoint = _endpoint({"b": 100}, {"a": "failed", "b": "answers"}, ready=False)
    assert endpoint.choose(b"a").name == "a"
    with pytest.raises(Refusal):
        endpoint.choose(b"A")
    with pytest.raises(Refusal):
        endpoint.choose(b"\xff")


def test_one_that_the_server_has_not_seen_ready_is_the_last_choice() -> None:
    endpoint = _endpoint({"a": 50, "b": 50}, {"a": "answers", "b": "answers"}, ready=False)
    assert set(_chosen(endpoint)) == {"a", "b"}
