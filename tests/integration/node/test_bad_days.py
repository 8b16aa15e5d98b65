"""Agents that are killed, links that are cut, nodes that are full or have another time: no job is lost or doubled."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.backends.compute.node import boot, pack
from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.backends.compute.node.transport import Streams
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, JobPhase, Outcome, Watch
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig, snapshot
from tests.support.polling import eventually
from tests.support.processes import free_port

LOG = "user_logs/std_log.txt"


def agent_pid(backend: RemoteBackend) -> int:
    return int(backend.link.connect()["pid"])


def remote(bench: Bench) -> RemoteBackend:
    assert isinstance(bench.backend, RemoteBackend)
    return bench.backend


def test_a_killed_agent_is_replaced_and_the_job_never_notices(rig: NodeRig, bench: Bench) -> None:
    handle = bench.running("echo up; sleep 1; echo done; exit 3")
    os.kill(agent_pid(remote(bench)), signal.SIGKILL)
    course = bench.follow(handle)
    assert (course.exit.exit_code, bench.log(handle)) == (3, "up\ndone\n")
    assert course.phases == ["preparing", "starting", "running", "finalizing", "ended"]


def test_killed_in_the_middle_of_frames(rig: NodeRig, bench: Bench) -> None:
    """A long log is read while its agent is killed again and again: not a byte is wrong."""
    handle = bench.submit("head -c 60000000 /dev/urandom; exit 1")
    bench.follow(handle)
    whole = (rig.root / "runs" / "default" / handle.job / LOG).read_bytes()
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.15):
            pid = remote(bench).link.facts.get("pid")
            if pid and remote(bench).link.is_up:
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    read = bytearray()
    try:
        deadline = time.monotonic() + 40
        while len(read) < len(whole):
            assert time.monotonic() < deadline
            try:
                read += bench.backend.read_log(handle, LOG, len(read), 2_000_000).data
            except LapisError as error:
                assert error.code is ErrorCode.SERVER_UNREACHABLE  # noqa: PT017 - any other is a fault
    finally:
        over.set()
        killer.join()
    assert bytes(read) == whole


def test_submits_through_a_link_that_is_cut_all_the_time_run_once(rig: NodeRig, bench: Bench) -> None:
    code = snapshot(rig.home / "snapshots", {f"f{number}.txt": os.urandom(50_000) for number in range(20)})
    over = threading.Event()

    def cut() -> None:
        while not over.wait(0.08):
            remote(bench).link.cut()

    specs = [bench.spec(f"echo ran >> {rig.home}/ran.{number}", code=code) for number in range(12)]
    bench.run("true")
    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        for spec in specs:
            eventually(lambda spec=spec: _is_submitted(bench, spec), 40, what=f"{spec.job} is handed over")
    finally:
        over.set()
        cutter.join()
    for number, spec in enumerate(specs):
        course = bench.follow(Handle(spec.workspace, spec.job, spec.submit_key))
        assert course.exit.outcome is Outcome.COMPLETED, course.exit
        assert (rig.home / f"ran.{number}").read_text() == "ran\n"


def _is_submitted(bench: Bench, spec: object) -> bool:
    try:
        bench.backend.submit(spec)  # type: ignore[arg-type]
    except LapisError as error:
        assert error.code is ErrorCode.SERVER_UNREACHABLE, error  # noqa: PT017 - any other is a fault
        return False
    return True


def test_while_nothing_is_heard_nothing_is_known(rig: NodeRig, bench: Bench) -> None:
    """An agent that is stopped stands for a network that swallows everything; the job is told of when it is back."""
    handle = bench.running("echo up; sleep 600")
    os.kill(agent_pid(remote(bench)), signal.SIGSTOP)
    eventually(lambda: bench.look(handle).phase is JobPhase.UNKNOWN, 30, what="the silence is noticed")
    seen = bench.look(handle)
    assert "can't be asked since" in seen.sentence or "just broke" in seen.sentence
    assert seen.exit is None
    rig.told.clear()
    eventually(lambda: bench.look(handle).phase is JobPhase.RUNNING, 30, what="the job is found again")
    eventually(lambda: handle.job in rig.told, what="the server is told to look again")
    bench.backend.cancel(handle, grace_s=1)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


def test_an_agent_whose_server_is_gone_ends(rig: NodeRig) -> None:
    """A server that vanished without closing anything: its agent does not listen for ever."""
    backend = rig.backend(pace=Pace(ping=100, quiet=0.2, patience=5))
    pid = agent_pid(backend)
    eventually(lambda: agent_pid(backend) != pid, 20, what="the agent ended for want of a sign, and came again")


def test_a_node_that_can_not_be_reached(rig: NodeRig) -> None:
    backend = rig.backend(transport=ProcessTransport(str(rig.root), "/nowhere/python"))
    with pytest.raises(LapisError) as caught:
        backend.submit(Bench(lambda: backend, rig.home).spec("true"))
    assert caught.value.code is ErrorCode.SERVER_UNREACHABLE
    assert "/nowhere/python can't be started" in caught.value.message
    found = backend.observe([Watch(Handle("default", "a", "k"), 7, 9)])[0]
    assert (found.phase, found.journal_cursor, found.metrics_cursor, found.exit) == (JobPhase.UNKNOWN, 7, 9, None)
    assert "can't be asked since" in found.sentence
    standing = backend.describe()
    assert standing.state == "unreachable"
    assert "/nowhere/python" in standing.sentence


def test_an_interpreter_that_is_too_old(rig: NodeRig) -> None:
    check = "import sys; sys.exit(sys.version_info >= (3, 11))"
    known = [*Path("/root/.pyenv/versions").glob("3.[6-9].*/bin/python"), *Path("/usr/bin").glob("python3.[6-9]")]
    old = [str(p) for p in known if subprocess.run([p, "-c", check], check=False).returncode == 0]
    if not old:
        pytest.skip("this machine has no old Python")
    with pytest.raises(LapisError) as caught:
        rig.backend(transport=ProcessTransport(str(rig.root), old[0])).link.connect()
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    assert "has python 3." in caught.value.message
    assert "interpreter:" in (caught.value.hint or "")


def test_a_login_that_prints_a_banner(rig: NodeRig, tmp_path: Path) -> None:
    """What profile scripts print comes before what the agent says."""
    noisy = ("/bin/sh", "-c", 'echo "Welcome to gpu1"; printf "no line end"; exec "$@"', "sh")
    bench = Bench(lambda: rig.backend(transport=ProcessTransport(str(rig.root), prefix=noisy)), rig.home, rig.root)
    assert bench.run("exit 4").exit.exit_code == 4
    shouting = ("/bin/sh", "-c", "yes 'no entry'", "sh")
    with pytest.raises(LapisError) as caught:
        rig.backend(transport=ProcessTransport(str(rig.root), prefix=shouting)).link.connect()
    assert "no entry" in caught.value.message


class _Garbage:
    """Gives garbage the first two times, an agent then."""

    def __init__(self, real: ProcessTransport) -> None:
        self._real = real
        self.opened = 0

    async def open(self) -> Streams:
        self.opened += 1
        if self.opened > 2:
            return await self._real.open()
        reader = asyncio.StreamReader()
        reader.feed_data(b"\x00\x00\x00\x04null\0\0\0\0" if self.opened == 1 else os.urandom(5000))
        _unused, writer = await self._real.open()
        return reader, writer

    async def close(self) -> None:
        await self._real.close()


def test_garbage_on_the_wire(rig: NodeRig) -> None:
    transport = _Garbage(ProcessTransport(str(rig.root)))
    bench = Bench(lambda: rig.backend(transport=transport), rig.home, rig.root)
    assert bench.run("exit 5").exit.exit_code == 5
    assert transport.opened == 3


def test_garbage_to_the_agent(rig: NodeRig) -> None:
    """The agent ends, with a line in its log."""

    async def talk() -> bytes:
        transport = ProcessTransport(str(rig.root))
        reader, writer = await transport.open()
        writer.write(b"\xff" * 100)
        rest = await reader.read()
        await transport.close()
        return rest

    assert asyncio.run(talk()) == b""
    assert "not a frame of this protocol" in (rig.root / "run" / "agent.log").read_text()


def test_a_server_of_another_version_finds_the_jobs_of_the_one_before(
    rig: NodeRig, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pack changes while a job runs: its supervisor goes on with the old one, the agent is the new one's."""
    handle = bench.running("echo up; sleep 0.5; exit 6")
    known = pack.pack()
    folder = rig.home / "other" / "lapisml"
    shutil.copytree(Path(pack.lapisml.__file__).parent, folder, ignore=shutil.ignore_patterns("server", "__pycache__"))
    (folder / "core" / "newer.py").write_text("# a later version\n")
    monkeypatch.setattr(pack.lapisml, "__file__", str(folder / "__init__.py"))
    pack.pack.cache_clear()
    newer = pack.pack()
    monkeypatch.undo()
    pack.pack.cache_clear()
    assert newer.digest != known.digest
    monkeypatch.setattr(boot, "pack", lambda: newer)
    bench.restart()
    assert bench.follow(handle).exit.exit_code == 6
    assert bench.run("exit 7").exit.exit_code == 7
    assert sorted(p.name for p in (rig.root / "pack").iterdir()) == sorted((known.digest, newer.digest))


