"""The surface for clients of Azure behind the gate of the whole application: who enters, and how errors look."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.app import Application, create_app
from lapisml.server.azure.assembly import OPEN_WORDS
from lapisml.server.features.identity.access_tokens import AccessTokens
from lapisml.server.features.identity.store import TokenRecord
from lapisml.server.platform.files import private_folder
from lapisml.server.platform.vault import Vault
from lapisml.server.settings import Settings
from lapisml.server.surfaces.azure.routing import PROVIDER, pattern_words
from lapisml.server.surfaces.azure.table import all_routes
from lapisml.testing.clock import FakeClock
from tests.support.asgi import Answer, call

GROUP = "/subscriptions/s-1/resourceGroups/g"
WS = f"{GROUP}/providers/{PROVIDER}/workspaces/default"
SCOPES = {
    "WS": WS,
    "REG": f"{GROUP}/providers/{PROVIDER}/registries/shelf",
    "GROUP": GROUP,
    "SUB": "/subscriptions/s-1",
}


@dataclass
class Server:
    app: Application
    home: Path

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    @property
    def identity(self) -> Any:
        return self.app.asgi._authenticator

    def send(self, method: str, path: str, body: Any = None, token: str | None = "", **headers: str) -> Answer:
        """Send one request: with the owner's token when it is empty, with none when it is None."""
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"content-type": "application/json", "content-length": str(len(content)), **headers}
        if token is not None:
            sent["authorization"] = f"Bearer {token or self.token}"
        address, _, query = path.partition("?")
        return call(self.app.asgi, method, address, sent, content, query)


def _server(home: Path, url: str = "http://localhost:8787", **settings: Any) -> Server:
    private_folder(home)
    for name in ("run", "storage"):
        private_folder(home / name)
    return Server(create_app(Settings(home=home, **settings), url), home)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    made = _server(tmp_path_factory.mktemp("surface") / "home")
    made.send("GET", "/metadata/endpoints", token=None)  # the surface is made at its first request
    yield made
    made.app.lifetime.stop()


def _error(answer: Answer) -> tuple[int, str]:
    found = json.loads(answer.body)
    assert set(found) == {"error"}
    assert {"code", "message", "details"} <= set(found["error"])
    assert answer.headers["content-type"].startswith("application/json")
    return answer.status, found["error"]["code"]


def _addresses(server: Server) -> set[tuple[str, str]]:
    """Every method and address of the surface, names filled in."""
    mounts = server.app.asgi._app._app
    surface = mounts._find("subscriptions")._made
    addresses = set()
    for method, pattern in all_routes(surface._services):
        words = [SCOPES[word].strip("/") if word in SCOPES else word for word in pattern_words(pattern)]
        addresses.add((method, "/" + "/".join(words).replace("*", "x")))
    return addresses


def test_nothing_answers_without_a_token(server: Server) -> None:
    addresses = _addresses(server)
    assert len(addresses) > 150
    wrong = {}
    for method, path in addresses:
        if path.split("/")[1] in OPEN_WORDS:
            continue
        for variant in (path, path.upper().replace("S-1", "s-1")):
            answer = server.send(method, variant, {}, token=None)
            if answer.status != 401 or (method != "HEAD" and _error(answer)[1] != "InvalidAuthenticationToken"):
                wrong[method, variant] = answer.status
    assert wrong == {}


def test_an_open_word_opens_nothing_else(server: Server) -> None:
    """The gate reads the decoded path, and the surface the words between its slashes as they were sent."""
    for word in sorted(OPEN_WORDS):
        for path in (f"/{word}{WS}/computes", f"/{word}/..{WS}", f"/{word}/{WS}", f"/{word}//subscriptions"):
            for variant in (path, path.replace("/", "%2F", 2).replace("%2F", "/", 1)):
                answer = server.send("GET", variant, token=None)
                assert answer.status in (401, 404), variant


def test_a_jobs_token_enters_nowhere(server: Server) -> None:
    token = server.identity.issue_job_token("default", "calm_fern", 60)
    signed = server.identity.issue_access_token(token, "https://ml.azure.com").token
    for given in (token, signed):
        wrong = {
            (method, path): answer.status
            for method, path in _addresses(server)
            if path.split("/")[1] not in OPEN_WORDS
            and (answer := server.send(method, path, {}, token=given)).status != 403
        }
        assert wrong == {}
    assert _error(server.send("GET", WS, token=token)) == (403, "AuthorizationFailed")


def test_no_answer_is_a_fault_of_the_server(server: Server) -> None:
    """Bodies that mean nothing are told so, whatever the address."""
    wrong = {}
    for method, path in _addresses(server):
        if method in ("GET", "HEAD") or path.split("/")[1] in OPEN_WORDS or path == WS:
            continue
        for body in ({}, [], {"properties": None}, {"properties": []}, {"properties": {"x": {"y": [1]}}}):
            answer = server.send(method, path, body)
            if answer.status >= 500:
                wrong[method, path, str(body)] = answer.body[:200]
    assert wrong == {}


def test_the_credential_of_clients(server: Server) -> None:
    resource = "https://ml.azure.com"
    answer = server.send("GET", f"/msi?api-version=2017-09-01&resource={resource}", token=None, secret=server.token)
    found = json.loads(answer.body)
    assert (found["resource"], found["token_type"]) == (resource, "Bearer")
    assert server.send("GET", WS, token=found["access_token"]).status == 200
    for secret in ("", "x", found["access_token"]):
        answer = server.send("GET", f"/msi?resource={resource}", token=None, secret=secret)
        assert answer.status in (401, 403), secret
        assert b"access_token" not in answer.body
    assert server.send("GET", "/msi", token=None, secret=server.token).status == 400
    assert server.send("POST", "/msi", {}, token=None, secret=server.token).status == 401


