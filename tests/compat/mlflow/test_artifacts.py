"""Artifacts: streams, and every way out of the folder that is tried on servers of this kind."""

from __future__ import annotations

import hashlib
import http.client
import os
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis

pytestmark = pytest.mark.parametrize("lapis", ["sqlite"], indirect=True, scope="session")
"""What is tested here does not depend on the database."""

ROOT = "/mlflow/default/api/2.0/mlflow-artifacts/artifacts"


@pytest.fixture
def run_id(client: MlflowClient, experiment: str) -> str:
    """A run of this test's own."""
    return str(client.create_run(experiment).info.run_id)


def raw(lapis: Lapis, method: str, target: str, body: bytes | None = None) -> tuple[int, bytes, dict[str, str]]:
    """Send a request whose path no client library tidies up."""
    connection = http.client.HTTPConnection(str(urlsplit(lapis.uri).hostname), urlsplit(lapis.uri).port, timeout=30)
    connection.putrequest(method, target, skip_accept_encoding=True)
    connection.putheader("Authorization", f"Bearer {lapis.server.token}")
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    answer = connection.getresponse()
    found = answer.status, answer.read(), {k.lower(): v for k, v in answer.getheaders()}
    connection.close()
    return found


def folder(lapis: Lapis, run_id: str) -> Path:
    return lapis.server.home / "storage/default/workspaceartifactstore/ExperimentRun" / f"dcid.{run_id}"


def test_a_large_file_goes_up_and_down_unchanged(
    client: MlflowClient, lapis: Lapis, run_id: str, tmp_path: Path
) -> None:
    sent = tmp_path / "large.bin"
    content = os.urandom(1 << 20) * 9 + b"end"
    sent.write_bytes(content)
    client.log_artifact(run_id, str(sent), "deep/er")
    assert [(f.path, f.file_size) for f in client.list_artifacts(run_id, "deep/er")] == [
        ("deep/er/large.bin", len(content))
    ]
    got = client.download_artifacts(run_id, "deep/er/large.bin")
    assert hashlib.sha256(Path(got).read_bytes()).digest() == hashlib.sha256(content).digest()
    assert not [p for p in folder(lapis, run_id).rglob("*") if p.name.startswith(".lapis")]


def test_an_empty_file_and_names_with_spaces_and_letters(client: MlflowClient, run_id: str, tmp_path: Path) -> None:
    for name in ("empty", "with space.txt", "größe.txt"):
        (tmp_path / name).write_text("" if name == "empty" else name)
        client.log_artifact(run_id, str(tmp_path / name))
        assert Path(client.download_artifacts(run_id, name)).read_text() == ("" if name == "empty" else name)
    assert {f.path for f in client.list_artifacts(run_id)} == {"empty", "with space.txt", "größe.txt"}


def test_a_folder_goes_up_and_is_deleted(client: MlflowClient, lapis: Lapis, run_id: str, tmp_path: Path) -> None:
    (tmp_path / "d" / "e").mkdir(parents=True)
    (tmp_path / "d" / "a.txt").write_text("a")
    (tmp_path / "d" / "e" / "b.txt").write_text("b")
    client.log_artifacts(run_id, str(tmp_path / "d"), "top")
    assert sorted(f.path for f in client.list_artifacts(run_id, "top")) == ["top/a.txt", "top/e"]
    status, _, _ = raw(lapis, "DELETE", f"{ROOT}/runs/{run_id}/artifacts/top/e")
    assert status == 200
    assert [f.path for f in client.list_artifacts(run_id, "top")] == ["top/a.txt"]


def test_an_artifact_is_never_shown_in_the_pages_origin(client: MlflowClient, lapis: Lapis, run_id: str) -> None:
    client.log_text(run_id, "<script>alert(1)</script>", "evil.html")
    status, body, headers = raw(lapis, "GET", f"{ROOT}/runs/{run_id}/artifacts/evil.html")
    assert (status, body) == (200, b"<script>alert(1)</script>")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-disposition"].startswith("attachment")
    assert headers["content-type"] == "application/octet-stream"
    assert "sandbox" in headers["content-security-policy"]


ESCAPES = [
    "../secret", "..%2fsecret", "%2e%2e/secret", "%2e%2e%2fsecret", "%252e%252e%252fsecret", "%25252e%25252e/secret",
    "a/../../secret", "a/%2e%2e/%2e%2e/secret", "..\\secret", "..%5csecret", "%00", "a%00b", "secret%00.txt",
    "%2fetc%2fpasswd", "C:/secret", "c:%5csecret", "a/..;/secret", "..%c0%afsecret", "a%0ab", "x" * 300,
    "....//....//secret/..",
]  # fmt: skip


@pytest.mark.parametrize("path", ESCAPES)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_no_path_leads_out_of_the_folder(lapis: Lapis, run_id: str, method: str, path: str) -> None:
    own = folder(lapis, run_id)
    own.mkdir(parents=True, exist_ok=True)
    secret = own.parent / "secret"
    secret.write_text("secret")
    before = {p for p in lapis.server.home.rglob("*") if "runs" not in p.parts and p.suffix not in ("", ".log")}
    status, body, _ = raw(lapis, method, f"{ROOT}/runs/{run_id}/artifacts/{path}", b"evil" if method == "PUT" else None)
    assert secret.read_text() == "secret"
    assert b"root:" not in body
    assert b"secret" not in body.replace(b"..", b"") or status >= 400
    after = {p for p in lapis.server.home.rglob("*") if "runs" not in p.parts and p.suffix not in ("", ".log")}
    made = {p for p in after - before if not p.is_relative_to(own)}
    assert not {p for p in made if "storage" in p.parts}
    if status == 200 and method == "PUT":
        assert all(p.is_relative_to(own) for p in own.rglob("*"))


@pytest.mark.parametrize(
    "path",
    [
        "..",
        "../..",
        "%2e%2e",
        "runs",
        "runs/x",
        "models/../runs/x/artifacts",
        "x/y/z",
        "registered/a",
        "runs//artifacts",
    ],
)
def test_addresses_that_name_nothing(lapis: Lapis, path: str) -> None:
    for target in (f"{ROOT}/{path}", f"{ROOT}?path={quote(path)}"):
        status, body, _ = raw(lapis, "GET", target)
        assert status in (400, 401, 404), body
    status, body, _ = raw(lapis, "PUT", f"{ROOT}/{path}", b"x")
    assert status in (400, 401, 403, 404), body


def test_links_do_not_lead_out(client: MlflowClient, lapis: Lapis, run_id: str, tmp_path: Path) -> None:
    client.log_text(run_id, "x", "inside.txt")
    own, outside = folder(lapis, run_id), tmp_path / "outside"
    outside.mkdir()
    (outside / "o.txt").write_text("secret")
    (own / "file").symlink_to(outside / "o.txt")
    (own / "dir").symlink_to(outside)
    (own / "fine").symlink_to(own / "inside.txt")
    for path in ("file", "dir/o.txt", "dir"):
        status, body, _ = raw(lapis, "GET", f"{ROOT}/runs/{run_id}/artifacts/{path}")
        assert status in (400, 404)
        assert b"secret" not in body
    for path in ("file", "dir/new.txt"):
        assert raw(lapis, "PUT", f"{ROOT}/runs/{run_id}/artifacts/{path}", b"evil")[0] in (400, 404)
    assert (outside / "o.txt").read_text() == "secret"
    assert [p.name for p in outside.iterdir()] == ["o.txt"]
    assert raw(lapis, "GET", f"{ROOT}/runs/{run_id}/artifacts/fine")[1] == b"x"


def test_runs_are_not_reached_through_each_other(
    client: MlflowClient, lapis: Lapis, experiment: str, run_id: str
) -> None:
    other = client.create_run(experiment).info.run_id
    client.log_text(other, "other", "o.txt")
    status, body, _ = raw(lapis, "GET", f"{ROOT}/runs/{run_id}/artifacts/../../{other}/artifacts/o.txt")
    assert status == 400
    assert b"other" not in body
    assert raw(lapis, "GET", f"{ROOT}/runs/{run_id}/../{other}/artifacts/o.txt")[0] == 400


def test_an_upload_that_breaks_off_leaves_nothing(lapis: Lapis, run_id: str) -> None:
    connection = http.client.HTTPConnection(str(urlsplit(lapis.uri).hostname), urlsplit(lapis.uri).port, timeout=30)
    connection.putrequest("PUT", f"{ROOT}/runs/{run_id}/artifacts/half.bin")
    connection.putheader("Authorization", f"Bearer {lapis.server.token}")
    connection.putheader("Content-Length", str(5 << 20))
    connection.endheaders(b"x" * (3 << 20))
    connection.close()
    status, _, _ = raw(lapis, "GET", f"{ROOT}/runs/{run_id}/artifacts/half.bin")
    assert status == 404


def test_deleted_runs_and_missing_ones_take_no_artifacts(client: MlflowClient, lapis: Lapis, run_id: str) -> None:
    client.delete_run(run_id)
    assert raw(lapis, "PUT", f"{ROOT}/runs/{run_id}/artifacts/a", b"x")[0] == 400
    assert raw(lapis, "PUT", f"{ROOT}/runs/nothing/artifacts/a", b"x")[0] == 404
    assert raw(lapis, "PUT", f"{ROOT}/models/m-nothing/artifacts/a", b"x")[0] == 404


def test_parts_and_signed_addresses_are_refused_in_the_clients_words(
    client: MlflowClient, run_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client that wants to send parts falls back to one stream."""
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD", "true")
    monkeypatch.setenv("MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE", "1024")
    (tmp_path / "f.bin").write_bytes(b"x" * 5000)
    client.log_artifact(run_id, str(tmp_path / "f.bin"))
    monkeypatch.setenv("MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD", "true")
    assert Path(client.download_artifacts(run_id, "f.bin")).stat().st_size == 5000


def test_a_location_of_the_clients_own(client: MlflowClient, name: str, tmp_path: Path) -> None:
    made = client.create_experiment(name, artifact_location=(tmp_path / "mine").as_uri())
    run = client.create_run(made).info.run_id
    client.log_text(run, "x", "a.txt")
    assert (tmp_path / "mine" / run / "artifacts" / "a.txt").read_text() == "x"
    with pytest.raises(MlflowException, match="the server keep"):
        client.create_experiment(f"{name}-2", artifact_location="mlflow-artifacts:/other")
