"""Logging in to a machine by SSH, on good days and bad ones; every refusal says what to do."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.backends.compute.ssh import SshTransport, login_transport
from lapisml.core.errors import ErrorCode, LapisError
from tests.support import sshd
from tests.support.processes import free_port
from tests.support.sshd import SshMachine


def way(
    machine: SshMachine, root: str = "~/.lapis-node/x", interpreter: str | None = None, **changes: Any
) -> SshTransport:
    login = {
        "address": machine.address,
        "port": machine.port,
        "username": machine.username,
        "ssh_private_key": machine.key,
        "host_keys": [machine.host_key],
        **changes,
    }
    return login_transport(login, root, interpreter)


def tried(transport: SshTransport) -> None:
    async def go() -> None:
        try:
            await transport.open()
        finally:
            await transport.close()

    asyncio.run(go())


def refused(machine: SshMachine, **changes: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        tried(way(machine, **changes))
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
    return caught.value


def test_a_pack_is_sent_once(machine: SshMachine, tmp_path: Path) -> None:
    root = "~/.lapis-node/once" if machine.space else str(tmp_path / "once")
    tried(way(machine, root))
    place = f"/proc/{machine.inside}/root/home/ada/.lapis-node/once" if machine.space else root
    packs = list(Path(place, "pack").iterdir())
    made = (packs[0] / "lapisml" / "__init__.py").stat().st_ctime_ns
    tried(way(machine, root))
    assert list(Path(place, "pack").iterdir()) == packs
    assert (packs[0] / "lapisml" / "__init__.py").stat().st_ctime_ns == made


def test_an_unknown_host_key_is_refused_with_what_would_accept_it(machine: SshMachine) -> None:
    error = refused(machine, host_keys=[])
    assert "is not known yet: ssh-ed25519 SHA256:" in error.message
    assert machine.host_key in str(error.hint)
    assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in str(error.hint)
    line = str(error.hint).rpartition(": ")[2]
    tried(way(machine, host_keys=[line]))


def test_a_changed_host_key_is_refused_loudly(machine: SshMachine, tmp_path: Path) -> None:
    for kind in ("ed25519", "rsa"):
        sshd.make_key(tmp_path / kind, kind)
        other = " ".join((tmp_path / f"{kind}.pub").read_text().split()[:2])
        error = refused(machine, host_keys=[other])
        assert "WARNING: THE HOST KEY OF" in error.message
        assert "somebody stands between" in error.message
        assert machine.host_key in str(error.hint)


def test_lines_of_known_hosts_pin_a_machine(machine: SshMachine) -> None:
    name = machine.address if machine.port == 22 else f"[{machine.address}]:{machine.port}"
    tried(way(machine, host_keys=None, known_hosts=f"{name} {machine.host_key}\n"))
    error = refused(machine, host_keys=None, known_hosts=f"another.example {machine.host_key}\n")
    assert "is not known yet" in error.message
    error = refused(machine, host_keys=None, known_hosts=f"@revoked {name} {machine.host_key}\n")
    assert "revoked" in error.message


def test_nothing_is_sent_to_a_machine_that_is_not_known(machine: SshMachine) -> None:
    before = (machine.folder / "log").read_text().count("password for")
    refused(machine, host_keys=[], ssh_private_key=None, admin_password=sshd.PASSWORD)
    assert (machine.folder / "log").read_text().count("password for") == before


def test_wrong_port(machine: SshMachine) -> None:
    error = refused(machine, port=free_port())
    assert "Nothing listens on port" in error.message
    assert "ssh_port:" in str(error.hint)


def test_wrong_address(machine: SshMachine) -> None:
    assert "can't be resolved" in refused(machine, address="no-such-machine.invalid").message


def test_something_else_than_ssh(machine: SshMachine) -> None:
    async def go() -> str:
        async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + b"x" * 70_000)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        transport = way(machine, address="127.0.0.1", port=server.sockets[0].getsockname()[1])
        try:
            await transport.open()
        except LapisError as error:
            return error.message
        finally:
            await transport.close()
            server.close()
        return ""

    said = asyncio.run(go())
    assert "SSH" in said or "cut before" in said


def test_wrong_key(machine: SshMachine, tmp_path: Path) -> None:
    error = refused(machine, ssh_private_key=sshd.make_key(tmp_path / "other"))
    assert f"does not let {machine.username} in with the key SHA256:" in error.message
    assert "authorized_keys" in str(error.hint)


def test_wrong_user(machine: SshMachine) -> None:
    assert "does not let nobody-here in" in refused(machine, username="nobody-here").message


def test_passwords(machine: SshMachine) -> None:
    if not machine.space:
        pytest.skip("the users of this machine have passwords of their own")
    tried(way(machine, ssh_private_key=None, admin_password=sshd.PASSWORD))
    error = refused(machine, ssh_private_key=None, admin_password="canary-7")
    assert "with the password" in error.message
    assert "canary-7" not in str(error)


def test_locked_keys(machine: SshMachine, tmp_path: Path) -> None:
    text = sshd.make_key(tmp_path / "locked", passphrase="canary-8")
    (machine.folder / "authorized").write_text(
        (machine.folder.parent / "user_key.pub").read_text() + (tmp_path / "locked.pub").read_text()
    )
    tried(way(machine, ssh_private_key=text, passphrase="canary-8"))
    for given, words in ((None, "locked with a passphrase"), ("no", "can't be opened")):
        with pytest.raises(LapisError, match=words) as caught:
            way(machine, ssh_private_key=text, passphrase=given)
        assert caught.value.code is ErrorCode.DOCUMENT_INVALID
        assert "canary-8" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ssh_private_key": None}, "neither a private key nor a password"),
        ({"ssh_private_key": "nonsense"}, "no private key"),
        ({"ssh_private_key": "ssh-ed25519 AAAA x"}, "public key"),
        ({"ssh_private_key": None, "ssh_private_key_file": "/no/such/key"}, "can't be read"),
        ({"host_keys": ["ssh-ed25519 nonsense"]}, "no public key"),
        ({"known_hosts": "a b"}, "known_hosts"),
    ],
)
def test_what_can_not_work_is_refused_at_once(machine: SshMachine, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(LapisError, match=words) as caught:
        way(machine, **changes)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert caught.value.message.endswith(".")


@pytest.mark.parametrize(
    "bad", ["-oProxyCommand=touch /tmp/x", "a b", "a'b", "a\nb", "$(id)", "`id`", "a;b", "", "a\0"]
)
@pytest.mark.parametrize("key", ["address", "username"])
def test_malicious_names_reach_nothing(machine: SshMachine, key: str, bad: str) -> None:
    if (key, bad) == ("username", ""):
        pytest.skip("no user name is the server's own user")
    with pytest.raises(LapisError) as caught:
        way(machine, **{key: bad})
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


@pytest.mark.parametrize(
    "bad", ["$(touch {mark})", "`touch {mark}`", "'; touch {mark}; '", '"; touch {mark}; "', "-c touch", "a b ü"]
)
@pytest.mark.parametrize("key", ["root", "interpreter"])
def test_malicious_paths_are_only_paths(machine: SshMachine, tmp_path: Path, key: str, bad: str) -> None:
    """They go to stdin as data: a root is made under that very name, an interpreter of that name is missed."""
    tmp_path.chmod(0o777)
    mark = tmp_path / "mark"
    text = bad.format(mark=mark)
    if key == "interpreter":
        error = refused(machine, interpreter=text)
        assert f"no program at {text}" in error.message
    else:
        parent = "~/roots" if machine.space else str(tmp_path)
        tried(way(machine, f"{parent}/{text.replace('/', '_')}"))
    assert not mark.exists()
    with pytest.raises(LapisError):
        way(machine, **{key: f"{text}\n"})


def test_a_place_without_permission(machine: SshMachine, tmp_path: Path) -> None:
    if not machine.space:
        pytest.skip("the machine is this one")
    error = refused(machine, root="/lapis-of-nobody")
    assert "Folder /lapis-of-nobody on" in error.message
    assert "Permission" in error.message


def test_a_home_that_can_only_be_read(new_machine: Any) -> None:
    machine = new_machine()
    machine.do("mount -o remount,ro /home")
    assert "Read-only file system" in refused(machine).message


def test_a_full_disk(new_machine: Any) -> None:
    machine = new_machine(home_size="300k")
    with pytest.raises(LapisError) as caught:
        tried(way(machine))
    assert caught.value.code is ErrorCode.STORAGE_FULL
    assert "No space is left on" in caught.value.message


def test_no_python_and_an_old_one(new_machine: Any) -> None:
    """What is missing is named; an interpreter that the document names is taken."""
    machine = new_machine()
    machine.do(
        "mkdir -p /run/bin /run/all; mount --bind /usr/bin /run/all; cp -L /run/all/python3 /run/our-python;"
        "cd /run/all;"
        "for n in *; do case $n in python*|uv) ;; *) ln -s /run/all/$n /run/bin/$n;; esac; done;"
        "mount -t tmpfs tmpfs /usr/local/bin; mount --bind /run/bin /usr/bin"
    )
    error = refused(machine)
    assert "has no Python 3.11 or newer (no python3 at all) and no uv" in error.message
    assert "interpreter" in str(error.hint)
    machine.do(
        "printf '#!/bin/sh\\necho Python 3.9.2; exit 1\\n' >/usr/local/bin/python3; chmod 755 /usr/local/bin/python3"
    )
    assert "(Python 3.9.2) and no uv" in refused(machine).message
    tried(way(machine, interpreter="/run/our-python"))
    machine.do("printf '#!/bin/sh\\nexit 1\\n' >/usr/local/bin/uv; chmod 755 /usr/local/bin/uv")
    assert "uv could not bring a Python" in refused(machine).message
    machine.do("printf '#!/bin/sh\\necho /run/our-python\\n' >/usr/local/bin/uv")
    tried(way(machine))


@pytest.mark.parametrize("shell", ["/bin/bash", "/bin/dash", "/usr/bin/zsh", "/usr/bin/fish", "/bin/csh", "/bin/tcsh"])
def test_any_login_shell_will_do(new_machine: Any, shell: str) -> None:
    """Also one whose start-up files are talkative."""
    if not Path(shell).exists():
        pytest.skip(f"{shell} is not installed")
    machine = new_machine()
    machine.do(f"sed -i 's,:/home/ada:/bin/sh,:/home/ada:{shell},' /etc/passwd; echo 'echo welcome' >/home/ada/.bashrc")
    tried(way(machine))


def test_a_machine_that_is_silent(new_machine: Any) -> None:
    """Nobody waits longer than the limit."""
    machine = new_machine()
    machine.cut(to=False)
    began = time.monotonic()
    error = refused(machine)
    assert "did not answer within 15 s" in error.message
    assert time.monotonic() - began < 25
