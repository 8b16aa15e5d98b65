"""The files and sockets that serving processes share (`lapisml.ports.serving`)."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from lapisml.ports.serving import (
    AppliedRecord,
    DeploymentRoute,
    EndpointRoute,
    GatewayRecord,
    Places,
    ReplicaRecord,
    RevisionRecord,
    Routes,
    bound,
    connectable,
    is_revision,
    read,
    tell,
    write,
)

RECORDS = [
    Routes(3, "x", (EndpointRoute("ws", "ep", keys=("a",), deployments={"blue": DeploymentRoute("a" * 12)}),)),
    RevisionRecord("a" * 12, "ready", replicas=(ReplicaRecord(0, "s", True, 7, 1),), acceleration={"state": "on"}),
    GatewayRecord(1, "boot", 2, "127.0.0.1", 8797, "http://127.0.0.1:8797", {"pid": 3}),
    AppliedRecord(3, {"pid": 3}),
]


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Folders whose names are longer than a socket's address may be."""
    made = Places(tmp_path / ("x" * 120) / "serving")
    made.make()
    return made


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_a_record_is_read_as_it_was_written(places: Places, record: Routes) -> None:
    path = places.home / "record.json"
    write(path, record)
    assert read(type(record), path) == record
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in places.home.iterdir() if one.is_file()] == ["record.json"]


def test_what_another_release_wrote_can_be_read(places: Places) -> None:
    newer = {"version": 1, "new": 2, "endpoints": [{"workspace": "w", "name": "e", "new": 3, "keys": None}]}
    newer["endpoints"][0]["deployments"] = {"blue": {"revision": "a" * 12, "new": 4}}  # type: ignore[index]
    places.routes.write_text(json.dumps(newer))
    found = read(Routes, places.routes)
    assert found is not None
    assert found.endpoints[0].deployments["blue"] == DeploymentRoute("a" * 12)
    assert found.endpoints[0].keys == ()


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"endpoints": [1]}', '{"endpoints": [{"name": "e"}]}', "\0"])
def test_what_is_no_record_is_none(places: Places, text: str) -> None:
    places.routes.write_text(text)
    assert read(Routes, places.routes) is None
    assert read(Routes, places.home / "absent") is None


def test_messages_reach_a_socket_with_a_long_path(places: Places) -> None:
    path = places.control("a" * 12)
    assert not tell(path, {"do": "drain"}), "nobody listens yet"
    with bound(path, socket.SOCK_DGRAM) as listener:
        assert path.stat().st_mode & 0o777 == 0o600
        assert tell(path, {"do": "drain"})
        assert json.loads(listener.recv(100)) == {"do": "drain"}
    assert not tell(path, {"do": "drain"}), "nobody listens any more"


def test_a_message_to_one_who_does_not_read_does_not_wait(places: Places) -> None:
    with bound(places.wake, socket.SOCK_DGRAM):
        told = [tell(places.wake, {}) for _ in range(5000)]
    assert told[0]
    assert not told[-1]


def test_a_socket_takes_the_place_of_an_old_one(places: Places) -> None:
    path = places.socket("a" * 12, 0)
    bound(path, socket.SOCK_STREAM).close()
    with bound(path, socket.SOCK_STREAM) as listener, socket.socket(socket.AF_UNIX) as client:
        with connectable(path) as address:
            client.connect(address)
        accepted, _ = listener.accept()
        accepted.close()
        assert not os.get_inheritable(listener.fileno())


def test_a_folder_that_is_gone_leaves_no_descriptor(places: Places) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(FileNotFoundError):
        bound(places.home / "gone" / ("y" * 50) / "s.sock", socket.SOCK_STREAM)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("text", ["", "a" * 11, "a" * 13, "A" * 12, "../../../etc", "g" * 12])
def test_a_revision_is_twelve_digits(text: str) -> None:
    assert not is_revision(text)
    assert is_revision("0123456789ab")
