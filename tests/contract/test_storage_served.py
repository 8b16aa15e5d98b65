"""The storage port's promise through the server, for a job that runs elsewhere and holds a sealed ticket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.fernet import Fernet

from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.node.tickets import LIFETIME_MS, Tickets
from lapisml.server.platform.vault import Vault
from lapisml.testing.storage import StorageSuite
from tests.support import tickets
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.server import LapisServer

JOB = Handle("default", "calm_fennel", "calm_fennel-key")


class StoppedClock:
    """A clock that stands still; milliseconds since the epoch."""

    def __init__(self, at: int) -> None:
        self._at = at

    def now_ms(self) -> int:
        return self._at


def sealed(
    server: LapisServer,
    place: Path,
    *,
    writable: bool = True,
    root: Path | None = None,
    workspace: str = "default",
    at: int = 0,
    job: Handle = JOB,
    status: str = "Running",
) -> StorageLocation:
    """Seal a place of the server's machine as the server does for a job."""
    tickets.let_run(server, job, status)
    made_by = tickets.of(server, StoppedClock(at) if at else SystemClock())
    plain = StorageLocation("file", str(place), {}, str(root) if root else None).to_json()
    made: dict[str, Any] = dict(made_by.seal_for(workspace)(plain, writable, job))
    made["options"] = {**made["options"], "server_file": str(server.home / "run" / "server.json")}
    return StorageLocation.from_json(made)


@pytest.fixture
def storage() -> FsspecStorage:
    return FsspecStorage()


class TestServed(StorageSuite):
    @pytest.fixture
    def folder(self, shared_server: LapisServer, tmp_path: Path) -> StorageLocation:
        place = tmp_path / "served"
        place.mkdir()
        return sealed(shared_server, place)

    @pytest.fixture
    def storage(self) -> Storage:
        return FsspecStorage()


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder of the server's machine, with a secret beside it."""
    made = tmp_path / "store" / "mine"
    made.mkdir(parents=True)
    (made / "a.txt").write_text("mine")
    (tmp_path / "store" / "secret.txt").write_text("canary")
    return made


def refused(act: Callable[[], Any], *codes: ErrorCode) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act()
    assert caught.value.code in codes, caught.value
    return caught.value


def test_a_single_file_is_a_location_too(shared_server: LapisServer, storage: FsspecStorage, place: Path) -> None:
    one = sealed(shared_server, place / "a.txt", root=place.parent)
    assert one.name == "a.txt"
    assert storage.read_range(one, 0, 10) == b"mine"
    out = sealed(shared_server, place / "new" / "b.txt", root=place)
    storage.put_file(place / "a.txt", out)
    assert (place / "new" / "b.txt").read_text() == "mine"


@pytest.mark.parametrize(
    "path", ["../secret.txt", "x/../../secret.txt", "/etc/passwd", "..", "a\\..\\b", "%2e%2e/secret.txt"]
)
def test_a_ticket_leads_nowhere_else(shared_server: LapisServer, place: Path, path: str) -> None:
    """Whatever path is asked for with a ticket, by somebody who builds requests by hand."""
    ticket = str(sealed(shared_server, place).options["ticket"])
    for what in ("content", "info", "walk", "children"):
        status, body = shared_server.request("GET", f"/api/v1/node/{what}?path={quote(path)}", token=ticket)
        assert status in (400, 404) or body in ({"info": None}, {"value": []}, b"null\n"), (what, body)
        assert b"canary" not in (body if isinstance(body, bytes) else json.dumps(body).encode())
    status, _ = shared_server.request(
        "PUT",
        f"/api/v1/node/content?path={quote(path)}",
        b"x",
        token=ticket,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert status == 400 or path.startswith("%2e")
    assert (place.parent / "secret.txt").read_text() == "canary"


def test_a_link_does_not_lead_out(shared_server: LapisServer, storage: FsspecStorage, place: Path) -> None:
    (place / "link").symlink_to(place.parent / "secret.txt")
    (place / "folder").symlink_to(place.parent)
    location = sealed(shared_server, place)
    for name in ("link", "folder/secret.txt"):
        refused(lambda name=name: storage.read_range(location.child(name), 0, 10), ErrorCode.PATH_NOT_ALLOWED)
    refused(lambda: storage.put_file(place / "a.txt", location.child("folder/secret.txt")), ErrorCode.PATH_NOT_ALLOWED)
    assert (place.parent / "secret.txt").read_text() == "canary"


def test_a_ticket_to_read_changes_nothing(shared_server: LapisServer, storage: FsspecStorage, place: Path) -> None:
    location = sealed(shared_server, place, writable=False)
    assert storage.read_range(location.child("a.txt"), 0, 10) == b"mine"
    for act in (
        lambda: storage.put_file(place / "a.txt", location.child("b.txt")),
        lambda: storage.put_tree(place, location),
        lambda: storage.delete(location.child("a.txt")),
    ):
        assert "not changed" in refused(act, ErrorCode.FORBIDDEN).message
    assert sorted(p.name for p in place.iterdir()) == ["a.txt"]


def test_who_has_no_ticket_gets_nothing(shared_server: LapisServer, place: Path) -> None:
    """No ticket, half of one, another server's, an old one, one of a workspace that is no more, an access token."""
    good = str(sealed(shared_server, place).options["ticket"])
    other = Tickets(Vault(Fernet.generate_key()), SystemClock(), lambda _job: Hold.HEARD).seal_for("default")
    stranger = other(
        {"protocol": "file", "path": str(place)}, True, Handle("default", "calm_fennel", "calm_fennel-key")
    )
    at = SystemClock().now_ms() - LIFETIME_MS - 1000
    silent = Handle("default", "silent", "key")
    old = sealed(shared_server, place, at=at, job=silent, status="NotResponding").options["ticket"]
    gone = sealed(shared_server, place, workspace="nowhere").options["ticket"]
    bad = [None, good[:-4] + "AAAA", stranger["options"]["ticket"], old, gone, shared_server.token]
    for token in bad:
        status, body = shared_server.request("GET", "/api/v1/node/content?path=a.txt", token=token)
        assert status in (401, 403), (token, status, body)
    status, body = shared_server.request("GET", "/api/v1/node/content?path=a.txt", token=good)
    assert (status, body) == (200, b"mine")
    status, _ = shared_server.request("GET", "/api/v1/workspaces", token=good)
    assert status == 401


def test_a_thousand_small_files_are_few_requests(
    shared_server: LapisServer, storage: FsspecStorage, tmp_path: Path
) -> None:
    source, place = tmp_path / "source", tmp_path / "served"
    place.mkdir()
    for number in range(1000):
        path = source / f"{number % 10}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {number}")
    (source / "big.bin").write_bytes(b"x" * 3_000_000)
    location = sealed(shared_server, place)
    assert storage.put_tree(source, location) == 1001
    assert storage.get(location, tmp_path / "back") == 1001
    for path in source.rglob("*"):
        if path.is_file():
            assert (tmp_path / "back" / path.relative_to(source)).read_bytes() == path.read_bytes()


