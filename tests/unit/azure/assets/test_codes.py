"""Code sent in a pending upload: taken in as a snapshot, found by name and by the hash of its content."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.runner.snapshots import SnapshotStore
from lapisml.server.surfaces.azure.nouns.codes import code_reference
from tests.unit.azure.assets.conftest import SCOPE, URL, Arm

FILES = {"train.py": b"print(1)\n", "Lib/util.py": b"x = 1\n", "run.sh": b"#!/bin/sh\nls\n", "empty": b""}


def hash_of(files: dict[str, bytes]) -> str:
    """Hash files as the SDK does (way 202208)."""
    ordered = sorted(files, key=str.lower)
    hashed = hashlib.sha256(str(len(files)).encode())
    for path in ordered:
        hashed.update(f"#{path}#".encode())
        hashed.update(str(len(files[path])).encode())
    for path in ordered:
        hashed.update(files[path])
    return hashed.hexdigest()


def put(arm: Arm, uri: str, name: str = "c", version: str = "1", hashed: str | None = None) -> int:
    properties = {"hash_sha256": hashed, "hash_version": "202208"} if hashed else {}
    return arm.ask("PUT", f"codes/{name}/versions/{version}", {"codeUri": uri, "properties": properties})[0]


def refused(code: ErrorCode, arm: Arm, uri: str, name: str = "c", version: str = "1") -> LapisError:
    with pytest.raises(LapisError) as caught:
        put(arm, uri, name, version)
    assert caught.value.code is code
    return caught.value


def test_upload_to_snapshot(arm: Arm, tmp_path: Path) -> None:
    uri = arm.upload(FILES)
    assert uri.startswith(f"{URL}/default.blob.lapis/upload-")
    assert put(arm, uri) == 201
    reference = code_reference(arm.services, arm.world.ws, f"azureml:{SCOPE}/codes/c/versions/1")
    digest = reference.rpartition("/")[2]
    SnapshotStore(arm.world.assets.snapshot_root(arm.world.ws)).materialize(digest, tmp_path / "out")
    found = {p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in (tmp_path / "out").rglob("*.*")}
    assert found == {path: content for path, content in FILES.items() if path != "empty"}
    assert (tmp_path / "out/run.sh").stat().st_mode & 0o100, "a script with an interpreter can be executed"
    assert not (tmp_path / "out/train.py").stat().st_mode & 0o100
    assert reference == arm.world.upload({k: v for k, v in FILES.items() if k != "run.sh"}, "code").uri or digest
    assert arm.properties("codes/c/versions/1")["codeUri"] == uri


def test_same_files_give_the_digest_of_our_own_uploads(arm: Arm) -> None:
    files = {"train.py": b"print(1)\n", "lib/a.py": b""}
    put(arm, arm.upload(files))
    assert (
        code_reference(arm.services, arm.world.ws, f"{SCOPE}/codes/c/versions/1") == arm.world.upload(files, "code").uri
    )


def test_found_by_hash_under_any_name(arm: Arm) -> None:
    hashed = hash_of(FILES)
    assert arm.ask("GET", f"codes/other/versions?hash={hashed}&hashVersion=202208")[1] == {"value": []}
    put(arm, arm.upload(FILES), hashed=hashed)
    [found] = arm.ask("GET", f"codes/other/versions?hash={hashed}&hashVersion=202208")[1]["value"]
    assert found["id"] == f"{SCOPE}/codes/c/versions/1"
    assert arm.ask("GET", f"codes/other/versions?hash={hashed}&hashVersion=1")[1] == {"value": []}


def test_a_wrong_hash_leads_nobody_to_other_code(arm: Arm) -> None:
    wrong = hash_of({"train.py": b"good"})
    assert put(arm, arm.upload({"train.py": b"evil"}), hashed=wrong) == 201
    assert arm.ask("GET", f"codes/x/versions?hash={wrong}&hashVersion=202208")[1] == {"value": []}


def test_the_same_again_and_other_content(arm: Arm) -> None:
    uri = arm.upload(FILES)
    assert [put(arm, uri), put(arm, uri)] == [201, 200], "a repeated request finds what the first one made"
    assert put(arm, arm.upload(FILES)) == 200
    refused(ErrorCode.CONFLICT, arm, arm.upload({"train.py": b"other"}))
    assert put(arm, arm.upload({"train.py": b"other"}), version="2") == 201
    versions = arm.ask("GET", "codes/c/versions")[1]["value"]
    assert {entry["name"] for entry in versions} == {"1", "2"}
    assert arm.properties("codes/c")["nextVersion"] == "3"
    assert [entry["name"] for entry in arm.ask("GET", "codes")[1]["value"]] == ["c"]


def test_a_file_alone_and_code_that_lies_in_a_datastore(arm: Arm) -> None:
    assert put(arm, arm.upload({"train.py": b"1"}, base="") + "/") == 201
    arm.world.put("azureml://datastores/workspaceblobstore/paths/LocalUpload/h/src/", {"a.py": b"2"})
    assert put(arm, f"{URL}/default.blob.lapis/workspaceblobstore/LocalUpload/h/src", "d") == 201
    assert put(arm, "azureml://datastores/workspaceblobstore/paths/LocalUpload/h/src", "e") == 201


def test_what_is_not_there(arm: Arm) -> None:
    refused(ErrorCode.NOT_FOUND, arm, f"{URL}/default.blob.lapis/upload-{'0' * 32}/src")
    refused(ErrorCode.NOT_FOUND, arm, arm.upload({"a": b"1"}) + "2")
    refused(ErrorCode.PATH_NOT_ALLOWED, arm, arm.upload({"a": b"1"}) + "/../../x")
    refused(ErrorCode.DOCUMENT_INVALID, arm, arm.upload({"a": b"1"}), name="..a")
    for elsewhere in ("https://example.com/x.py", "file:///etc/passwd", "/etc/passwd", "git+https://example.com/x"):
        refused(ErrorCode.FORBIDDEN, arm, elsewhere)
    with pytest.raises(LapisError) as caught:
        arm.ask("GET", "codes/none/versions/1")
    assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(LapisError) as caught:
        code_reference(arm.services, arm.world.ws, f"{SCOPE}/codes/none/versions/1")
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert arm.ask("GET", "codes/none/versions")[1] == {"value": []}
    assert arm.ask("DELETE", "codes/none/versions/1")[0] == 204


def test_what_is_no_id_of_code_stays(arm: Arm) -> None:
    for text in (f"azureml://codes/{'a' * 64}", "git+https://example.com/x", "./src", "src"):
        assert code_reference(arm.services, arm.world.ws, text) == text


def test_a_snapshot_of_our_own_is_code_by_its_digest(arm: Arm) -> None:
    digest = arm.world.upload({"a.py": b"1"}, "code").digest
    assert arm.properties(f"codes/{digest}/versions/1")["codeUri"] == f"azureml://codes/{digest}"
    assert code_reference(arm.services, arm.world.ws, f"{SCOPE}/codes/{digest}/versions/1").endswith(digest)


def test_code_that_was_damaged_is_sent_again_and_mended(arm: Arm, tmp_path: Path) -> None:
    hashed = hash_of(FILES)
    put(arm, arm.upload(FILES), hashed=hashed)
    root = arm.world.assets.snapshot_root(arm.world.ws)
    blob = root / "blobs" / (sha := hashlib.sha256(FILES["train.py"]).hexdigest())[:2] / sha
    blob.write_bytes(b"evil(1)!\n")
    assert arm.ask("GET", f"codes/x/versions?hash={hashed}&hashVersion=202208")[1] == {"value": []}
    put(arm, arm.upload(FILES), name="again", hashed=hashed)
    [found] = arm.ask("GET", f"codes/x/versions?hash={hashed}&hashVersion=202208")[1]["value"]
    assert found["id"].endswith("/codes/again/versions/1")
    reference = code_reference(arm.services, arm.world.ws, "azureml:c:1")
    SnapshotStore(root).materialize(reference.rpartition("/")[2], tmp_path / "out")
    assert (tmp_path / "out/train.py").read_bytes() == FILES["train.py"]


def test_what_a_killed_server_left_is_removed(arm: Arm) -> None:
    left, fresh = (arm.world.assets.snapshot_root(arm.world.ws) / "parts" / name for name in ("left", "fresh"))
    for folder in (left, fresh):
        folder.mkdir(parents=True)
        (folder / "x").write_bytes(b"1")
    os.utime(left, (0, 0))
    put(arm, arm.upload(FILES))
    assert [folder.exists() for folder in (left, fresh)] == [False, True]


def test_forgotten_code(arm: Arm) -> None:
    hashed = hash_of(FILES)
    put(arm, arm.upload(FILES), hashed=hashed)
    assert arm.ask("DELETE", "codes/c/versions/1")[0] == 200
    assert arm.ask("GET", f"codes/x/versions?hash={hashed}&hashVersion=202208")[1] == {"value": []}
    assert arm.ask("GET", "codes")[1]["value"] == []


def test_tags_of_code_change(arm: Arm) -> None:
    uri = arm.upload(FILES)
    put(arm, uri)
    arm.ask("PUT", "codes/c/versions/1", {"codeUri": uri, "tags": {"a": "b"}, "description": "d"})
    found = arm.properties("codes/c/versions/1")
    assert (found["tags"], found["description"]) == ({"a": "b"}, "d")
