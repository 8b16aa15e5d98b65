"""The server is killed at every step of a change: after its return the change is done, and no request is lost."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.endpoints.conftest import ECHO, SETTINGS, Client
from tests.support.load import Load
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything

WRITES = (1, 2, 3, 5, 7, 99)
"""Before which writes of a change the server dies; a change has fewer than the last."""


class CrashingServer(LapisServer):
    """A server that may be told to die before one of its writes."""

    MODULE = "tests.integration.endpoints.crashing_server"

    @property
    def order(self) -> Path:
        """The file that says before which write to die."""
        return self.home / "crash"

    def revive(self) -> bool:
        """Start it again if it has died; say whether it had."""
        if self.process.poll() is None:
            return False
        self.start()
        return True


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Client]:
    """A server that may be told to die."""
    server = CrashingServer(tmp_path / "home", SETTINGS).start()
    yield Client(server)
    server.stop()
    end_everything(server.home)


def died(server: CrashingServer) -> bool:
    """Say whether the server has died as ordered."""
    return server.process.poll() is not None


def ask(client: Client, method: str, path: str, body: object = None) -> None:
    """Send a request to a server that may die while it answers."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.ok(method, path, body)


def test_a_change_is_done_whenever_the_server_dies(mortal: Client) -> None:
    server = mortal.server
    assert isinstance(server, CrashingServer)
    mortal.put_endpoint()
    mortal.deploy("blue", colour="first")
    mortal.put_endpoint(traffic={"blue": 100})
    uri = mortal.ok("GET", "online-endpoints/e")["scoring_uri"]
    path, deaths = "online-endpoints/e/deployments/blue", 0
    with Load(uri, mortal.key(), 1, clients=2) as load:
        for write in WRITES:
            colour = f"colour-{write}"
            server.order.write_text(str(write))
            document = mortal.document(ECHO, colour)
            ask(mortal, "PUT", path, document)
            eventually(lambda: died(server) or not _is_under_way(mortal, path), 60, what="death, or the change's end")
            assert died(server) or mortal.settled(path)["provisioning_error"] is None
            eventually(lambda: died(server) or len(mortal.folders()) == 1, 60, what="death, or one revision to be left")
            server.order.unlink(missing_ok=True)
            if not server.revive():
                break
            deaths += 1
            mortal.ok("PUT", path, document)
            assert mortal.settled(path)["provisioning_state"] == "Succeeded"
            assert mortal.by_name("blue").body["colour"] == colour
            eventually(lambda: len(mortal.folders()) == 1, 60, what="one revision to be left")
    assert load.faults == []
    assert deaths >= 4, "the server died at several places"
    assert mortal.score(data=1).status == 200


def test_what_was_to_be_deleted_is_deleted_whenever_the_server_dies(mortal: Client) -> None:
    server = mortal.server
    assert isinstance(server, CrashingServer)
    for write in WRITES:
        mortal.put_endpoint()
        mortal.deploy("blue")
        server.order.write_text(str(write))
        ask(mortal, "DELETE", "online-endpoints/e")
        eventually(lambda: died(server) or _is_gone(mortal), 60, what="an end")
        server.order.unlink(missing_ok=True)
        if not server.revive():
            assert write > 2, "the server died at several places"
            break
        assert mortal.send("DELETE", "online-endpoints/e")[0] in (200, 202, 204, 404)  # or it was resumed already
        mortal.gone("online-endpoints/e")
        assert mortal.folders() == []
    assert json.loads((server.home / "serving" / "routes.json").read_text())["endpoints"] == []
    status = "/api/v1/status"
    eventually(lambda: server.request("GET", status)[1]["gateway_url"] is None, 30, what="the end of the gateway")


def test_a_killed_keeper_is_replaced_by_the_same_revision(own: Client) -> None:
    own.put_endpoint()
    revision = own.deploy("blue", request_settings={"max_queue_wait_ms": 20_000})["properties"]["lapis.revision"]
    own.put_endpoint(traffic={"blue": 100})
    uri = own.ok("GET", "online-endpoints/e")["scoring_uri"]
    before = own.word(revision)["keeper"]["pid"]
    with Load(uri, own.key(), 1, clients=2) as load:
        os.kill(before, signal.SIGKILL)
        eventually(lambda: _serves(own, revision, before), 60, what="another keeper")
        seen = load.good
        eventually(lambda: load.good > seen + 10, 60, what="further answers")
    assert own.ok("GET", "online-endpoints/e/deployments/blue")["properties"]["lapis.revision"] == revision
    assert not [fault for fault in load.faults if fault.startswith(("200", "4"))], load.faults


def test_everything_is_killed_at_once_and_comes_back(own: Client) -> None:
    own.put_endpoint()
    revision = own.deploy("blue")["properties"]["lapis.revision"]
    own.put_endpoint(traffic={"blue": 100})
    gateway = json.loads((own.server.home / "serving" / "gateway.json").read_text())
    before = own.word(revision)["keeper"]["pid"]
    own.server.kill9()
    for pid in (gateway["pid"], gateway["worker"]["pid"], before):
        os.kill(pid, signal.SIGKILL)
    own.server.start()
    eventually(lambda: _serves(own, revision, before), 60, what="another keeper")
    eventually(lambda: _status(own) == 200, 60, what="an answer")


def _serves(client: Client, revision: str, before: int) -> bool:
    word = client.word(revision)
    return bool(word["state"] == "ready" and word["keeper"]["pid"] != before)


def _status(client: Client) -> int:
    try:
        return client.score(data=1).status
    except OSError:
        return 0


def _is_gone(client: Client) -> bool:
    try:
        return client.send("GET", "online-endpoints/e")[0] == 404
    except (OSError, http.client.HTTPException):
        return False


def _is_under_way(client: Client, path: str) -> bool:
    try:
        found = client.ok("GET", path)
    except (OSError, http.client.HTTPException):
        return True
    return found["provisioning_state"] in ("Creating", "Updating")