def test_half_a_bundle_is_refused(shared_server: LapisServer, place: Path) -> None:
    ticket = str(sealed(shared_server, place).options["ticket"])
    headers = {"Content-Type": "application/octet-stream"}
    status, _ = shared_server.request("PUT", "/api/v1/node/bundle", b"\0\0\0\5ab", token=ticket, headers=headers)
    assert status == 422
    assert sorted(p.name for p in place.iterdir()) == ["a.txt"]
    for asked in (b"{", b"[]", b'{"paths": 5}', b"null"):
        headers = {"Content-Type": "application/json"}
        status, _ = shared_server.request("POST", "/api/v1/node/fetch", asked, token=ticket, headers=headers)
        assert status == 422, asked


def test_a_server_that_is_away_is_waited_for(start_server: Callable[..., LapisServer], place: Path) -> None:
    """Killed, and back at another address: the job's helper says what it waits for, and goes on."""
    server = start_server()
    location = sealed(server, place)
    server.kill9()
    told: list[str] = []
    storage = FsspecStorage()
    storage.when_waiting(told.append)
    done: list[bytes] = []
    work = threading.Thread(target=lambda: done.append(storage.read_range(location.child("a.txt"), 0, 10)), daemon=True)
    work.start()
    eventually(lambda: told, what="a sentence about what is waited for")
    assert "Waiting for the Lapis server" in told[0]
    server.port = free_port()
    server.url = f"http://127.0.0.1:{server.port}"
    server.start()
    work.join(30)
    assert done == [b"mine"]
    assert told[-1] == "The Lapis server is back."


def test_one_that_stays_away_is_an_error_in_the_end(storage: FsspecStorage, tmp_path: Path) -> None:
    options = {"ticket": "t", "base": "/x", "server_file": str(tmp_path / "none.json"), "patience_s": 0.1}
    error = refused(lambda: storage.info(StorageLocation("lapis", "/x", options)), ErrorCode.STORAGE_UNREACHABLE)
    assert "no server has said where it is" in error.message


def test_the_server_is_called_by_the_name_it_goes_by(
    shared_server: LapisServer, storage: FsspecStorage, place: Path, tmp_path: Path
) -> None:
    """Other machines reach it under names of their own; what stands beside the address is what it answers to."""
    location = sealed(shared_server, place)
    record = tmp_path / "server.json"
    location.options["server_file"] = str(record)  # type: ignore[index]
    record.write_text(json.dumps({"url": shared_server.url, "host": "login.cluster:1234"}))
    refused(lambda: storage.info(location.child("a.txt")), ErrorCode.ADDRESS_NOT_ALLOWED)
    record.write_text(json.dumps({"url": shared_server.url.replace("127.0.0.1", "127.0.0.2"), "host": "localhost"}))
    location = StorageLocation.from_json({**location.to_json(), "options": {**location.options, "patience_s": 0}})
    refused(lambda: storage.info(location.child("a.txt")), ErrorCode.STORAGE_UNREACHABLE)
    record.write_text(json.dumps({"url": shared_server.url, "host": "localhost:1"}))
    assert storage.read_range(location.child("a.txt"), 0, 9) == b"mine"
