"""Uploads by content: sent once, checked, resumable, invisible until whole."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.runner.snapshots import SnapshotStore
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.upload_request import UploadRequest
from tests.support.assets import World, upload_request

CODE = {"train.py": b"print(1)\n", "lib/util.py": b"x = 1\n", "lib/same.py": b"x = 1\n", "empty": b""}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def refused(code: ErrorCode, act: Any, *args: Any, **keys: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act(*args, **keys)
    assert caught.value.code is code
    return caught.value


def send(world: World, content: bytes, name: str | None = None, size: int | None = None) -> None:
    with world.uploads.receive(world.ws, name or sha(content), size) as receiver:
        for start in range(0, len(content), 5):
            receiver.write(content[start : start + 5])


def everything(world: World) -> list[str]:
    root = world.home / "storage"
    return sorted(p.relative_to(root).as_posix() for p in root.rglob("*") if p.is_file())


def test_code_there_and_back(plain: World, tmp_path: Path) -> None:
    answer = plain.upload(CODE, "code")
    assert answer.uri == f"azureml://codes/{answer.digest}"
    assert plain.assets.has_snapshot(plain.ws, answer.digest)
    store = SnapshotStore(plain.assets.snapshot_root(plain.ws))
    assert store.materialize(answer.digest, tmp_path / "work") == 4
    found = {p.relative_to(tmp_path / "work").as_posix(): p.read_bytes() for p in (tmp_path / "work").rglob("*.py")}
    assert found == {k: v for k, v in CODE.items() if k.endswith(".py")}
    assert (tmp_path / "work/empty").read_bytes() == b""


def test_modes(plain: World, tmp_path: Path) -> None:
    manifest = Manifest.of([ManifestFile("run.sh", 2, sha(b"ls"), "755"), ManifestFile("a", 2, sha(b"ls"), "644")])
    for purpose in ("code", "data"):
        send(plain, b"ls")
        request = UploadRequest(manifest, purpose, "f")
        assert plain.uploads.complete(plain.ws, manifest.digest(), request).missing == []
    SnapshotStore(plain.assets.snapshot_root(plain.ws)).materialize(manifest.digest(), tmp_path / "w")
    data = plain.home / f"storage/default/workspaceblobstore/LocalUpload/{manifest.digest()}/f"
    for folder in (tmp_path / "w", data):
        assert [stat.S_IMODE((folder / n).stat().st_mode) & 0o111 for n in ("run.sh", "a")] == [0o111, 0]
    assert not (data / "run.sh").samefile(data / "a")


def test_unchanged_content_is_not_sent_or_stored_twice(plain: World) -> None:
    plain.upload(CODE, "code")
    before = everything(plain)
    request = upload_request(CODE, "code")
    assert plain.uploads.begin(plain.ws, request).missing == []
    plain.upload(CODE, "code")
    assert everything(plain) == before
    changed = {**CODE, "train.py": b"print(2)\n"}
    assert plain.uploads.begin(plain.ws, upload_request(changed, "code")).missing == [sha(b"print(2)\n")]


def test_data_becomes_visible_at_the_end_only(plain: World) -> None:
    files = {"a.csv": b"1,2\n", "sub/b.csv": b"3,4\n", "sub/c.csv": b"1,2\n"}
    request = upload_request(files, basename="table")
    answer = plain.uploads.begin(plain.ws, request)
    assert answer.missing == sorted({sha(c) for c in files.values()})
    assert answer.uri == f"azureml://datastores/workspaceblobstore/paths/LocalUpload/{answer.digest}/table/"
    send(plain, b"1,2\n")
    assert plain.uploads.begin(plain.ws, request).missing == [sha(b"3,4\n")]
    assert plain.uploads.complete(plain.ws, answer.digest, request).missing == [sha(b"3,4\n")]
    document = {"name": "t", "path": answer.uri}
    refused(ErrorCode.REFERENCE_NOT_FOUND, plain.assets.create, plain.ws, AssetKind.DATA, document, "ann")
    assert plain.storage.info(plain.datastores.resolve(plain.ws, answer.uri)) is None
    send(plain, b"3,4\n")
    assert plain.uploads.complete(plain.ws, answer.digest, request).missing == []
    location = plain.datastores.resolve(plain.ws, answer.uri)
    assert [e.path for e in plain.storage.walk(location)] == ["a.csv", "sub/b.csv", "sub/c.csv"]
    assert plain.uploads.begin(plain.ws, request).missing == []
    waiting = plain.home / "storage/default/uploads"
    assert not [p for p in waiting.rglob("*") if p.is_file()]
    assert plain.assets.create(plain.ws, AssetKind.DATA, document, "ann").document["type"] == "uri_folder"


def test_one_file(plain: World) -> None:
    answer = plain.upload({"iris.csv": b"1"}, basename="iris.csv")
    assert answer.uri.endswith(f"/{answer.digest}/iris.csv")
    record = plain.assets.create(plain.ws, AssetKind.DATA, {"name": "t", "path": answer.uri}, "ann")
    assert record.document["type"] == "uri_file"
    wrong = {"name": "t", "path": answer.uri, "type": "uri_folder"}
    refused(ErrorCode.DOCUMENT_INVALID, plain.assets.create, plain.ws, AssetKind.DATA, wrong, "ann")


def test_changing_data_in_its_folder_does_not_reach_other_uploads(plain: World) -> None:
    answer = plain.upload({"a": b"shared", "b": b"1"})
    path = plain.storage.local_path(plain.datastores.resolve(plain.ws, answer.uri))
    assert path is not None
    with (path / "a").open("r+b") as stream:
        stream.write(b"SPOILT")
    second = plain.upload({"a": b"shared", "b": b"2"})
    assert plain.storage.read_range(plain.datastores.resolve(plain.ws, second.uri).child("a"), 0, 9) == b"shared"


def test_a_server_that_died_while_completing(plain: World) -> None:
    """Its half-made folder shares a waiting file, which then counts as missing."""
    request = upload_request({"a": b"content"})
    send(plain, b"content")
    waiting = next((plain.home / "storage/default/uploads/blobs").glob("*/*"))
    os.link(waiting, plain.home / "half-made")
    assert plain.uploads.begin(plain.ws, request).missing == [sha(b"content")]
    assert (plain.home / "half-made").read_bytes() == b"content"


@pytest.mark.parametrize("content", [b"other", b"content and more", b""])
def test_wrong_content_is_not_kept(plain: World, content: bytes) -> None:
    refused(ErrorCode.INTEGRITY, send, plain, content, sha(b"content"))
    assert everything(plain) == []


def test_more_than_announced(plain: World) -> None:
    refused(ErrorCode.REQUEST_TOO_LARGE, send, plain, b"content", None, 3)
    refused(ErrorCode.REQUEST_TOO_LARGE, send, plain, b"content", None, 1 << 60)
    refused(ErrorCode.STORAGE_FULL, send, plain, b"content", None, 1 << 40)
    assert everything(plain) == []


def test_a_broken_transfer_leaves_nothing(plain: World) -> None:
    with pytest.raises(ZeroDivisionError), plain.uploads.receive(plain.ws, sha(b"content"), 7) as receiver:
        receiver.write(bytes(3 // len(everything(plain)) // 0))
    assert everything(plain) == []


@pytest.mark.parametrize("name", ["../x", "a" * 63, "A" * 64, "..%2f" + "a" * 59, "a" * 63 + "\n"])
def test_addresses_of_content_are_digests(plain: World, name: str) -> None:
    refused(ErrorCode.USAGE, send, plain, b"x", name)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"basename": "../x"}, ErrorCode.PATH_NOT_ALLOWED), ({"basename": ".."}, ErrorCode.PATH_NOT_ALLOWED),
        ({"basename": "a/b"}, ErrorCode.PATH_NOT_ALLOWED), ({"basename": "a\0"}, ErrorCode.PATH_NOT_ALLOWED),
        ({"basename": "x" * 256}, ErrorCode.PATH_NOT_ALLOWED), ({"basename": None}, ErrorCode.PATH_NOT_ALLOWED),
        ({"purpose": "models"}, ErrorCode.USAGE), ({"manifest": {"files": []}}, ErrorCode.DOCUMENT_INVALID),
        ({"path": "../x"}, ErrorCode.PATH_NOT_ALLOWED), ({"path": "/etc/x"}, ErrorCode.PATH_NOT_ALLOWED),
        ({"path": "a\\..\\x"}, ErrorCode.PATH_NOT_ALLOWED), ({"path": "a//b"}, ErrorCode.PATH_NOT_ALLOWED),
        ({"sha256": "../../x"}, ErrorCode.DOCUMENT_INVALID), ({"size": -1}, ErrorCode.DOCUMENT_INVALID),
        ({"mode": "4755"}, ErrorCode.DOCUMENT_INVALID),
    ],
)  # fmt: skip
def test_bad_requests(change: dict[str, Any], code: ErrorCode) -> None:
    file = {"path": "a", "size": 1, "sha256": sha(b"x"), "mode": "644"}
    file.update({k: v for k, v in change.items() if k in file})
    body = {"manifest": {"files": [file]}, "purpose": "data", "basename": "b"}
    body.update({k: v for k, v in change.items() if k in body})
    refused(code, UploadRequest.from_json, body)


def test_a_manifest_of_another_digest(plain: World) -> None:
    request = upload_request(CODE)
    refused(ErrorCode.USAGE, plain.uploads.complete, plain.ws, "0" * 64, request)


def test_the_same_upload_at_once(plain: World) -> None:
    files = {f"f{n}": f"content {n}".encode() for n in range(40)}
    start = threading.Barrier(6)

    def client(_: int) -> str:
        start.wait(30)
        for _ in range(3):  # as the SDK does
            answer = plain.upload(files)
            if not answer.missing:
                return answer.uri
        raise AssertionError(answer.missing)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(client, range(6)))) == 1
    location = plain.datastores.resolve(plain.ws, plain.upload(files).uri)
    assert {e.path: e.size for e in plain.storage.walk(location)} == {n: len(c) for n, c in files.items()}


def test_uploads_that_share_files_at_once(plain: World) -> None:
    start = threading.Barrier(6)

    def client(number: int) -> str:
        start.wait(30)
        for _ in range(4):
            files = {"shared": b"s" * 1000, "own": str(number).encode()}
            answer = plain.upload(files, "code" if number % 2 else "data")
            if not answer.missing:
                return answer.uri
        raise AssertionError(answer.missing)

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(client, range(6)))) == 6


def test_changed_code_is_not_run(plain: World, tmp_path: Path) -> None:
    answer = plain.upload(CODE, "code")
    root = plain.assets.snapshot_root(plain.ws)
    store = SnapshotStore(root)
    blob = root / "blobs" / sha(b"print(1)\n")[:2] / sha(b"print(1)\n")
    blob.write_bytes(b"print(6)\n")
    assert "train.py" in refused(ErrorCode.INTEGRITY, store.materialize, answer.digest, tmp_path / "w1").message
    assert not (tmp_path / "w1/train.py").exists()
    blob.unlink()
    refused(ErrorCode.INTEGRITY, store.materialize, answer.digest, tmp_path / "w2")
    plain.upload(CODE, "code")
    store.materialize(answer.digest, tmp_path / "w3")
    manifest = root / "manifests" / f"{answer.digest}.json"
    changed = json.loads(manifest.read_text())
    changed["files"][0]["path"] = "../../evil"
    for text in (json.dumps(changed), json.dumps({"files": changed["files"][1:]}), "[", ""):
        manifest.write_text(text)
        refused(ErrorCode.INTEGRITY, store.materialize, answer.digest, tmp_path / "w4")
    assert not (tmp_path / "w4").exists()
    plain.upload(CODE, "code")
    store.materialize(answer.digest, tmp_path / "w5")


def test_damaged_code_is_mended_by_the_next_upload(plain: World, tmp_path: Path) -> None:
    answer = plain.upload(CODE, "code")
    root = plain.assets.snapshot_root(plain.ws)
    blob = root / "blobs" / sha(b"print(1)\n")[:2] / sha(b"print(1)\n")
    blob.write_bytes(b"print(6)\n")
    plain.upload(CODE, "code")
    SnapshotStore(root).materialize(answer.digest, tmp_path / "w")
    assert (tmp_path / "w/train.py").read_bytes() == b"print(1)\n"


def test_snapshots_that_are_not_there(plain: World, tmp_path: Path) -> None:
    store = SnapshotStore(plain.assets.snapshot_root(plain.ws))
    for digest in ("0" * 64, "../../secret", ""):
        refused(ErrorCode.REFERENCE_NOT_FOUND, store.materialize, digest, tmp_path / "w")
        assert not plain.assets.has_snapshot(plain.ws, digest)


def test_a_job_can_not_be_led_out_of_its_folder(plain: World, tmp_path: Path) -> None:
    answer = plain.upload({"a.py": b"1"}, "code")
    (tmp_path / "w").mkdir()
    (tmp_path / "w/a.py").symlink_to(tmp_path / "victim")
    with pytest.raises(LapisError):
        SnapshotStore(plain.assets.snapshot_root(plain.ws)).materialize(answer.digest, tmp_path / "w")
    assert not (tmp_path / "victim").exists()


def test_archives_are_files(plain: World) -> None:
    answer = plain.upload({"bomb.zip": b"PK\x03\x04", "x.tar.gz": b"\x1f\x8b"})
    found = [e.path for e in plain.storage.walk(plain.datastores.resolve(plain.ws, answer.uri))]
    assert found == ["bomb.zip", "x.tar.gz"]
