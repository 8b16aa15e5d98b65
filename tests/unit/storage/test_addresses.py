"""The guard against server-side request forgery, with real names and real servers."""

from __future__ import annotations

import http.server
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.storage.addresses import check_url, resolve_checked, why_blocked
from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation
from tests.support.processes import free_port

CONTENT = bytes(range(256)) * 40


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "169.254.170.2", "100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fe80::1",
     "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::", "0.0.0.0", "::", "224.0.0.1",
     "255.255.255.255"],
)  # fmt: skip
@pytest.mark.parametrize("allow_private", [False, True])
def test_never(address: str, allow_private: bool) -> None:
    assert why_blocked(ipaddress.ip_address(address), allow_private=allow_private)


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fc00::1", "::ffff:10.0.0.1"]
)
def test_private_only_when_allowed(address: str) -> None:
    assert why_blocked(ipaddress.ip_address(address), allow_private=False)
    assert why_blocked(ipaddress.ip_address(address), allow_private=True) is None


@pytest.mark.parametrize("address", ["93.184.216.34", "20.60.1.1", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public(address: str) -> None:
    assert why_blocked(ipaddress.ip_address(address), allow_private=False) is None


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[fe80::1]",
             "[::ffff:169.254.169.254]"]
)  # fmt: skip
def test_every_spelling_of_the_metadata_address(host: str) -> None:
    with pytest.raises(LapisError) as caught:
        check_url(f"http://{host}/latest/meta-data/", allow_private=True)
    assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/", "gopher://x", "http:///x", "http://x:99999/"]
)
def test_schemes_and_ports(url: str) -> None:
    with pytest.raises(LapisError) as caught:
        check_url(url, allow_private=True)
    assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(LapisError) as caught:
        resolve_checked("does-not-exist.invalid", 80, allow_private=True)
    assert caught.value.code is ErrorCode.STORAGE_UNREACHABLE


Answer = tuple[int, dict[str, str], bytes]


class _Handler(http.server.BaseHTTPRequestHandler):
    answers: dict[str, Callable[[str | None], Answer]]
    seen: list[tuple[str, str | None]]

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.seen.append((self.path, self.headers.get("Host")))
        found = self.answers.get(path)
        status, headers, body = found(self.headers.get("Range")) if found else (404, {}, b"")
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Web:
    """A web server of a test's own."""

    def __init__(self) -> None:
        handler = type("Handler", (_Handler,), {"answers": {}, "seen": []})
        self.answers: dict[str, Callable[[str | None], Answer]] = handler.answers  # type: ignore[attr-defined]
        self.seen: list[tuple[str, str | None]] = handler.seen  # type: ignore[attr-defined]
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.port = self._server.server_address[1]

    def location(self, path: str, **options: Any) -> StorageLocation:
        return StorageLocation("http", f"http://127.0.0.1:{self.port}{path}", {"allow_private": True, **options})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    made.answers["/data/iris.csv"] = _ranged
    made.answers["/plain.csv"] = lambda _: (200, {}, CONTENT)
    made.answers["/empty"] = lambda _: (200, {}, b"")
    yield made
    made.close()


@pytest.fixture
def storage() -> FsspecStorage:
    return FsspecStorage()


def _ranged(header: str | None) -> Answer:
    if header is None:
        return 200, {}, CONTENT
    start, _, end = header.removeprefix("bytes=").partition("-")
    part = CONTENT[int(start) : int(end) + 1 if end else None]
    return 206, {"Content-Range": f"bytes {start}-{int(start) + len(part) - 1}/{len(CONTENT)}"}, part


