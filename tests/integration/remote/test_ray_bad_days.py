"""What can be wrong before a Ray cluster is reached: each with a sentence that helps."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lapisml.backends.compute.ray.attach import LEAVES_AFTER_S, RayCompute
from lapisml.backends.compute.ray.dashboard import Dashboard
from lapisml.backends.compute.ray.identity import identity
from lapisml.backends.compute.ray.package import package
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Attachment
from tests.support.nodes import BRISK, no_seal
from tests.support.ray_cluster import free_port


class _Answers(BaseHTTPRequestHandler):
    """Answers each path with what was laid down for it; asks for a header where it is told to."""

    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    token: ClassVar[str | None] = None

    def do_GET(self) -> None:
        status, plain = self.answers.get(self.path, (404, "404: Not Found"))
        if self.token is not None and self.headers.get("Authorization") != f"Bearer {self.token}":
            status, plain = 401, "Unauthorized"
        body = json.dumps(plain).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 - the names of BaseHTTPRequestHandler

    def log_message(self, *_words: object) -> None:
        """Keep still."""


@contextmanager
def _server(answers: dict[str, tuple[int, Any]], token: str | None = None) -> Iterator[str]:
    handler = type("Answers", (_Answers,), {"answers": answers, "token": token})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _attached(home: Path, address: str, **document: Any) -> RayCompute:
    facts = Attachment(
        "default",
        "lab",
        "0123456789ab",
        {"address": address, **document},
        home,
        "http://127.0.0.1:9",
        lambda _job: None,
        no_seal,
    )
    return RayCompute(facts, pace=BRISK)


def _sentence(home: Path, address: str, **document: Any) -> str:
    backend = _attached(home, address, **document)
    try:
        standing = backend.describe()
    finally:
        backend.close()
    assert standing.state == "unreachable"
    return standing.sentence


def test_nobody_is_there(tmp_path: Path) -> None:
    """A port that nobody listens on, and a name that no machine has."""
    port = free_port()
    sentence = _sentence(tmp_path, f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port} can't be reached: nobody listens there" in sentence
    assert "See that the cluster runs" in sentence
    assert "no machine of that name" in _sentence(tmp_path, "http://no-such-host.invalid:8265")


def test_something_else_answers(tmp_path: Path) -> None:
    """An address that is not a Ray dashboard's."""
    with _server({"/": (200, "hello")}) as address:
        assert "it is not the dashboard of a Ray cluster" in _sentence(tmp_path, address)


@pytest.mark.parametrize("version", ["2.8.1", "1.13.0"])
def test_ray_is_too_old(tmp_path: Path, version: str) -> None:
    """The sentence says which version is needed."""
    with _server({"/api/version": (200, {"ray_version": version})}) as address:
        assert f"runs Ray {version}; 2.9 or newer is needed" in _sentence(tmp_path, address)


def test_the_dashboard_wants_a_token(tmp_path: Path) -> None:
    """Without it, a sentence that says where it belongs; with it, the door is open."""
    with _server({"/api/version": (200, {"ray_version": "2.8.0"})}, token="abc") as address:
        sentence = _sentence(tmp_path, address)
        assert "refuses this server (401)" in sentence
        assert "`token:`" in sentence
        assert "runs Ray 2.8.0" in _sentence(tmp_path, address, token="abc")
        assert "runs Ray 2.8.0" in _sentence(tmp_path, address, headers={"Authorization": "Bearer abc"})


def test_the_front_says_why_it_can_not_start(tmp_path: Path) -> None:
    """What it wrote into its log is the sentence."""
    refused = 'LAPIS-FRONT {"refused": "The cluster\'s Python is 3.9.1; Lapis needs 3.11 or newer there."}\n'
    backend = _attached(tmp_path, "http://127.0.0.1:1")
    digest = _digest(tmp_path)
    backend.close()
    name = backend_name()
    job = {"submission_id": f"{name}-1", "status": "RUNNING", "metadata": {"lapis_front": digest}}
    answers = {
        "/api/version": (200, {"ray_version": "2.9.3"}),
        "/api/jobs/": (200, [job]),
        f"/api/jobs/{name}-1": (200, job),
        f"/api/jobs/{name}-1/logs": (200, {"logs": "noise\n" + refused}),
    }
    with _server(answers) as address:
        assert "The cluster's Python is 3.9.1" in _sentence(tmp_path, address)
        port = free_port()
        told = f'LAPIS-FRONT {{"port": {port}, "address": "127.0.0.1"}}\n'
        answers[f"/api/jobs/{name}-1/logs"] = (200, {"logs": told})
        sentence = _sentence(tmp_path, address)
        assert f"runs, but can't be reached at 127.0.0.1:{port}" in sentence
        assert "`front_port:`" in sentence


def test_a_job_that_ray_refuses_is_an_error_with_its_last_line(tmp_path: Path) -> None:
    """Ray answers with a traceback; the person sees what it ends with."""
    with _server({"/api/jobs/": (500, "Traceback (most recent call last):")}) as address:
        with pytest.raises(LapisError) as caught:
            Dashboard(address).submit("x", "true", "gcs://x.zip", {})
        assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
        assert "did not start Lapis's front (500)" in caught.value.message


def test_the_identity_is_always_the_same_and_of_one_compute(tmp_path: Path) -> None:
    """Several servers over one home agree; another compute, label or home has another."""
    first = identity(tmp_path, "0123456789ab", "default/lab")
    assert identity(tmp_path, "0123456789ab", "default/lab") == first
    assert identity(tmp_path, "0123456789ab", "default/other") != first
    assert identity(tmp_path, "0123456789ac", "default/lab") != first
    (tmp_path / "secret.key").write_text("another")
    assert identity(tmp_path, "0123456789ab", "default/lab") != first
    assert (tmp_path / "ray.key").stat().st_mode & 0o077 == 0


def backend_name() -> str:
    """Give the name of the front's job, without its number."""
    return "lapis-front-0123456789ab-lab-d5cf7e7e"


def _digest(home: Path) -> str:
    """Give the digest of the front's package as `_attached` makes it."""
    settings = {
        "root": "~/.lapis-node/0123456789ab/d5cf7e7e",
        "port": 0,
        "interpreter": None,
        "leaves_after_s": LEAVES_AFTER_S,
        "namespace": "lapis-0123456789ab-d5cf7e7e",
    }
    return package(identity(home, "0123456789ab", "default/lab"), settings).digest
