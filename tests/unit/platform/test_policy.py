from __future__ import annotations

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.platform.policy import RequestPolicy, host_name, works_when_full
from lapisml.server.platform.principal import Principal

POLICY = RequestPolicy(origins=frozenset({"https://studio.example"}))


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost", "LOCALHOST:1", "[::1]:8787", "localhost.:80"])
def test_own_names_are_let_in(host: str) -> None:
    POLICY.check_host(host)


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "127.0.0.1.evil.example", "localhost.evil", "127.0.0.1@evil", "0.0.0.0", "[::1", "127.1"],
)
def test_other_names_are_refused(host: str) -> None:
    with pytest.raises(LapisError):
        POLICY.check_host(host)


@pytest.mark.parametrize("origin", [None, "http://127.0.0.1:8787", "https://studio.example"])
def test_own_origins_are_let_in(origin: str | None) -> None:
    POLICY.check_origin(origin, "127.0.0.1:8787")


@pytest.mark.parametrize(
    "origin",
    ["null", "", "https://127.0.0.1:8787", "http://127.0.0.1", "http://127.0.0.1:8788", "https://studio.example.evil"],
)
def test_other_origins_are_refused(origin: str) -> None:
    with pytest.raises(LapisError):
        POLICY.check_origin(origin, "127.0.0.1:8787")


ARTIFACT = "/mlflow/default/api/2.0/mlflow-artifacts/artifacts/a/b.txt"
BLOB = "/api/v1/workspaces/default/uploads/blobs/00ff"


@pytest.mark.parametrize(
    ("method", "path", "content_type", "has_body", "accepted"),
    [
        ("POST", "/api/v1/x", "application/json", True, True),
        ("POST", "/api/v1/x", "application/json; charset=utf-8", True, True),
        ("POST", "/api/v1/x", "", False, True),
        ("POST", "/api/v1/x", "", True, False),
        ("POST", "/api/v1/x", "text/plain;application/json", True, False),
        ("POST", "/api/v1/x", "application/x-www-form-urlencoded", True, False),
        ("POST", "/api/v1/x", "Multipart/Form-Data; boundary=x", True, False),
        ("PUT", "/api/v1/x", "text/plain", True, False),
        ("PUT", ARTIFACT, "text/plain", True, True),
        ("PUT", ARTIFACT, "", True, True),
        ("PUT", BLOB, "application/octet-stream", True, True),
        ("PUT", BLOB, "multipart/form-data; boundary=x", True, False),
        ("POST", ARTIFACT, "text/plain", True, False),
        ("PUT", "/mlflow/default/api/2.0/mlflow/runs/create", "text/plain", True, False),
    ],
)
def test_bodies_that_a_foreign_page_could_send_are_refused(
    method: str, path: str, content_type: str, has_body: bool, accepted: bool
) -> None:
    assert POLICY.accepts_type(method, path, content_type, has_body) is accepted


def test_only_health_and_the_landing_page_are_open() -> None:
    assert POLICY.is_open("GET", "/healthz")
    assert POLICY.is_open("HEAD", "/")
    assert not any(POLICY.is_open("GET", path) for path in ("//", "/healthz/", "/healthz/../api/v1/status", "/a"))
    assert not any(POLICY.is_open(method, "/") for method in ("POST", "PUT", "DELETE", "OPTIONS", "WEBSOCKET"))


def test_a_jobs_token_reaches_the_mlflow_root_of_its_workspace_only() -> None:
    job = Principal("job", "j", "blue", "j")
    assert job.may_reach("/mlflow/blue/api/2.0/mlflow/runs/get")
    for path in (
        "/mlflow/red/api/2.0/mlflow/runs/get",
        "/mlflow/blue",
        "/mlflow/blue/../red/api",
        "/mlflow/bluer/x",
        "/api/v1/status",
        "/api/v1/workspaces/blue/jobs",
        "/",
    ):
        assert not job.may_reach(path), path


def test_host_name_drops_the_port_only() -> None:
    assert [host_name(h) for h in ("A:1", "[::1]:2", "[::1]", "a", "a:b")] == ["a", "[::1]", "[::1]", "a", "a:b"]


def test_ending_and_removing_work_on_a_full_disk() -> None:
    for method, path in (
        ("DELETE", "/api/v1/workspaces/w"),
        ("POST", "/api/v1/workspaces/w/jobs/j/cancel"),
        ("POST", "/api/v1/workspaces/w/computes/c/stop"),
        ("POST", "/mlflow/w/api/2.0/mlflow/runs/delete"),
    ):
        assert works_when_full(method, path)
    assert not works_when_full("PUT", "/api/v1/workspaces/w/jobs/cancel-me")
    assert not works_when_full("POST", "/mlflow/w/api/2.0/mlflow/runs/log-metric")
