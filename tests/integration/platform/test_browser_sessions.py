"""A browser's cookie in front of the whole application: what it opens, and for whom it does not."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

import pytest

from lapisml.server.app import Application, create_app
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.platform.files import private_folder
from lapisml.server.settings import Settings
from tests.support.asgi import Answer, call

HOST = "localhost:8787"
OWN = f"http://{HOST}"
WORKSPACE = "/api/v1/workspaces/default"


@dataclass
class Server:
    app: Application
    token: str

    @property
    def identity(self) -> IdentityService:
        found: IdentityService = self.app.asgi._authenticator
        return found

    def send(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        sent = {"host": HOST, "content-length": str(len(body)), "content-type": "application/json", **headers}
        return call(self.app.asgi, method, path, sent, body)

    def sign_in(self, token: str = "") -> str:
        """Return the Cookie header of a new session."""
        answer = self.send("POST", "/api/v1/session", authorization=f"Bearer {token or self.token}", origin=OWN)
        assert answer.status == 200, answer
        return answer.headers["set-cookie"].partition(";")[0]


def _start(home: Path, url: str) -> Server:
    for name in ("", "run", "storage"):
        private_folder(home / name)
    return Server(create_app(Settings(home=home), url), (home / "token").read_text().strip())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = _start(tmp_path_factory.mktemp("sessions") / "home", OWN)
    yield started
    started.app.lifetime.stop()


def test_signing_in_gives_a_cookie_that_no_script_and_no_other_site_gets(server: Server) -> None:
    answer = server.send("POST", "/api/v1/session", authorization=f"Bearer {server.token}", origin=OWN)
    (cookie,) = SimpleCookie(answer.headers["set-cookie"]).values()
    assert (cookie["httponly"], cookie["samesite"].lower(), cookie["path"]) == (True, "strict", "/")
    assert (int(cookie["max-age"]), cookie["domain"], cookie["secure"]) == (7 * 24 * 3600, "", "")
    assert server.token not in answer.headers["set-cookie"]
    assert json.loads(answer.body) == {
        "name": server.identity.owner_name, "kind": "user", "version": json.loads(answer.body)["version"],
        "default_workspace": "default",
    }  # fmt: skip


def test_the_cookie_opens_what_the_token_opens(server: Server) -> None:
    cookie = server.sign_in()
    for path in ("/api/v1/session", WORKSPACE, "/mlflow/default/version", "/api/v1/openapi.json"):
        assert server.send("GET", path, cookie=f"other=1; {cookie}; more=2").status == 200
    assert server.send("PATCH", WORKSPACE, b"{}", cookie=cookie, origin=OWN).status == 200


def test_two_servers_on_one_host_have_different_cookies(server: Server, tmp_path: Path) -> None:
    other = _start(tmp_path / "home", "http://localhost:8788")
    try:
        assert other.identity.cookie != server.identity.cookie
        assert other.send("GET", WORKSPACE, cookie=server.sign_in()).status == 401
    finally:
        other.app.lifetime.stop()


def test_behind_tls_the_cookie_never_travels_without(tmp_path: Path) -> None:
    server = _start(tmp_path / "home", f"https://{HOST}")
    try:
        answer = server.send("POST", "/api/v1/session", authorization=f"Bearer {server.token}")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-lapis-")
        assert "; secure" in cookie.lower()
    finally:
        server.app.lifetime.stop()


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "",
        "http://localhost",
        "http://localhost:8788",
        f"https://{HOST}",
        "http://evil.example",
        f"{OWN}.evil",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_with_a_cookie_only_our_own_pages_change_something(server: Server, method: str, origin: str | None) -> None:
    headers: dict[str, Any] = {"cookie": server.sign_in()}
    if origin is not None:
        headers["origin"] = origin
    assert server.send(method, f"{WORKSPACE}/jobs/x", b"{}", **headers).status == 403
    assert server.send(method, "/mlflow/default/api/2.0/mlflow/runs/create", b"{}", **headers).status == 403


def test_a_token_needs_no_origin_and_goes_before_the_cookie(server: Server) -> None:
    cookie = server.sign_in()
    good = {"authorization": f"Bearer {server.token}"}
    assert server.send("PATCH", WORKSPACE, b"{}", **good, cookie=cookie).status == 200
    for wrong in ("Bearer x", "Bearer", "", "Basic !"):
        assert server.send("GET", WORKSPACE, authorization=wrong, cookie=cookie).status == 401


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "http://localhost:8788"])
def test_a_websocket_opens_for_no_page_of_another_origin(server: Server, origin: str | None) -> None:
    headers = {"host": HOST, "cookie": server.sign_in(), **({"origin": origin} if origin is not None else {})}
    assert call(server.app.asgi, "GET", WORKSPACE, headers, kind="websocket").status == 1008


def test_a_cookie_opens_no_session_of_its_own(server: Server) -> None:
    assert server.send("POST", "/api/v1/session", cookie=server.sign_in(), origin=OWN).status == 401


def test_a_jobs_token_signs_nobody_in(server: Server) -> None:
    token = server.identity.issue_job_token("default", "calm_fern", 60)
    answer = server.send("POST", "/api/v1/session", authorization=f"Bearer {token}", origin=OWN)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers


def test_signing_out_ends_the_session_and_takes_the_cookie_away(server: Server) -> None:
    cookie = server.sign_in()
    assert server.send("DELETE", "/api/v1/session", cookie=cookie).status == 403
    answer = server.send("DELETE", "/api/v1/session", cookie=cookie, origin=OWN)
    assert answer.status == 204
    assert "max-age=0" in answer.headers["set-cookie"].lower()
    assert server.send("GET", WORKSPACE, cookie=cookie).status == 401


def test_a_revoked_token_ends_its_sessions_at_once(server: Server) -> None:
    token = server.identity.issue_user_token("ada", "laptop", None)
    cookie = server.sign_in(token)
    assert server.send("GET", WORKSPACE, cookie=cookie).status == 200
    server.identity.revoke_user_token("laptop")
    assert server.send("GET", WORKSPACE, cookie=cookie).status == 401


def test_a_key_for_repetition_does_not_keep_the_cookie(server: Server) -> None:
    headers = {"authorization": f"Bearer {server.token}", "idempotency-key": "again"}
    made = {server.send("POST", "/api/v1/session", **headers).headers["set-cookie"] for _ in range(2)}
    assert len(made) == 2


def test_no_log_line_holds_a_token_or_a_session(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cookie = server.sign_in()
    secret = cookie.partition("=")[2]
    for path in ("/api/v1/session", "/api/v1/nothing", f"{WORKSPACE}/jobs/none"):
        server.send("GET", path, cookie=cookie)
        server.send("GET", path, cookie=cookie + "x")
        server.send("GET", path, authorization=f"Bearer {server.token}")
    logged = "\n".join(record.getMessage() for record in caplog.records)
    assert secret not in logged
    assert server.token not in logged
