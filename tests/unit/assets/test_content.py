"""Files handed out: whole, in ranges, and only those of the workspace's stores."""

from __future__ import annotations

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.content import requested_range
from lapisml.server.features.assets.records import AssetKind
from tests.support.assets import ARTIFACTS, World

ROOT = f"{ARTIFACTS}/ExperimentRun/dcid.j"
OUTPUT = "azureml://jobs/j/outputs/artifacts"


@pytest.mark.parametrize(
    ("header", "expected"),
    [(None, None), ("bytes=0-", (0, 10)), ("bytes=3-5", (3, 6)), ("bytes=3-99", (3, 10)), ("bytes=-4", (6, 10)),
     ("bytes=-99", (0, 10)), ("bytes=10-", (10, 10)), ("bytes=-0", (10, 10)), ("bytes=5-3", None), ("lines=1-2", None),
     ("bytes=1-2,4-5", None), ("bytes=a-b", None), ("bytes=" + "9" * 30 + "-", None)],
)  # fmt: skip
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert requested_range(header, 10) == expected


def test_lists_and_files(plain: World) -> None:
    plain.put(ROOT, {"b/c.txt": b"0123456789", "a.txt": b""})
    assert plain.content.files(plain.ws, OUTPUT) == [{"path": "a.txt", "size": 0}, {"path": "b/c.txt", "size": 10}]
    assert plain.content.files(plain.ws, f"{OUTPUT}/paths/b/c.txt") == [{"path": "", "size": 10}]
    whole = plain.content.read(plain.ws, OUTPUT, "b/c.txt", None)
    assert (whole.status, b"".join(whole.body), whole.headers["Content-Length"]) == (200, b"0123456789", "10")
    part = plain.content.read(plain.ws, OUTPUT, "b/c.txt", "bytes=7-")
    assert (part.status, b"".join(part.body), part.headers["Content-Range"]) == (206, b"789", "bytes 7-9/10")
    assert plain.content.read(plain.ws, OUTPUT, "b/c.txt", "bytes=10-").status == 416
    assert b"".join(plain.content.read(plain.ws, OUTPUT, "a.txt", None).body) == b""


def test_nothing_runs_in_the_servers_origin(plain: World) -> None:
    name = 'x";\r\nSet-Cookie: a=b; ü.html'.replace("\r\n", "")
    plain.put(ROOT, {name: b"<script>"})
    headers = plain.content.read(plain.ws, OUTPUT, name, None).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Disposition"].isascii()
    assert '"' not in headers["Content-Disposition"]


@pytest.mark.parametrize(
    "path", ["../dcid.k/s", "..", "/etc/passwd", "b/../../dcid.k/s", "..\\x", "%2e%2e/dcid.k/s", "b\x00", "file:///etc/passwd"]
)  # fmt: skip
def test_no_way_out(plain: World, path: str) -> None:
    plain.put(ROOT, {"b/c.txt": b"1"})
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.k", {"s": b"secret"})
    with pytest.raises(LapisError) as caught:
        plain.content.read(plain.ws, OUTPUT, path, None)
    assert caught.value.code in (ErrorCode.PATH_NOT_ALLOWED, ErrorCode.NOT_FOUND)
    assert str(plain.home) not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    ["azureml://datastores/workspaceblobstore/paths/../../../secret.key", "azureml://jobs/j/outputs/artifacts/paths/../x",
     "azureml://jobs/../outputs/artifacts", "runs:/../x", "azureml://datastores/../paths/x"],
)  # fmt: skip
def test_no_way_out_by_the_address(plain: World, uri: str) -> None:
    with pytest.raises(LapisError) as caught:
        plain.content.files(plain.ws, uri)
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


@pytest.mark.parametrize(
    "uri", ["file:///etc/passwd", "/etc/passwd", "https://example.com/x", "http://169.254.169.254/x"]
)
def test_the_server_reads_its_own_stores_only(plain: World, uri: str) -> None:
    document = {"name": "d", "path": uri}
    plain.assets.create(plain.ws, AssetKind.DATA, document, "ann")
    for asked in (uri, "azureml:d:1"):
        with pytest.raises(LapisError) as caught:
            plain.content.files(plain.ws, asked)
        assert caught.value.code is ErrorCode.FORBIDDEN


def test_links_that_leave_the_store(plain: World) -> None:
    plain.put(ROOT, {"a": b"1"})
    folder = plain.storage.local_path(plain.assets.location(plain.ws, OUTPUT))
    assert folder is not None
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "up").symlink_to(plain.home)
    for path in ("out", "up/secret.key"):
        with pytest.raises(LapisError) as caught:
            plain.content.read(plain.ws, OUTPUT, path, None)
        assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED


def test_another_workspaces_files(plain: World) -> None:
    other, _ = plain.workspaces.create_or_update("default-2", {"name": "default-2"}, "eve")
    plain.put(ROOT, {"a": b"1"})
    for uri in (OUTPUT, "azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.j"):
        with pytest.raises(LapisError) as caught:
            plain.content.files(other, uri)
        assert caught.value.code is ErrorCode.NOT_FOUND
    local = {"name": "spy", "type": "local", "path": str(plain.home / "storage/default")}
    with pytest.raises(LapisError) as caught:
        plain.datastores.create_or_update(other, local, "eve")
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED
