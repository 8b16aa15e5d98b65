"""Jobs that wrote something of which no news came are told of, as long as nobody asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.compute.node import stirring
from lapisml.backends.compute.node.stirring import Stirring
from lapisml.ports.compute import Handle


def job(root: Path, name: str, part: int = 0) -> tuple[Handle, Path]:
    folder = root / "runs" / "default" / (f"{name}+{part}" if part else name)
    folder.mkdir(parents=True)
    (folder / "spec.json").write_text("{}")
    return Handle("default", name, "key", part), folder


def test_what_is_written_after_a_question_is_told_until_it_is_asked_again(tmp_path: Path) -> None:
    watched = Stirring(tmp_path)
    quiet, _ = job(tmp_path, "quiet")
    loud, folder = job(tmp_path, "loud", 2)
    watched.note([quiet, loud])
    assert watched.look() == []
    (folder / "journal.jsonl").write_text("{}\n")
    assert watched.look() == ["loud"]
    assert watched.look() == ["loud"]
    watched.note([loud])
    assert watched.look() == []


def test_one_that_has_ended_is_told_until_the_server_knows(tmp_path: Path) -> None:
    """Also when it asked between the last line of the journal and the exit status, or saw it still supervised."""
    watched = Stirring(tmp_path)
    handle, folder = job(tmp_path, "over")
    (folder / "exit.json").write_text("{}")
    watched.note([handle])
    assert watched.look() == ["over"]
    watched.note([handle])
    assert watched.look() == ["over"]
    watched.forget(handle)
    assert watched.look() == []
    assert len(watched) == 0


def test_jobs_of_nobody_are_left_alone(tmp_path: Path) -> None:
    """Those that are not here, were discarded, or about which nobody asks however often they are told of."""
    watched = Stirring(tmp_path)
    handle, folder = job(tmp_path, "left")
    watched.note([handle, Handle("default", "elsewhere", "key")])
    assert len(watched) == 1
    (folder / "journal.jsonl").write_text("{}\n")
    told = 0
    while watched.look():
        told += 1
    assert told == 20
    assert len(watched) == 0
    watched.note([handle])
    (folder / "journal.jsonl").unlink()
    (folder / "spec.json").unlink()
    assert watched.look() == []
    assert len(watched) == 0


def test_very_many_take_turns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stirring, "AT_ONCE", 2)
    watched = Stirring(tmp_path)
    made = [job(tmp_path, f"job{number}") for number in range(5)]
    watched.note([handle for handle, _folder in made])
    for _handle, folder in made:
        (folder / "journal.jsonl").write_text("{}\n")
    assert [watched.look() for _ in range(3)] == [["job0", "job1"], ["job2", "job3"], ["job4", "job0"]]
