"""Bad days of an endpoint: whoever dies, requests that a healthy replica could serve are served."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable

import pytest

from tests.e2e.serving.conftest import ENDPOINT, Endpoint
from tests.support.load import Load
from tests.support.polling import eventually

SWITCHES = 1000
BROKEN = """
def init():
    print("about to fail")
    raise RuntimeError("no such table")

def run(data):
    return data
"""


@pytest.fixture
def blue(endpoint: Endpoint) -> Endpoint:
    """The endpoint with two replicas of blue."""
    endpoint.deploy("blue", "--all-traffic", "--set", "instance_count=2")
    endpoint.replicas_ready("blue", 2)
    return endpoint


def more_answers(load: Load, count: int = 20) -> None:
    """Wait until `count` further requests have been answered."""
    seen = load.good
    eventually(lambda: load.good > seen + count, 60, what=f"{count} more answers")


def test_a_killed_server_touches_no_request(blue: Endpoint, record_property: Callable[[str, object], None]) -> None:
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected) as load:
        for _round in range(3):
            blue.server.kill9()
            more_answers(load)
            blue.server.start()
            more_answers(load)
        assert blue.show("provisioning_state") == "Succeeded"
    record_property("requests", load.good)
    assert load.faults == []


def test_killed_replicas_are_replaced_and_lose_no_request(blue: Endpoint) -> None:
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected) as load:
        for _round in range(5):
            pids = blue.replicas_ready("blue", 2)
            os.kill(pids[0], signal.SIGKILL)
            more_answers(load)
            eventually(lambda dead=pids[0]: dead not in blue.replicas_ready("blue", 2), 60, what="another replica")
    assert load.faults == []


def test_a_killed_gateway_is_back_at_once(blue: Endpoint, record_property: Callable[[str, object], None]) -> None:
    """A request under way in a gateway that dies is lost with it: at most one for each client and death."""
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected) as load:
        kills = 5
        for _round in range(kills):
            worker = blue.gateway()["worker"]
            os.kill(worker["pid"], signal.SIGKILL)
            more_answers(load)
            eventually(lambda dead=worker: blue.gateway()["worker"] != dead, 30, what="another worker")
    record_property("lost", len(load.faults))
    assert len(load.faults) <= kills * load.clients
    assert not [fault for fault in load.faults if fault[:3].isdigit()], load.faults


def test_a_killed_master_of_the_gateway_is_replaced_at_its_address(blue: Endpoint) -> None:
    before = blue.gateway()
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: blue.gateway()["pid"] != before["pid"], 30, what="another master")
    assert blue.gateway()["url"] == before["url"]
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected, clients=1) as load:
        more_answers(load)


def test_a_thousand_switches_of_traffic_fail_no_request(blue: Endpoint) -> None:
    blue.deploy("green")
    path = f"/api/v1/workspaces/default/online-endpoints/{ENDPOINT}"
    _status, document = blue.server.request("GET", path)
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected) as load:
        for number in range(SWITCHES):
            share = number % 101
            body = {
                "name": ENDPOINT,
                "auth_mode": document["auth_mode"],
                "traffic": {"blue": share, "green": 100 - share},
            }
            status, answer = blue.server.request("PUT", path, body)
            assert status in (200, 201), answer
        more_answers(load)
    assert load.faults == []
    assert load.by("blue") > 0
    assert load.by("green") > 0


def test_a_model_that_breaks_is_told_and_harms_nobody(blue: Endpoint) -> None:
    code = blue.folder / "broken"
    code.mkdir()
    (code / "score.py").write_text(BROKEN)
    document = {
        "name": "broken",
        "endpoint_name": ENDPOINT,
        "code_configuration": {"code": "./broken", "scoring_script": "score.py"},
        "environment": {"image": "python"},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
    }
    (blue.folder / "broken.yml").write_text(json.dumps(document))
    with Load(blue.url, blue.key, blue.rows, expected=blue.expected) as load:
        with pytest.raises(AssertionError, match="no such table"):
            blue.deploy("broken")
        more_answers(load)
    assert load.faults == []
    shown = ("online-deployment", "show", "-n", "broken", "-e", ENDPOINT, "--query", "provisioning_state", "-o", "tsv")
    assert blue.lapis(*shown) == "Failed"
    logs = blue.lapis("online-deployment", "get-logs", "-n", "broken", "-e", ENDPOINT)
    assert "about to fail" in logs
