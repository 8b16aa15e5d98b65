"""What the SSH backend makes of a document, and the one line that a machine's shell is given."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.ssh import shell
from lapisml.backends.compute.ssh.hosts import SshHost, places, read_hosts, read_login
from lapisml.backends.compute.ssh.members import LostError, UnsureError, members_of
from lapisml.backends.compute.ssh.placements import Placement, Placements, Spot
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle


def test_hosts_take_what_they_do_not_say_from_the_document() -> None:
    document = {
        "hosts": ["a.example", {"address": "10.0.0.7", "port": 2222, "username": "bo", "slots": None}],
        "slots": 2,
        "ssh_settings": {"admin_username": "ada", "ssh_port": 23},
    }
    assert read_hosts(document) == [SshHost("a.example", 23, "ada", 2), SshHost("10.0.0.7", 2222, "bo", 2)]
    assert read_hosts({"address": "fe80::1", "ssh_settings": {"admin_username": "ada"}})[0].name == "fe80::1"
    assert read_login({"address": "login", "admin_username": "ada", "port": 24}) == SshHost("login", 24, "ada")
    assert SshHost("fe80::1", 24, "ada").name == "[fe80::1]:24"


def test_a_port_that_is_none_is_refused() -> None:
    with pytest.raises(LapisError) as caught:
        read_login({"address": "login", "port": 70_000, "username": "ada"})
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


def test_hosts_take_turns() -> None:
    hosts = [SshHost(name, 22, "u", slots) for name, slots in (("a", 2), ("b", 3), ("c", 1))]
    assert places(hosts) == [0, 1, 2, 0, 1, 1]


def test_the_line_is_one_that_every_shell_reads_alike() -> None:
    line = shell.line()
    assert line.startswith("exec /bin/sh -c '")
    assert line.endswith("'")
    assert not set("'!\n\r") & set(line[len("exec /bin/sh -c '") : -1])
    assert len(line) < 32_000
    checked = subprocess.run(["/bin/sh", "-n", "-c", line], capture_output=True, check=False)
    assert checked.returncode == 0, checked.stderr


def test_placements_survive_the_server(tmp_path: Path) -> None:
    handle = Handle("default", "job", "key")
    placement = Placement("key", (Spot("a", 22, "n1"), Spot("b", 23)), ("10.0.0.1", "10.0.0.2"), (4000, 5000))
    Placements(tmp_path).put("job", placement)
    Placements(tmp_path).note_given("job")
    assert Placements(tmp_path).note_lost("job", 1, "gone", 5) == ("gone", 5)
    assert Placements(tmp_path).note_lost("job", 1, "other words", 6) == ("gone", 5)
    found = Placements(tmp_path).get(handle)
    assert found is not None
    assert (found.spots, found.ports, found.given, found.lost) == (
        placement.spots,
        (4000, 5000),
        True,
        {1: ("gone", 5)},
    )
    assert Placements(tmp_path).get(Handle("default", "job", "another")) is None
    assert (tmp_path / "job.json").stat().st_mode & 0o077 == 0
    known = Placements(tmp_path)
    known.remove("job")
    known.remove("job")
    assert known.of_job("job") is None
    assert known.of_job("../job") is None


class _Backend:
    def __init__(self, node: str) -> None:
        self.facts = {"node": node} if node else {}


def _members(*facts: tuple[str, str]) -> list[object]:
    from lapisml.backends.compute.ssh.members import Member

    return [
        Member(number, SshHost(address, 22, "u"), _Backend(node))  # type: ignore[arg-type]
        for number, (address, node) in enumerate(facts)
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([("a", "n1"), ("b", "n2")], 0),
        ([("a", ""), ("b", "n2")], 0),  # not reached yet: it is taken at its word
        ([("c", "n1"), ("b", "n2")], 0),  # moved
        ([("a", "n2"), ("b", "n1")], 1),  # the two have changed their addresses
        ([("a", "n3"), ("b", "n2")], "set up anew"),
        ([("b", "n2")], "taken out of the document"),
        ([("b", "")], UnsureError),
        ([("a", "n3"), ("b", "")], UnsureError),
    ],
)
def test_when_a_machine_counts_as_gone(facts: list[tuple[str, str]], expected: object) -> None:
    members = _members(*facts)
    placement = Placement("key", (Spot("a", 22, "n1"),))
    if expected is UnsureError:
        with pytest.raises(UnsureError):
            members_of(placement, members, "lab")  # type: ignore[arg-type]
        return
    found = members_of(placement, members, "lab")[0]  # type: ignore[arg-type]
    if isinstance(expected, str):
        assert isinstance(found, LostError)
        assert expected in str(found)
    else:
        assert found is members[int(str(expected))]
