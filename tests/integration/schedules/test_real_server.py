"""Schedules of a real server, which is killed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.schedules.server import COMMAND
from tests.support.polling import eventually
from tests.support.server import LapisServer

SCHEDULES = "/api/v1/workspaces/default/schedules"
HOST = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}


def jobs(server: LapisServer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.request("GET", "/api/v1/workspaces/default/jobs")[1]["value"]
    return found


def put(server: LapisServer, name: str, **trigger: Any) -> dict[str, Any]:
    given = {"type": "recurrence", "frequency": "hour", "interval": 1, **trigger}
    status, body = server.request("PUT", f"{SCHEDULES}/{name}", {"trigger": given, "create_job": COMMAND})
    assert status == 200, body
    made: dict[str, Any] = body
    return made


@pytest.mark.parametrize("count", [1, 6])
def test_what_was_due_when_the_server_was_killed_happens_once(start_server: Any, count: int) -> None:
    server = start_server(HOST)
    for n in range(count):
        put(server, f"s{n}")
    server.kill9()
    server.start()
    done = eventually(lambda: [j for j in jobs(server) if j["status"] == "Completed"][count - 1 :], 60, what="all jobs")
    assert len(done) == 1
    found = jobs(server)
    assert sorted(job["properties"]["lapis.schedule"] for job in found) == [f"s{n}" for n in range(count)]
    for n in range(count):
        (firing,) = server.request("GET", f"{SCHEDULES}/s{n}/firings")[1]["value"]
        assert firing["state"] == "Submitted"


def test_the_same_wish_twice_is_one_job(shared_server: LapisServer) -> None:
    put(shared_server, "wished", start_time="2100-01-01T00:00:00")
    headers = {"Idempotency-Key": "wish-of-mine"}
    answers = [shared_server.request("POST", f"{SCHEDULES}/wished/trigger", headers=headers) for _ in range(2)]
    assert answers[0][0] == 200
    assert answers[0][1]["job_name"] == answers[1][1]["job_name"]
    assert len(shared_server.request("GET", f"{SCHEDULES}/wished/firings")[1]["value"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("DELETE", "/nothing", None, 404),
        ("POST", "/nothing/trigger", None, 404),
        ("POST", "/nothing/enable", None, 404),
        ("GET", "/nothing/firings", None, 404),
        ("GET", "?enabled=perhaps", None, 400),
        ("GET", "/x/firings?token=y", None, 400),
        ("PUT", "/a%20b", {"trigger": {}, "create_job": "x"}, 422),
        ("PUT", "/x", {"name": "y"}, 400),
        ("PUT", "/x", [], 422),
        ("PUT", "/x", {"trigger": {"type": "cron"}, "create_job": {"type": "command"}}, 422),
    ],
)
def test_bad_requests_are_answered_as_such(
    shared_server: LapisServer, method: str, path: str, body: Any, status: int
) -> None:
    found, answer = shared_server.request(method, f"{SCHEDULES}{path}", body)
    assert found == status, answer
    assert answer["error"]["message"]


def test_lists_have_pages(shared_server: LapisServer) -> None:
    for name in ("page-a", "page-b", "page-c"):
        put(shared_server, name, start_time="2100-01-01T00:00:00")
    first = shared_server.request("GET", f"{SCHEDULES}?limit=2&token=page")[1]
    assert [record["name"] for record in first["value"]] == ["page-a", "page-b"]
    second = shared_server.request("GET", f"{SCHEDULES}?limit=2&token={first['next']}")[1]
    assert second["value"][0]["name"] == "page-c"
