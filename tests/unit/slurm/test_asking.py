"""What is asked of Slurm's commands, with commands that answer as they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.compute.slurm import places, routes
from lapisml.backends.compute.slurm.commands import SlurmError
from lapisml.backends.compute.slurm.slurm import Slurm


@pytest.fixture
def commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose files ``squeue`` and ``sacct`` print what ``<name>.out`` holds, and note each call."""
    for name in ("squeue", "sacct", "scontrol"):
        script = f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/{name}.calls\n[ -e {tmp_path}/{name}.err ] && cat '
        script += f"{tmp_path}/{name}.err >&2 && exit 1\ncat {tmp_path}/{name}.out\n"
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
        (tmp_path / f"{name}.out").touch()
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def calls(commands: Path, name: str) -> int:
    path = commands / f"{name}.calls"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_number_counts_only_with_its_mark(commands: Path) -> None:
    """A controller that lost its state gives it to others; that somebody renamed the job does not matter."""
    (commands / "squeue.out").write_text(
        "7|RUNNING|n1|N/A|None|calm.aaaa|lapis-aaaa\n8|RUNNING|n1|N/A|None|other|(null)\n"
        "9|PENDING||N/A|Priority|renamed|lapis-cccc\n"
    )
    found = Slurm(60).states({"7": "aaaa", "8": "bbbb", "9": "cccc"})
    assert {number: state.state for number, state in found.items()} == {"7": "RUNNING", "9": "PENDING"}


def test_all_that_left_the_queue_are_one_question_and_ended_ones_are_not_asked_again(commands: Path) -> None:
    (commands / "sacct.out").write_text(
        "".join(f"{n}|FAILED|n1|Unknown|None|job.aaaa\n" for n in range(100)) + "100|RUNNING|n1|Unknown|None|job.aaaa\n"
    )
    slurm = Slurm(60)
    marks = {str(n): "aaaa" for n in range(101)}
    assert len(slurm.states(marks)) == 101
    assert (calls(commands, "squeue"), calls(commands, "sacct")) == (1, 1)
    assert len(slurm.states(marks)) == 101
    assert "--jobs=100" in (commands / "sacct.calls").read_text().splitlines()[1]
    assert calls(commands, "sacct") == 2


def test_accounting_that_is_away_is_told_and_one_that_is_not_there_is_not_asked_again(commands: Path) -> None:
    slurm = Slurm(60)
    (commands / "sacct.err").write_text("sacct: error: Sending PersistInit msg: Connection refused\n")
    assert slurm.states({"7": "aaaa"}) == {}
    assert "Connection refused" in slurm.accounting_trouble
    (commands / "sacct.err").write_text("Slurm accounting storage is disabled\n")
    assert slurm.states({"7": "aaaa"}) == {}
    assert slurm.accounting_trouble == ""
    before = calls(commands, "sacct")
    assert slurm.states({"7": "aaaa"}) == {}
    assert calls(commands, "sacct") == before


def test_a_controller_that_was_started_since_is_known_by_its_time(commands: Path) -> None:
    (commands / "scontrol.out").write_text("BOOT_TIME               = 2026-11-22T07:41:00\nNEXT = 1\n")
    started = places.moment("BOOT_TIME", (commands / "scontrol.out").read_text())
    assert started is not None
    slurm = Slurm(60)
    assert slurm.has_started_since(started - 2)
    assert not slurm.has_started_since(started + 2)
    (commands / "scontrol.err").write_text("Unable to contact slurm controller\n")
    with pytest.raises(SlurmError):
        slurm.has_started_since(0)


def test_a_nodes_boot_is_read_from_one_line() -> None:
    line = "NodeName=n1 State=IDLE BootTime=2026-11-22T03:42:42 SlurmdStartTime=2026-11-22T07:47:41"
    slurmd = places.moment("SlurmdStartTime", line)
    boot = places.moment("BootTime", line)
    assert boot is not None
    assert slurmd is not None
    assert slurmd - boot == 4 * 3600 + 4 * 60 + 59
    assert places.moment("BootTime", "BootTime=None") is None


def test_the_address_towards_the_nodes_is_found() -> None:
    """Of loopback it is loopback; names that nobody knows are passed over."""
    assert routes.towards(["127.0.0.1"] * 40) == "127.0.0.1"
    assert routes.towards(["no.such.node.invalid", "127.0.0.2"]).startswith("127.0.0.")
    assert routes.towards(["no.such.node.invalid"]) == ""
    assert routes.towards([]) == ""
