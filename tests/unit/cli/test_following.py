"""What a person sees of a pipeline that runs: a list on a terminal, lines elsewhere, and how it ended."""

from __future__ import annotations

import io
import re
from argparse import Namespace
from collections.abc import Sequence
from typing import Any

import pytest

from lapisml.cli.family import follow_family
from lapisml.cli.live_steps import LiveSteps, duration
from lapisml.sdk.family import FamilyTree
from lapisml.sdk.streaming import Follower
from tests.unit.sdk.test_family import DOCUMENT, move

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """A terminal of a fixed size that keeps what is drawn."""

    def isatty(self) -> bool:
        return True


class Told:
    """The operations on jobs, told what happens instead of asking a server."""

    def __init__(self, moves: Sequence[dict[str, Any]], end: dict[str, Any]) -> None:
        self._moves = moves
        self._end = end

    def follow(self, _name: str, follower: Follower) -> dict[str, Any]:
        for said in self._moves:
            if "waits" in said:
                follower.on_child_waiting(said["name"], said["waits"])
            else:
                follower.on_child(said)
        return self._end

    def log_tail(self, job: str, most: int) -> Sequence[str]:
        return [f"last of {job}"][:most]

    def get(self, name: str) -> dict[str, Any]:
        return {"name": name, "status": self._end["status"]}


def args(**given: Any) -> Namespace:
    return Namespace(**{"only_show_errors": False, "output": "json", "query": None, **given})


def run(moves: Sequence[dict[str, Any]], status: str, reason: str = "", **more: Any) -> int:
    jobs: Any = Told(moves, {"status": status, "reason": reason})
    return follow_family(args(), jobs, {"name": "p", **DOCUMENT}, show_record=more.get("show_record", False))


MOVES = [
    move("p--c", "c_prep", "Queued"),
    {"name": "p--c", "waits": "Queued: 1st in line for cpu."},
    move("p--c", "c_prep", "Running", 1),
    move("p--c", "c_prep", "Completed", 2),
    move("p--a", "a_eval", "Running", 2, type="pipeline"),
    move("p--a--fit", "fit", "Running", 3, parent="p--a"),
]


def test_elsewhere_each_change_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MOVES, "Completed", "All 3 steps completed.") == 0
    shown = capsys.readouterr()
    lines = [re.sub(r"^\[\d\d:\d\d:\d\d\] ", "", line) for line in shown.out.splitlines()]
    assert lines == [
        "c_prep: Queued: 1st in line for cpu.",
        "c_prep: Running",
        "c_prep: Completed",
        "a_eval: Running",
        "a_eval/fit: Running",
    ]
    assert shown.err == "Completed: All 3 steps completed.\n"


def test_a_failure_ends_with_the_steps_that_failed_and_their_logs(capsys: pytest.CaptureFixture[str]) -> None:
    fails = [*MOVES, move("p--a--fit", "fit", "Failed", 4, parent="p--a", reason="exit code 3")]
    assert run(fails, "Failed", "Step 'a_eval' failed.") == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines() == [
        "ERROR: Job 'p' ended as Failed: Step 'a_eval' failed.",
        "a_eval/fit (p--a--fit): exit code 3",
        "The log ends with:",
        "  last of p--a--fit",
    ]


def test_of_many_failures_the_first_are_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    many = [move(f"p--{n}", f"s{n}", "Failed", reason="no") for n in range(5)]
    assert run(many, "Failed") == 1
    assert "Failed too: s3, s4" in capsys.readouterr().err


def test_the_record_stands_alone_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(MOVES, "Completed", show_record=True) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("{")
    assert "c_prep: Running" in shown.err


def drawn(tree: FamilyTree, width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the lines of the list as it is left on the screen."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", str(height))
    monkeypatch.setenv("TERM", "xterm")
    sink = Terminal()
    with LiveSteps(tree, sink) as live:
        live.note = "2 of 3 steps"
    last = sink.getvalue().rsplit("\x1b[2K", 1)[-1]
    return [line.rstrip() for line in _CONTROL.sub("", last).replace("\r", "").splitlines() if line.strip()]


@pytest.fixture
def tree() -> FamilyTree:
    made = FamilyTree("p", DOCUMENT)
    for said in MOVES:
        if "waits" not in said:
            made.take(said)
    made.take(move("p--a--fit", "fit", "Failed", 5, parent="p--a", reason=f"exit code 3, {'long ' * 30}"))
    made.take(move("p--b", "b_train", "Completed", reused_from="old--b"))
    return made


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_list_fits_the_terminal(tree: FamilyTree, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = drawn(tree, width, 24, monkeypatch)
    assert all(len(line) <= width for line in lines)
    assert [line.split()[0] for line in lines] == ["c_prep", "b_train", "a_eval", "fit", "score"]
    assert re.fullmatch(r"c_prep +Completed +1.0 s", lines[0])
    assert lines[3].startswith("  fit")
    if width > 40:
        assert "from old--b" in lines[1]
        assert "exit code 3" in lines[3]
    assert "Not run" in lines[4]


def test_of_more_steps_than_lines_those_that_matter_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = FamilyTree("p", {"jobs": {f"s{n:03}": {} for n in range(300)}})
    for n in range(200):
        tree.take(move(f"p--{n}", f"s{n:03}", "Completed"))
    tree.take(move("p--150", "s150", "Failed", reason="no"))
    tree.take(move("p--250", "s250", "Running"))
    lines = drawn(tree, 80, 14, monkeypatch)
    assert len(lines) == 10
    assert any(line.startswith("s150") for line in lines)
    assert any(line.startswith("s250") for line in lines)
    assert lines[-1] == "… and 291 more: 199 Completed, 92 Waiting"


@pytest.mark.parametrize(
    ("seconds", "written"), [(0.04, "0.0 s"), (9.94, "9.9 s"), (12.3, "12 s"), (187, "3:07"), (3729, "1:02:09")]
)
def test_durations(seconds: float, written: str) -> None:
    assert duration(seconds) == written
