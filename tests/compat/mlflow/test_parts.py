"""Artifacts in parts, in ranges, and with a user name and a password."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis

PART = 5 * 2**20  # the least that the client takes
IN_PARTS = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "true",
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "true",
    "MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE": str(PART),
    "MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE": str(PART),
    "MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE": str(PART),
    "MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE": str(PART),
}


def test_a_file_goes_and_comes_in_parts(
    lapis: Lapis, client: MlflowClient, experiment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in IN_PARTS.items():
        monkeypatch.setenv(variable, value)
    content = os.urandom(2 * PART + 12345)
    big = tmp_path / "big file.bin"
    big.write_bytes(content)
    run = client.create_run(experiment).info.run_id
    client.log_artifact(run, str(big), "sub dir")
    [found] = client.list_artifacts(run, "sub dir")
    assert (found.path, found.file_size) == ("sub dir/big file.bin", len(content))
    got = mlflow.artifacts.download_artifacts(run_id=run, artifact_path=found.path, dst_path=str(tmp_path / "got"))
    assert hashlib.sha256(Path(got).read_bytes()).digest() == hashlib.sha256(content).digest()
    parts = lapis.server.home / "storage/default/workspaceartifactstore/.parts"
    assert parts.is_dir()
    assert not [one for one in parts.rglob("*") if one.is_file()]


def test_parts_that_do_not_fit(lapis: Lapis, client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    root = "/mlflow/default/api/2.0/mlflow-artifacts/mpu"
    place = f"runs/{run}/artifacts"
    status, begun = lapis.server.request("POST", f"{root}/create/{place}", {"path": "/x/a.bin", "num_parts": 2})
    assert status == 200
    first = begun["credentials"][0]["url"].removeprefix(lapis.server.url)
    raw = {"Content-Type": "application/octet-stream"}
    assert lapis.server.request("PUT", first, b"part", headers=raw)[0] == 200
    whole = {"path": "a.bin", "upload_id": begun["upload_id"]}
    etag = hashlib.sha256(b"part").hexdigest()
    for parts in ([], [{"part_number": 2, "etag": etag}], [{"part_number": 1, "etag": "0" * 64}]):
        body = {**whole, "parts": parts}
        assert lapis.server.request("POST", f"{root}/complete/{place}", body)[0] == 400, parts
    other = {**whole, "path": "b.bin", "parts": [{"part_number": 1, "etag": etag}]}
    assert lapis.server.request("POST", f"{root}/complete/{place}", other)[0] == 400
    for upload in ("../../x", "1" * 11 + "-" + "z" * 32, ""):
        status, _ = lapis.server.request("POST", f"{root}/complete/{place}", {**whole, "upload_id": upload})
        assert status in (400, 404), upload
    for bad in ("runs/nothing/artifacts", "runs/x/../../etc", "registered/m/1"):
        status, _ = lapis.server.request("POST", f"{root}/create/{bad}", {"path": "a", "num_parts": 1})
        assert status in (400, 403, 404), bad
    assert lapis.server.request("POST", f"{root}/abort/{place}", whole)[0] == 200
    late = {**whole, "parts": [{"part_number": 1, "etag": etag}]}
    assert lapis.server.request("POST", f"{root}/complete/{place}", late)[0] == 400
    assert client.list_artifacts(run) == []


def test_ranges(lapis: Lapis, client: MlflowClient, experiment: str) -> None:
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "0123456789", "t.txt")
    address = f"/mlflow/default/api/2.0/mlflow-artifacts/artifacts/runs/{run}/artifacts/t.txt"
    for asked, expected in (
        ("bytes=0-3", (206, b"0123")), ("bytes=7-", (206, b"789")), ("bytes=8-99", (206, b"89")),
        ("bytes=10-12", (416, b"")), ("lines=1-2", (200, b"0123456789")), ("bytes=0-0", (206, b"0")),
    ):  # fmt: skip
        assert lapis.server.request("GET", address, headers={"Range": asked}) == expected, asked


def test_a_token_may_be_a_password(
    lapis: Lapis, client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = client.create_run(experiment).info.run_id
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "anybody")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", lapis.server.token)
    assert client.get_run(run).info.run_id == run
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "wrong")
    with pytest.raises(MlflowException) as caught:
        client.get_run(run)
    assert caught.value.error_code == "UNAUTHENTICATED"
    for header in ("Basic", "Basic !!!", "Basic bm9jb2xvbg==", "Digest x", "Basic /////w=="):
        status, _ = lapis.server.request(
            "GET", "/mlflow/default/api/2.0/mlflow/runs/get", token=None, headers={"Authorization": header}
        )
        assert status == 401, header
