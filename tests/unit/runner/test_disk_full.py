"""A job on a disk that fills up: it ends with the reason, whoever met the full disk first."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, Outcome
from lapisml.testing.compute_bench import Bench
from tests.support.server import end_everything


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bench]:
    """Jobs on a file system of 8 MiB."""
    home = tmp_path / "disk"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(home)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small file system needs root")
    yield Bench(lambda: LocalProcesses(home), home)
    end_everything(home)
    subprocess.run(["umount", "-l", str(home)], check=True)


@pytest.mark.parametrize("command", ["head -c 20000000 /dev/zero > outputs/big", "head -c 20000000 /dev/zero"])
def test_a_command_that_fills_the_disk(small: Bench, command: str) -> None:
    course = small.run(command)
    assert (course.exit.outcome, course.exit.reason_code) == (Outcome.FAILED, EndReason.DISK_FULL)
    assert course.exit.exit_code == 1
    assert "full" in course.exit.reason


def test_a_command_that_succeeds_on_a_full_disk(small: Bench) -> None:
    """Its status is kept in space that was set aside for it."""
    course = small.run(f"head -c 20000000 /dev/zero > {small.home}/filler; exit 0")
    assert course.exit.exit_code == 0
    assert course.exit.outcome is Outcome.COMPLETED


def test_cancel_works_on_a_full_disk(small: Bench) -> None:
    handle = small.running(f"echo up; head -c 20000000 /dev/zero > {small.home}/filler; echo full; sleep 600")
    small.wait((small.home / "filler").exists)
    small.wait(lambda: os.statvfs(small.home).f_bavail == 0)
    small.restart().cancel(handle, grace_s=1)
    assert small.follow(handle).exit.outcome is Outcome.CANCELED


def test_a_new_supervisor_on_a_full_disk_leaves_the_command_alone(small: Bench) -> None:
    handle = small.running(f"echo up; head -c 20000000 /dev/zero > {small.home}/filler; sleep 0.5; exit 0")
    small.wait(lambda: os.statvfs(small.home).f_bavail == 0)
    os.kill(json.loads((small.home / "runs/default" / handle.job / "process.json").read_text())["supervisor"]["pid"], 9)
    assert small.follow(handle).exit.exit_code == 0


def test_an_input_that_does_not_fit(small: Bench, tmp_path: Path) -> None:
    big = tmp_path / "big"
    big.write_bytes(bytes(20_000_000))
    given = small.input("big", mode="download")
    given = type(given)(given.type, given.uri, {**(given.location or {}), "path": str(big)}, "download")
    course = small.run("cat ${{inputs.big}}", inputs={"big": given})
    assert course.exit.reason_code is EndReason.DISK_FULL
    assert "'big'" in course.exit.reason


def test_a_job_that_finds_no_room_at_all(small: Bench) -> None:
    (small.home / "storage").mkdir()
    with pytest.raises(OSError, match="space"):
        (small.home / "filler").write_bytes(bytes(20_000_000))
    with pytest.raises(LapisError) as caught:
        small.submit("true")
    assert caught.value.code is ErrorCode.STORAGE_FULL
    (small.home / "filler").unlink()
    assert small.run("true").exit.outcome is Outcome.COMPLETED
