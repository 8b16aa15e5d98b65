"""Blobs behind the gate of the whole application: tokens, other sites' pages, and requests that mean nothing."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.clock import SystemClock
from lapisml.server.app import Application, create_app
from lapisml.server.platform.files import private_folder
from lapisml.server.platform.vault import Vault
from lapisml.server.settings import Settings
from lapisml.server.surfaces.blob.signing import BlobSigner
from tests.support.asgi import Answer, call

STORE = "/default.blob.lapis/workspaceblobstore"
BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob", "content-type": "application/octet-stream", "content-length": "1"}


class Server:
    """The whole application without a socket."""

    def __init__(self, app: Application, home: Path) -> None:
        self.app, self.home = app, home
        self.identity: Any = app.asgi._authenticator
        self._signer = BlobSigner(Vault.open(home / "secret.key"), SystemClock())
        self.query = self._signer.sas("default", "workspaceblobstore", "racwdl", 600)

    @property
    def token(self) -> str:
        return (self.home / "token").read_text().strip()

    def send(self, method: str, path: str, query: str = "", body: bytes = b"", **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(self.app.asgi, method, path, given, body, query)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("gate") / "home"
    private_folder(home)
    for name in ("run", "storage"):
        private_folder(home / name)
    app = create_app(Settings(home=home), "http://localhost:8787")
    yield Server(app, home)
    app.lifetime.stop()


def _error(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.headers.get("x-ms-error-code", "")


def _with(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_users_tokens_enter_and_a_jobs_do_not(server: Server) -> None:
    audience = "https://storage.azure.com"
    user = (server.token, server.identity.issue_access_token(server.token, audience).token)
    for token in user:
        assert server.send("HEAD", STORE, "restype=container", **_with(token)).status == 200
    job = server.identity.issue_job_token("default", "calm_fern", 60)
    for token in (job, server.identity.issue_access_token(job, audience).token):
        for method in ("GET", "PUT", "DELETE"):
            answer = server.send(method, f"{STORE}/a", **_with(token), **BLOCK_BLOB)
            assert _error(answer) == (403, "AuthorizationFailure")


def test_pages_of_other_sites_change_nothing(server: Server) -> None:
    answer = server.send("PUT", f"{STORE}/a", server.query, b"x", origin="https://evil.example", **BLOCK_BLOB)
    assert _error(answer) == (403, "AuthorizationFailure")
    form = {**BLOCK_BLOB, "content-type": "multipart/form-data"}
    assert _error(server.send("PUT", f"{STORE}/a", server.query, b"x", **form)) == (400, "InvalidInput")
    assert server.send("GET", f"{STORE}/a", server.query).status == 404


def test_what_a_blob_holds_is_never_a_page_of_ours(server: Server) -> None:
    page = {**BLOCK_BLOB, "x_ms_blob_content_type": "text/html"}
    assert server.send("PUT", f"{STORE}/page.html", server.query, b"<script>", **page).status == 201
    answer = server.send("GET", f"{STORE}/page.html", server.query)
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/html", b"<script>")
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_request_is_a_fault_of_the_server(server: Server) -> None:
    """Requests put together at random from what the protocol knows and what it does not."""
    chance = random.Random(7)  # the same requests each time
    names = ["", "/", "/a", "/a/b", "//", "/a//b", "/..", "/%", "/\udc80", "/" + "x" * 300, "/" + "y/" * 600, "/a\0b"]
    words = ["comp=list", "comp=block", "comp=blocklist", "comp=metadata", "comp=properties", "restype=container",
             "blockid=MQ==", "blockid=%ff", "prefix=a/", "prefix=%00", "prefix=../", "delimiter=/", "delimiter=%ff",
             "marker=x.YQ==", "marker=%ff", "maxresults=2", "maxresults=-1", "include=metadata",
             "blocklisttype=all", "snapshot=1", "prefix=%00/", "x"]  # fmt: skip
    heads = [("range", "bytes=5-2"), ("x-ms-range", "bytes=0-0"), ("if-match", "*"), ("if-none-match", '"'),
             ("if-modified-since", "x"), ("content-md5", "x"), ("x-ms-meta-", "x"), ("x-ms-meta-a", "ü"),
             ("x-ms-blob-type", "BlockBlob"), ("x-ms-version", "x" * 99), ("x-ms-client-request-id", "\x01"),
             ("x-ms-blob-content-type", "\n"), ("content-length", "999"), ("transfer-encoding", "chunked")]  # fmt: skip
    bodies = [b"", b"x", b"<BlockList><Latest>MQ==</Latest></BlockList>", b"<BlockList/>", b"\xff<"]
    seen = set()
    for _ in range(1500):
        method = chance.choice(["GET", "HEAD", "PUT", "DELETE", "POST", "OPTIONS", "PATCH"])
        path = STORE[: chance.choice([len(STORE), 20])] + chance.choice(names)
        query = "&".join([*chance.sample(words, chance.randrange(4)), server.query])
        headers = dict(chance.sample(heads, chance.randrange(4)))
        sent = {"host": "localhost", "content-type": "application/octet-stream", **headers}
        path = path.encode("utf-8", "replace").decode()
        answer = call(server.app.asgi, method, path, sent, chance.choice(bodies), query)
        seen.add(answer.status)
        assert answer.status < 500 or answer.status == 501, (method, path, query, sent, answer.body)
    assert {200, 201, 202, 400, 403, 404, 501} <= seen, seen
