"""What the local backend does with a home that is not as it should be."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import JobPhase
from lapisml.runner import processes
from lapisml.testing.compute_bench import Bench
from tests.support.polling import eventually


def test_a_supervisor_that_can_not_start_is_unknown_not_lost(tmp_path: Path) -> None:
    bench = Bench(lambda: LocalProcesses(tmp_path, python="/bin/false"), tmp_path)
    handle = bench.submit("true")
    bench.follow(handle, lambda course: course.last is not None and course.last.phase is JobPhase.UNKNOWN)
    assert bench.look(handle).exit is None
    assert "runner.log" in bench.look(handle).sentence


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".", "..", "-x y"])
def test_a_name_that_is_no_folder_name_is_refused(tmp_path: Path, name: str) -> None:
    bench = Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    for changes in ({"job": name}, {"workspace": name}, {"outputs": {name: bench.output("o")}}):
        with pytest.raises(LapisError) as caught:
            bench.submit("true", **changes)
        assert caught.value.code is ErrorCode.NOT_SUPPORTED
    assert not list(tmp_path.rglob("spec.json"))


def test_a_half_made_folder_is_never_seen(tmp_path: Path) -> None:
    bench = Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    spec = bench.spec("true")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / spec.workspace).write_text("a file where a folder should be")
    with pytest.raises(OSError, match="exists"):
        bench.backend.submit(spec)
    assert [p.name for p in (tmp_path / "runs").iterdir()] == [spec.workspace]


def test_a_folder_that_was_removed_is_absent(tmp_path: Path) -> None:
    bench = Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    handle = bench.submit("true")
    bench.follow(handle)
    (tmp_path / "runs").rename(tmp_path / "elsewhere")
    assert bench.restart().observe([]) == []
    assert bench.look(handle).phase is JobPhase.ABSENT


def _nursery_of(pid: int) -> int:
    """Return the nursery among a process's children."""
    return next(child for child in processes.children(pid) if processes.name_of(child) == "lapis-nursery")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_jobs_start_without_the_nursery(bench: Bench, number: signal.Signals) -> None:
    """Killed or stopped, it is replaced; jobs that it had started go on."""
    before = bench.running("echo up; sleep 1; exit 3")
    os.kill(_nursery_of(os.getpid()), number)
    for code in (4, 5):
        assert bench.run(f"exit {code}").exit.exit_code == code
    assert bench.follow(before).exit.exit_code == 3


def test_the_nursery_ends_with_its_server_and_the_jobs_do_not(bench: Bench) -> None:
    """A server that is killed can't clean up: the nursery sees its socket close."""
    script = (
        "import json, sys, pathlib\n"
        "from lapisml.backends.compute.local import LocalProcesses\n"
        "from lapisml.ports.compute import LaunchSpec\n"
        "spec = LaunchSpec.from_json(json.loads(sys.argv[2]))\n"
        "backend = LocalProcesses(pathlib.Path(sys.argv[1]))\nbackend.submit(spec)\n"
        "print('submitted', flush=True); sys.stdin.read()\n"
    )
    spec = bench.spec("echo up; sleep 0.7; exit 6")
    argv = [sys.executable, "-c", script, str(bench.home), json.dumps(spec.to_json())]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == b"submitted\n"
        nursery = processes.identity(_nursery_of(server.pid))
        server.kill()
    eventually(lambda: not processes.is_alive(nursery))
    assert bench.follow(bench.backend.submit(spec)).exit.exit_code == 6