def test_tokens_that_ended(server: Server) -> None:
    user = server.identity.issue_user_token("ada", "laptop", None)
    signed = server.identity.issue_access_token(user, "https://management.azure.com").token
    assert server.send("GET", WS, token=signed).status == 200
    server.identity.revoke_user_token("laptop")
    assert _error(server.send("GET", WS, token=signed)) == (401, "InvalidAuthenticationToken")
    key = Vault.open(server.home / "secret.key").subkey("access-tokens")
    record = TokenRecord(1, "", "user", "ada", "", None, None, 0, None, None)
    old = AccessTokens(key, FakeClock(0), b"").make(record, "https://management.azure.com", 3600, None).token
    assert _error(server.send("GET", WS, token=old)) == (401, "ExpiredAuthenticationToken")
    forged = (
        AccessTokens(b"x" * 32, FakeClock(2**42), b"").make(record, "https://management.azure.com", 3600, None).token
    )
    head, claims, signature = old.split(".")
    for strange in (forged, f"{head}.{claims}.", f"eyJhbGciOiJub25lIn0.{claims}.", f"{head}.{claims}.{signature[:-2]}"):
        assert _error(server.send("GET", WS, token=strange)) == (401, "InvalidAuthenticationToken")


def test_unknown_things(server: Server) -> None:
    nowhere = f"{GROUP}/providers/{PROVIDER}/workspaces/nowhere"
    assert _error(server.send("GET", nowhere)) == (404, "ResourceNotFound")
    assert _error(server.send("GET", f"{nowhere}/jobs")) == (404, "ResourceNotFound")
    assert _error(server.send("GET", f"{WS}/pianos")) == (404, "InvalidResourceType")
    assert _error(server.send("PATCH", f"{WS}/jobs")) == (405, "MethodNotAllowed")
    assert _error(server.send("GET", f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x")) == (
        404,
        "ResourceNotFound",
    )


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"{'a': 1}", b'{"a": NaN}', b"[" * 2000])
def test_malformed_bodies(server: Server, body: bytes) -> None:
    assert _error(server.send("PUT", f"{WS}/computes/c", body)) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null", b""])
def test_bodies_that_are_no_objects(server: Server, body: bytes) -> None:
    assert _error(server.send("PUT", f"{WS}/computes/c", body)) == (400, "InvalidRequestContent")


def test_any_version_and_any_letter_case(server: Server) -> None:
    for query in ("", "?api-version=2099-01-01", "?API-VERSION=x&api-version="):
        assert server.send("GET", WS + query).status == 200
    path = WS.replace("resourceGroups", "resourcegroups").replace("Microsoft", "microsoft").replace("sub", "Sub")
    found = json.loads(server.send("GET", f"{path}/Computes").body)
    assert found == {"value": []}


def test_a_group_and_a_subscription_are_what_the_client_says(server: Server) -> None:
    found = json.loads(server.send("GET", WS).body)
    assert found["id"] == WS
    assert found["properties"]["storageAccount"].startswith(f"{GROUP}/providers/Microsoft.Storage/")
    assert server.send("GET", found["properties"]["storageAccount"]).status == 200
    assert json.loads(server.send("GET", GROUP).body)["name"] == "g"
    assert _error(server.send("DELETE", GROUP)) == (409, "Conflict")


def test_one_subscription_and_group_alone(tmp_path: Path) -> None:
    server = _server(tmp_path / "home", azure_subscription="S-1", azure_resource_group="G", max_body_mb=1)
    try:
        assert server.send("GET", WS).status == 200
        other = WS.replace("/s-1/", "/s-2/")
        assert _error(server.send("GET", other)) == (404, "SubscriptionNotFound")
        assert _error(server.send("GET", WS.replace("/g/", "/h/"))) == (404, "ResourceGroupNotFound")
        assert json.loads(server.send("GET", "/subscriptions").body)["value"][0]["subscriptionId"] == "S-1"
        large = b'{"properties": "' + b"x" * 2**20 + b'"}'
        assert _error(server.send("PUT", f"{WS}/computes/c", large)) == (413, "RequestContentTooLarge")
    finally:
        server.app.lifetime.stop()


def test_the_metadata_lead_back_to_the_address_that_was_asked(server: Server) -> None:
    (cloud,) = json.loads(server.send("GET", "/metadata/endpoints?api-version=2019-05-01", token=None).body)
    assert cloud["resourceManager"] == "http://localhost/"
    assert cloud["suffixes"] == {"storage": "lapis"}
    assert "evil" not in str(server.send("GET", "/metadata/endpoints", token=None, host="evil.example").body)
    with pytest.raises(LapisError):
        server.identity.authenticate("x")


def test_behind_a_proxy_that_ends_tls_addresses_are_the_proxys(tmp_path: Path) -> None:
    url = "https://lapis.example"
    server = _server(tmp_path / "home", url, behind_tls_proxy=True, allowed_hosts=("lapis.example",), public_url=url)
    try:
        (cloud,) = json.loads(server.send("GET", "/metadata/endpoints", token=None, host="lapis.example").body)
        assert cloud["resourceManager"] == "https://lapis.example/"
        found = json.loads(server.send("POST", "/api/v1/azure/open", {}).body)
        assert (found["url"], found["authority"]) == (url, "")
    finally:
        server.app.lifetime.stop()
