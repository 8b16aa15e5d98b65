"""The gate in front of the whole application: nothing passes by default, whatever the route."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.server.app import Application, create_app
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.platform.files import private_folder
from lapisml.server.platform.http import native_application
from lapisml.server.settings import Settings
from lapisml.server.surfaces.studio import surface
from tests.support.asgi import Answer, call

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PAGE = (
    "/studio", "/studio/", "/studio/default/jobs/x", "/studio/assets/none.js", "/studio/../api/v1/status",
    "/studio/%2e%2e/%2e%2e/app.py", "/studio/../../app.py",
)  # fmt: skip
OPEN = {(method, path) for method in ("GET", "HEAD") for path in ("/healthz", "/", *PAGE)}
JSON = {"content-type": "application/json"}


@dataclass
class Server:
    app: Application
    token: str
    paths: list[str]

    @property
    def identity(self) -> IdentityService:
        return self.app.asgi._authenticator

    def send(self, method: str, path: str, token: str | None = None, **more: Any) -> Answer:
        headers = {**JSON, "content-length": "2", **more.pop("headers", {})}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return call(self.app.asgi, method, path, headers, b"{}", **more)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = private_folder(tmp_path_factory.mktemp("gate") / "home")
    for name in ("run", "storage", "page"):
        private_folder(home / name)
    (home / "page" / "index.html").write_text("<!doctype html><title>the page</title>")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface, "PAGE", home / "page")
        app = create_app(Settings(home=home), "http://localhost:8787")
    yield Server(app, (home / "token").read_text().strip(), sorted(_paths(app)))
    app.lifetime.stop()


def _paths(app: Application) -> set[str]:
    """Every path of the application with its placeholders filled, and some that lead nowhere."""
    mounts = app.asgi._app._app
    native = mounts._rest._app._app
    templates = set(native.openapi()["paths"]) | {"/api/v1/openapi.json", "/", "/healthz"}
    surface = mounts._mounts["mlflow"]._app
    templates |= {f"/mlflow/{{ws}}/api/2.0/mlflow/{address}" for _, address in surface._routes}
    templates |= {"/mlflow/{ws}/api/2.0/mlflow/runs/log-metric", "/mlflow/{ws}/version", "/mlflow/{ws}/health"}
    templates |= {
        "/mlflow/{ws}/api/2.0/mlflow-artifacts/artifacts/r/f",
        "/mlflow",
        "/static/x.js",
        "/metrics",
        "/studios",
        "/Studio/x",
        *PAGE,
        "//",
        "",
    }
    return {template.replace("{ws}", "default").replace("{", "").replace("}", "") for template in templates}


def test_the_walk_knows_the_routes(server: Server) -> None:
    assert len(server.paths) > 90
    assert "/api/v1/workspaces/default/jobs/name/cancel" in server.paths
    assert "/mlflow/default/api/2.0/mlflow/runs/create" in server.paths


def test_nothing_answers_without_a_token(server: Server) -> None:
    wrong = {}
    for path in server.paths:
        for method in METHODS:
            answer = server.send(method, path)
            if ((method, path) in OPEN) != (answer.status != 401) or answer.status not in (200, 307, 401, 404):
                wrong[method, path] = answer.status
    assert wrong == {}


@pytest.mark.parametrize("path", PAGE)
def test_below_the_page_lies_nothing_but_the_page(server: Server, path: str) -> None:
    answer = server.send("GET", path)
    assert (b"<title>the page</title>" in answer.body) == (answer.status == 200) == ("assets" not in path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none';")


@pytest.mark.parametrize(
    "authorization",
    ["Bearer", "Bearer ", "Bearer x", "Basic eDp5", "bearer\tx", "Token x", "Bearer " + "x" * 100_000, "Bearer a b"],
)
def test_no_other_word_is_a_token(server: Server, authorization: str) -> None:
    for path in ("/api/v1/status", "/mlflow/default/api/2.0/mlflow/experiments/search"):
        assert server.send("GET", path, headers={"authorization": authorization}).status == 401


def test_a_token_in_the_address_is_none(server: Server) -> None:
    for name in ("token", "access_token", "auth"):
        assert server.send("GET", "/api/v1/status", query=f"{name}={server.token}").status == 401


def test_websockets_are_closed_before_they_open(server: Server) -> None:
    for path in ("/", "/healthz", "/api/v1/status", "/mlflow/default/x"):
        assert server.send("GET", path, kind="websocket").status == 1008


def test_a_jobs_token_reaches_nothing_but_mlflow_of_its_workspace(server: Server) -> None:
    server.send("PUT", "/api/v1/workspaces/other", server.token)
    token = server.identity.issue_job_token("other", "calm_fern", 60)
    own = "/mlflow/other/api/2.0/mlflow/experiments/get-by-name"
    assert server.send("GET", own, token, query="experiment_name=Default").status == 200
    wrong = {}
    for path in server.paths:
        for method in METHODS:
            status = server.send(method, path, token).status
            if status != 403 and (method, path) not in OPEN:
                wrong[method, path] = status
    assert wrong == {}
    server.identity.revoke_job_tokens("calm_fern")
    assert server.send("GET", own, token).status == 401


@pytest.mark.parametrize("path", ["/mlflow/other/../default/api/2.0/mlflow/runs/get", "/mlflow/other/./../default/x"])
def test_a_jobs_token_does_not_climb(server: Server, path: str) -> None:
    token = server.identity.issue_job_token("other", "climber", 60)
    assert server.send("GET", path, token).status == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "127.0.0.1.evil.example", "", "0.0.0.0:8787"])
def test_a_foreign_host_is_refused_with_a_token_too(server: Server, host: str) -> None:
    for path in ("/", "/healthz", "/api/v1/status", "/mlflow/default/version"):
        assert server.send("GET", path, server.token, headers={"host": host}).status == 400


@pytest.mark.parametrize("origin", ["null", "https://evil.example", "http://localhost:1", "https://localhost", ""])
def test_a_foreign_origin_changes_nothing(server: Server, origin: str) -> None:
    headers = {"origin": origin, "host": "localhost:8787"}
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert server.send(method, "/api/v1/workspaces/default", server.token, headers=headers).status == 403
    own = {"origin": "http://localhost:8787", "host": "localhost:8787"}
    assert server.send("PATCH", "/api/v1/workspaces/default", server.token, headers=own).status == 200


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain"])
def test_what_a_form_can_send_is_refused_on_every_route(server: Server, kind: str) -> None:
    wrong = {}
    for path in server.paths:
        for method in ("POST", "PATCH", "DELETE"):
            answer = server.send(method, path, server.token, headers={"content-type": kind})
            if answer.status != 400:
                wrong[method, path] = answer.status
    assert wrong == {}


def test_a_body_over_the_limit_is_refused_before_it_is_read(server: Server) -> None:
    for path in ("/api/v1/workspaces/default", "/mlflow/default/api/2.0/mlflow/runs/log-batch"):
        answer = server.send("POST", path, server.token, headers={"content-length": str(2**40)})
        assert answer.status == 413


def test_every_answer_has_the_security_headers_and_an_id(server: Server) -> None:
    for path in ("/", "/healthz", "/api/v1/status", "/api/v1/nothing", "/mlflow/default/version"):
        for token in (None, server.token):
            headers = server.send("GET", path, token).headers
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] == "DENY"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert len(headers["x-request-id"]) == 16


def test_the_root_leads_to_the_page(server: Server) -> None:
    answer = server.send("GET", "/")
    assert (answer.status, answer.headers["location"]) == (307, "/studio")


def test_the_landing_page_runs_no_script_and_tells_no_secret(server: Server) -> None:
    answer = call(native_application(), "GET", "/")
    page = answer.body.decode()
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "Lapis" in page
    assert "lapis job create" in page
    assert "<script" not in page
    assert server.token not in page
    assert str(Path.home()) not in page


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/workspaces/\0", "/api/v1/workspaces/..", "/api/v1/workspaces/a/../../status",
        "/api/v1/workspaces/%2e%2e", "/api/v1/workspaces/x;y", "/api/v1/workspaces/\udcff",
        "/api/v1/workspaces/" + "a" * 5000,
        "/api/v1/workspaces/default/jobs/..", "/mlflow/%2e%2e/x", "/mlflow/", "/mlflow//api/2.0/x", "/\\..\\x",
    ],
)  # fmt: skip
def test_odd_addresses_are_client_errors(server: Server, path: str) -> None:
    for method in ("GET", "PUT", "DELETE"):
        headers = {**JSON, "content-length": "2", "authorization": f"Bearer {server.token}"}
        scope_path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        answer = call(server.app.asgi, method, scope_path, headers, b"{}")
        assert 400 <= answer.status < 500, (method, path, answer)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'{"name": 1}', b"[" * 100_000, b"\xff", b'{"tags": "x"}'])
def test_odd_bodies_are_client_errors_with_the_native_form(server: Server, body: bytes) -> None:
    headers = {**JSON, "content-length": str(len(body)), "authorization": f"Bearer {server.token}"}
    answer = call(server.app.asgi, "PUT", "/api/v1/workspaces/odd", headers, body)
    assert 400 <= answer.status < 500, answer
    error = json.loads(answer.body)
    assert error["error"]["code"] in ("DocumentInvalid", "Usage")
    assert error["request_id"] == answer.headers["x-request-id"]


def test_nobody_writes_the_record_around_a_document(server: Server) -> None:
    forged = {
        "name": "forged", "id": "/evil", "creation_context": {"created_by": "evil"}, "created_by": "evil",
        "mlflow_tracking_uri": "http://evil", "provisioning_state": "Evil",
    }  # fmt: skip
    for key in list(forged):
        body = json.dumps({"name": "forged", key: forged[key]}).encode()
        headers = {**JSON, "content-length": str(len(body)), "authorization": f"Bearer {server.token}"}
        answer = call(server.app.asgi, "PUT", "/api/v1/workspaces/forged", headers, body)
        assert answer.status in (200, 201, 422), answer
        assert b"vil" not in answer.body or answer.status == 422
    shown = server.send("GET", "/api/v1/workspaces/forged", server.token).body
    assert b"vil" not in shown