def test_two_servers_have_two_folders_on_one_node(rig: NodeRig, bench: Bench) -> None:
    bench.run("true")
    stranger = replace(rig, label="ba9876543210", made=[], told=[])
    with pytest.raises(LapisError) as caught:
        stranger.backend().link.connect()
    assert "belongs to another installation" in caught.value.message
    stranger.close()
    both = NodeRig(rig.home, rig.root.with_name("node2"), label="ba9876543210")
    assert Bench(both.backend, both.home, both.root).run("exit 8").exit.exit_code == 8
    both.close()


def test_two_servers_of_one_installation_share_a_node(rig: NodeRig, bench: Bench) -> None:
    """The one that came last hears the news and is the way back; when it goes, the other is."""
    first, second = remote(bench), rig.backend()
    first.link.connect()
    own = first.link.facts["server_url"]
    second.link.connect()
    record = rig.root / "run" / "server.json"
    assert second.link.facts["server_url"] in record.read_text()
    second.close()
    eventually(lambda: own in record.read_text(), 30, what="the first one's way stands there again")
    rig.told.clear()
    handle = bench.submit("true")
    eventually(lambda: handle.job in rig.told, 30, what="the first one hears the news again")
    bench.follow(handle)


def test_news_arrives_without_asking(rig: NodeRig, bench: Bench) -> None:
    handle = bench.submit("sleep 0.2")
    eventually(lambda: rig.told.count(handle.job) >= 2, what="the job began and ended")
    assert bench.look(handle).phase in (JobPhase.ENDED, JobPhase.FINALIZING)


