"""What the local backend does with a home that is not as it should be."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import JobPhase
from lapisml.testing.compute_bench import Bench


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