@pytest.mark.parametrize("path", ["/data/iris.csv", "/plain.csv"])
def test_reading(web: Web, storage: FsspecStorage, tmp_path: Path, path: str) -> None:
    location = web.location(path + "?sig=secret")
    found = storage.info(location)
    assert found is not None
    assert (found.size, found.is_dir) == (len(CONTENT), False)
    assert [e.path for e in storage.walk(location)] == [path.rpartition("/")[2]]
    moved: list[int] = []
    storage.get(location, tmp_path / "x", moved.append)
    assert (tmp_path / "x").read_bytes() == CONTENT
    assert sum(moved) == len(CONTENT)
    with storage.open_read(location, 9000) as stream:
        assert stream.read() == CONTENT[9000:]
    assert "secret" not in str(location) + repr(location.options)
    assert storage.read_range(web.location("/empty"), 0, 5) == b""


def test_absent_refused_away(web: Web, storage: FsspecStorage, tmp_path: Path) -> None:
    web.answers["/forbidden"] = lambda _: (403, {}, b"")
    web.answers["/broken"] = lambda _: (500, {}, b"")
    web.answers["/short"] = lambda _: (200, {"Content-Length": "99999"}, b"only this")
    assert storage.info(web.location("/none")) is None
    dead = StorageLocation("http", f"http://127.0.0.1:{free_port()}/x", {"allow_private": True})
    for location in (web.location("/forbidden"), web.location("/broken"), dead):
        with pytest.raises(LapisError) as caught:
            storage.info(location)
        assert caught.value.code is ErrorCode.STORAGE_UNREACHABLE
    with pytest.raises(LapisError) as caught:
        storage.get(web.location("/short"), tmp_path / "short")
    assert caught.value.code is ErrorCode.STORAGE_UNREACHABLE
    assert list(tmp_path.iterdir()) == []


def test_private_addresses_need_leave(web: Web, storage: FsspecStorage) -> None:
    with pytest.raises(LapisError) as caught:
        storage.info(web.location("/plain.csv", allow_private=False))
    assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED
    assert "LAPIS_ALLOW_PRIVATE_ADDRESSES" in str(caught.value)
    assert web.seen == []


def test_redirects_are_checked(web: Web, storage: FsspecStorage) -> None:
    web.answers["/moved"] = lambda _: (302, {"Location": "/plain.csv"}, b"")
    assert storage.read_range(web.location("/moved"), 0, 5) == CONTENT[:5]
    for target in (
        "http://169.254.169.254/latest/",
        "file:///etc/passwd",
        "ftp://x/",
        "http://[fe80::1]/",
        "gopher://x",
    ):
        web.answers["/evil"] = lambda _, target=target: (302, {"Location": target}, b"")  # type: ignore[misc]
        with pytest.raises(LapisError) as caught:
            storage.info(web.location("/evil"))
        assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED
    web.answers["/round"] = lambda _: (302, {"Location": "/round"}, b"")
    with pytest.raises(LapisError, match="too many redirects"):
        storage.info(web.location("/round"))


def test_a_name_that_changes_its_mind(web: Web, storage: FsspecStorage, monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer would be the metadata address; there is no second question."""
    asked: list[str] = []

    def resolver(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "169.254.169.254"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    location = StorageLocation("http", f"http://mirror.example:{web.port}/plain.csv", {"allow_private": True})
    assert storage.read_range(location, 0, 5) == CONTENT[:5]
    assert asked == ["mirror.example"]
    assert web.seen == [("/plain.csv", f"mirror.example:{web.port}")]
    with pytest.raises(LapisError) as caught:
        storage.info(location)
    assert caught.value.code is ErrorCode.ADDRESS_NOT_ALLOWED


def test_read_only_and_without_folders(web: Web, storage: FsspecStorage, tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    for act in (
        lambda: storage.put_file(tmp_path / "x", web.location("/x")), lambda: storage.delete(web.location("/x")),
        lambda: storage.children(web.location("/")), lambda: list(storage.walk(web.location("/none/"))),
    ):  # fmt: skip
        with pytest.raises(LapisError) as caught:
            act()
        assert caught.value.code is ErrorCode.NOT_SUPPORTED
