"""Uploads and downloads: what is read, what is sent, what is written."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.manifest import Manifest
from lapisml.sdk import transport as transport_module
from lapisml.sdk.downloads import download_tree
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport
from lapisml.sdk.uploads import read_content, upload
from tests.unit.sdk.conftest import Act, Handler, Peer, answer, hang_up


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport_module, "RETRY_DELAYS", (0.01, 0.01))


def _sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _code(folder: Path) -> Path:
    (folder / "pkg").mkdir(parents=True)
    (folder / "train.py").write_text("print(1)")
    (folder / "run.sh").write_text("echo")
    (folder / "run.sh").chmod(0o755)
    (folder / "pkg" / "same.py").write_text("print(1)")
    (folder / "secret.env").write_text("x")
    (folder / ".amlignore").write_text("*.env\n")
    return folder


def test_content_of_a_folder_has_hashes_sizes_modes_and_obeys_the_ignore_file(tmp_path: Path) -> None:
    content = read_content(_code(tmp_path / "src"))
    files = {f.path: (f.size, f.sha256, f.mode) for f in content.manifest.files}
    same = (8, _sha("print(1)"), "644")
    assert files == {"pkg/same.py": same, "run.sh": (4, _sha("echo"), "755"), "train.py": same}
    assert content.basename == "src"


def test_content_of_one_file_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("a,b")
    content = read_content(tmp_path / "data.csv")
    assert [f.path for f in content.manifest.files] == ["data.csv"]
    assert content.basename == "data.csv"


@pytest.mark.parametrize("missing", ["nothing", "empty"])
def test_nothing_to_read_is_an_error(missing: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LapisError) as caught:
        read_content(tmp_path / missing)
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert missing in caught.value.message


class _Store:
    """The server's side of uploads, as the contract of the addresses says; loses the first blob once."""

    def __init__(self, has: set[str], lose_first: bool = False) -> None:
        self.blobs: dict[str, bytes] = {}
        self.has = has
        self._lose = lose_first

    def __call__(self, handler: Handler) -> None:
        method, target, _, body = handler.peer.seen[-1]
        if method == "PUT":
            if self._lose:
                self._lose = False
                hang_up(handler)
                return
            self.blobs[target.rpartition("/")[2]] = body
            handler.answer(200, {})
            return
        manifest = Manifest.from_dict(json.loads(body)["manifest"])
        wanted = [f.sha256 for f in manifest.files if f.sha256 not in self.blobs.keys() | self.has]
        uri = f"azureml://codes/{manifest.digest()}"
        handler.answer(200, {"digest": manifest.digest(), "missing": sorted(set(wanted)), "uri": uri})


def test_only_what_is_missing_is_sent_and_once(peer: Peer, transport: Transport, tmp_path: Path) -> None:
    store = _Store({_sha("echo")}, lose_first=True)
    peer.script = [store]
    folder = _code(tmp_path / "src")
    session = Session(transport, "default")
    uri = upload(session, folder, "code")
    assert uri == f"azureml://codes/{read_content(folder).manifest.digest()}"
    assert store.blobs == {_sha("print(1)"): b"print(1)"}
    before = len(peer.seen)
    assert upload(session, folder, "code") == uri
    assert all(method == "POST" for method, *_ in peer.seen[before:])


def test_progress_counts_every_byte_sent(peer: Peer, transport: Transport, tmp_path: Path) -> None:
    seen: list[tuple[str, int, list[int]]] = []

    @contextmanager
    def progress(label: str, total: int) -> Iterator[Callable[[int], None]]:
        seen.append((label, total, []))
        yield seen[-1][2].append

    (tmp_path / "big").write_bytes(os.urandom(1_000_000))
    peer.script = [_Store(set())]
    upload(Session(transport, "default", progress), tmp_path / "big", "data")
    label, total, parts = seen[0]
    assert (label, total, sum(parts)) == ("Uploading big", 1_000_000, 1_000_000)


def _files(contents: dict[str, bytes], break_at: int | None = None) -> Act:
    broken: set[str] = set()

    def act(handler: Handler) -> None:
        query = {k: v[0] for k, v in parse_qs(urlsplit(handler.path).query, keep_blank_values=True).items()}
        if "/content/file" not in handler.path:
            handler.answer(200, {"value": [{"path": p, "size": len(c)} for p, c in contents.items()], "next": None})
            return
        content = contents[query.get("path", "")]
        start = int((handler.headers.get("Range") or "bytes=0-")[6:-1])
        if break_at is not None and query["path"] not in broken and len(content) > break_at:
            broken.add(query["path"])
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content[:break_at])
            hang_up(handler)
            return
        handler.answer(206 if start else 200, content[start:])

    return act


def test_a_tree_is_downloaded_and_a_broken_transfer_goes_on(peer: Peer, transport: Transport, tmp_path: Path) -> None:
    contents = {"a.txt": b"a", "sub/big.bin": os.urandom(300_000), "sub/empty": b""}
    peer.script = [_files(contents, break_at=100_000)]
    written = download_tree(Session(transport, "default"), "azureml://jobs/j/outputs/artifacts", tmp_path / "out")
    assert sorted(str(p.relative_to(tmp_path / "out")) for p in written) == ["a.txt", "sub/big.bin", "sub/empty"]
    assert {k: (tmp_path / "out" / k).read_bytes() for k in contents} == contents
    assert any("Range" in headers for _, _, headers, _ in peer.seen)
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("path", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "a\0b"])
def test_a_server_cannot_write_outside_the_target(path: str, peer: Peer, transport: Transport, tmp_path: Path) -> None:
    peer.script = [answer(200, {"value": [{"path": path, "size": 1}], "next": None})]
    with pytest.raises(LapisError) as caught:
        download_tree(Session(transport, "default"), "azureml://x", tmp_path / "out")
    assert caught.value.code is ErrorCode.PATH_NOT_ALLOWED
    assert list(tmp_path.iterdir()) == []
