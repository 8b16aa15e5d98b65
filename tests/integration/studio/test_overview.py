"""The overview, the search and the lines of computes of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import ServerFactory
from tests.support.polling import eventually
from tests.support.server import LapisServer

WORKSPACE = "/api/v1/workspaces/default"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    started = LapisServer(tmp_path_factory.mktemp("overview") / "home").start()
    _put(started, "computes/one-node", {"name": "one-node", "type": "amlcompute", "max_instances": 1})
    _submit(started, "holder", "sleep 600")
    for name in ("first-waiting", "second-waiting"):
        _submit(started, name, "true")
    environment = {"image": "x", "conda_file": {"name": "none", "dependencies": []}}
    broken = {"type": "command", "command": "exit 3", "environment": environment, "compute": "local"}
    _put(started, "jobs/broken", {"document": {**broken, "display_name": "Nächtlich 100%", "tags": {"team": "blue"}}})
    eventually(lambda: _get(started, "jobs/broken")["status"] == "Failed", 60)
    eventually(lambda: _get(started, "computes/one-node/queue")["total"] == 2, 60)
    yield started
    _post(started, "jobs/holder/cancel")
    started.stop()


def _call(server: LapisServer, method: str, path: str, body: Any = None) -> Any:
    status, answer = server.request(method, f"{WORKSPACE}/{path}", body)
    assert status < 300, answer
    return answer


def _get(server: LapisServer, path: str) -> Any:
    return _call(server, "GET", path)


def _put(server: LapisServer, path: str, body: Any) -> Any:
    return _call(server, "PUT", path, body)


def _post(server: LapisServer, path: str, body: Any = None) -> Any:
    return _call(server, "POST", path, body if body is not None else {})


def _submit(server: LapisServer, name: str, command: str) -> None:
    environment = "azureml:AzureML-sklearn-1.5@latest"
    document = {"type": "command", "command": command, "environment": environment, "compute": "one-node"}
    _put(server, f"jobs/{name}", {"document": document})


def _found(server: LapisServer, words: str) -> dict[str, list[dict[str, Any]]]:
    answer = _get(server, f"search?q={quote(words)}")
    return {group["noun"]: group["value"] for group in answer["value"]}


def test_the_overview_says_what_runs_waits_and_failed_and_why(server: LapisServer) -> None:
    body = _get(server, "overview")
    assert [job["name"] for job in body["running"]["value"]] == ["holder"]
    assert body["waiting"]["total"] == 2
    assert [job["name"] for job in body["waiting"]["value"]] == ["first-waiting", "second-waiting"]
    assert "2nd in line for one-node" in body["waiting"]["value"][1]["reason"]
    (failed,) = body["failed"]["value"]
    assert (failed["name"], failed["display_name"]) == ("broken", "Nächtlich 100%")
    assert failed["reason"]
    assert body["latest"]["value"][0]["name"] == "broken"
    line = next(one for one in body["computes"] if one["name"] == "one-node")
    assert line == {"name": "one-node", "capacity": 1, "busy": 1, "waiting": 2, "open": True}
    health = body["server"]
    assert 0 < health["disk_free"] <= health["disk_total"]
    assert (health["read_only"], health["database"]) == (False, "sqlite")


def test_a_line_is_in_the_order_in_which_it_will_be_served(server: LapisServer) -> None:
    queue = _get(server, "computes/one-node/queue")
    assert [job["name"] for job in queue["value"]] == ["first-waiting", "second-waiting"]
    assert "holder" in queue["value"][0]["reason"]
    assert server.request("GET", f"{WORKSPACE}/computes/none-such/queue")[0] == 404
    assert _get(server, "computes/serverless/queue") == {"value": [], "total": 0}


def test_the_use_of_a_compute_shows_what_ran_and_waited(server: LapisServer) -> None:
    def last_second() -> tuple[float, float]:
        use = _get(server, "computes/one-node/use?hours=0.0003&points=2")
        assert use["capacity"] == 1
        return use["busy"][-1], use["waiting"][-1]

    eventually(lambda: last_second() == (1.0, 2.0), what="a node in use and two jobs in line")


@pytest.mark.parametrize("words", ["broken", "CHTLICH", "100%", "team=blue", "blu"])
def test_a_job_is_found_by_name_title_and_tag(server: LapisServer, words: str) -> None:
    assert "broken" in [hit["name"] for hit in _found(server, words)["jobs"]]


def test_a_job_that_is_found_stands_as_its_page_says(server: LapisServer) -> None:
    (hit,) = _found(server, "holder")["jobs"]
    assert hit["status"] == _get(server, "jobs/holder")["status"]


@pytest.mark.parametrize("words", ["%", "_", "", "   ", "no such thing", "'; DROP TABLE runs; --", "broken%"])
def test_words_are_taken_as_they_are_and_what_is_not_there_is_not_found(server: LapisServer, words: str) -> None:
    assert [
        hit for hits in _found(server, words).values() for hit in hits if hit["name"] != "broken"
    ] == [] or "_" in words
    if words != "%":
        assert "jobs" not in _found(server, words)


def test_everything_is_found_by_name_and_tag(server: LapisServer) -> None:
    environment = {"name": "search-env", "image": "python:3.11", "tags": {"purpose": "zanzibar"}}
    _post(server, "environments", environment)
    _put(server, "connections/search-git", {"type": "git", "target": "https://example.org/x.git"})
    _put(server, "datastores/search-store", {"name": "search-store", "type": "local"})
    found = _found(server, "search-")
    assert {"environments", "connections", "datastores"} <= found.keys()
    (hit,) = _found(server, "zanz")["environments"]
    assert (hit["name"], hit["version"], hit["field"], hit["text"]) == ("search-env", "1", "tag", "purpose: zanzibar")
    assert [hit["name"] for hit in _found(server, "one-n")["computes"]] == ["one-node"]


def test_an_archived_asset_is_not_found(server: LapisServer) -> None:
    _post(server, "environments", {"name": "gone-env", "image": "python:3.11"})
    assert "environments" in _found(server, "gone-env")
    _post(server, "environments/gone-env/archive")
    assert "environments" not in _found(server, "gone-env")


def test_search_of_another_workspace_finds_nothing_of_this_one(
    start_server: ServerFactory, server: LapisServer
) -> None:
    server.request("PUT", "/api/v1/workspaces/elsewhere", {})
    status, answer = server.request("GET", "/api/v1/workspaces/elsewhere/search?q=broken")
    assert (status, answer["value"]) == (200, [])