_SKEWED = """
import os, sys, time
skew = {skew}
sys.executable = {wrapper!r}
for name, unit in (("time", 1), ("time_ns", 10**9)):
    setattr(time, name, (lambda real, unit: lambda: real() + skew * unit)(getattr(time, name), unit))
words = sys.argv[1:]
while words and words[0] != "-c":
    words.pop(0)
sys.argv = ["-c", *words[2:]]
exec(compile(words[1], "<text>", "exec"), {{"__name__": "__main__"}})
"""


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_a_node_with_another_time(rig: NodeRig, tmp_path: Path, skew: int) -> None:
    """Two hours off: the times of journal, metrics and exit are the server's all the same."""
    wrapper, driver = tmp_path / "python", tmp_path / "skewed.py"
    driver.write_text(_SKEWED.format(skew=skew, wrapper=str(wrapper)))
    wrapper.write_text(f'#!/bin/sh\nexec {sys.executable} -I {driver} "$@"\n')
    wrapper.chmod(0o700)
    transport = ProcessTransport(str(rig.root), str(wrapper))
    bench = Bench(lambda: rig.backend(transport=transport), rig.home, rig.root)
    began = time.time() * 1000
    handle = bench.submit("sleep 0.2; exit 1")
    course = bench.follow(handle)
    there = (rig.root / "runs" / "default" / handle.job / "exit.json").stat().st_mtime
    assert abs(there - time.time()) < 60
    assert abs(remote(bench).link.ahead_ms - skew * 1000) <= 2000
    times = [entry.at for entry in course.journal] + [course.exit.ended_at, course.exit.started_at or 0]
    assert all(began - 3000 <= at <= time.time() * 1000 + 3000 for at in times), (began, times)


@pytest.fixture
def small(rig: NodeRig) -> Iterator[NodeRig]:
    """A node whose disk has 8 MiB."""
    rig.root.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(rig.root)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield rig
    rig.close()
    subprocess.run(["umount", "-l", str(rig.root)], check=True)


def test_a_full_disk_on_the_node(small: NodeRig) -> None:
    """A job that does not fit there is refused with that reason and tried again; then it runs."""
    bench = Bench(small.backend, small.home, small.root)
    bench.run("true")
    filler = small.root / "filler"
    code = snapshot(small.home / "snapshots", {"big.bin": os.urandom(1_000_000)})
    filler.write_bytes(bytes(os.statvfs(small.root).f_bavail * 4096))
    spec = bench.spec("exit 2", code=code)
    with pytest.raises(LapisError) as caught:
        bench.backend.submit(spec)
    assert caught.value.code is ErrorCode.STORAGE_FULL
    filler.unlink()
    assert bench.follow(bench.backend.submit(spec)).exit.exit_code == 2


def test_a_node_too_full_for_the_agent(small: NodeRig) -> None:
    (small.root / "filler").write_bytes(bytes(os.statvfs(small.root).f_bavail * 4096))
    with pytest.raises(LapisError) as caught:
        small.backend().link.connect()
    assert caught.value.code is ErrorCode.STORAGE_FULL


def test_code_travels_once_and_is_checked(rig: NodeRig, bench: Bench) -> None:
    files = {"a.txt": b"alpha", "deep/b.bin": os.urandom(9_000_000), "same.txt": b"alpha"}
    code = snapshot(rig.home / "snapshots", files)
    course = bench.run("cat a.txt same.txt; sha256sum deep/b.bin", code=code)
    assert course.exit.exit_code == 0
    store = rig.root / "snapshots"
    blobs = {p.name: p.stat().st_mtime_ns for p in (store / "blobs").rglob("*") if p.is_file()}
    assert len(blobs) == 2
    assert bench.run("true", code=code).exit.exit_code == 0
    assert {p.name: p.stat().st_mtime_ns for p in (store / "blobs").rglob("*") if p.is_file()} == blobs
    victim = next(p for p in (store / "blobs").rglob("*") if p.is_file() and p.stat().st_size == 5)
    victim.write_bytes(b"omega")
    assert bench.run("cat a.txt", code=code).exit.reason_code.value == "CodeIntegrity"


def test_another_machine_has_the_port_in_a_row(rig: NodeRig) -> None:
    address, first = rig.backend().free_ports(16)
    assert address
    assert 1024 <= first < 65520
    assert free_port()
