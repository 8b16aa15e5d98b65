"""Results of steps: when they can be found, and when they can't (any more)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text

from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState
from lapisml.server.features.reuse.records import ResultState
from tests.unit.reuse.steps import STORE, Steps, command

FILES = {"model/weights.bin": b"1234567890" * 100, "model/meta/info.json": b"{}"}


def _state(steps: Steps, name: str) -> tuple[ResultState, str | None]:
    found = steps.reuse.result(steps.ws, name)
    assert found is not None
    return found.state, found.remark


def test_a_result_is_found_once_its_job_is_complete_and_read(steps: Steps) -> None:
    document = command()
    assert steps.found(document) is None
    name = steps.start(steps.pipeline("first"), "train", document)
    assert steps.found(document) is None, "it has only started"
    steps.reuse.completed(steps.ws, name)
    assert steps.found(document) is None, "its job is not complete"
    steps.finish(name, FILES)
    assert steps.found(document) is None, "its outputs were not read yet"
    steps.reuse.completed(steps.ws, name)
    found = steps.reuse.find(steps.ws, steps.reuse.key(steps.ws, document))
    assert found is not None
    assert found.job_name == name
    assert {output.name for output in found.outputs} == {"artifacts", "model"}
    assert found.outputs[1].uri == f"{STORE}/azureml/{name}/model/"


def test_other_jobs_and_repetition_change_nothing(steps: Steps) -> None:
    name = steps.run(steps.pipeline("first"), "train", command(), FILES)
    before = steps.reuse.result(steps.ws, name)
    steps.reuse.completed(steps.ws, name)
    steps.reuse.remember(steps.ws, steps.reuse.key(steps.ws, command(command="echo 2")), name)
    assert steps.reuse.result(steps.ws, name) == before
    steps.reuse.completed(steps.ws, "no-such-job")
    assert steps.reuse.result(steps.ws, "no-such-job") is None


def test_a_step_is_remembered_along_with_its_job_or_not_at_all(steps: Steps) -> None:
    key, parent = steps.reuse.key(steps.ws, command()), steps.pipeline("first")
    for _ in range(2):
        with steps.reuse.remembering(steps.ws, key, "first--train"):
            steps.jobs.composites.submit_child(steps.ws, parent, "first--train", command(), step="train")
    assert _state(steps, "first--train") == (ResultState.STARTED, None)
    steps.finish("first--train", FILES)
    steps.reuse.completed(steps.ws, "first--train")
    assert steps.found(command()) == "first--train"
    with pytest.raises(LapisError), steps.reuse.remembering(steps.ws, key, "first--other"):
        steps.jobs.composites.submit_child(steps.ws, parent, "first--other", command(compute="none"), step="other")
    assert steps.reuse.result(steps.ws, "first--other") is None


@pytest.mark.parametrize("end", [JobState.FAILED, JobState.CANCELED])
def test_a_job_that_did_not_complete_is_never_reused(plain: Steps, end: JobState) -> None:
    name = plain.start(plain.pipeline("first"), "train", command())
    plain.finish(name, FILES, end)
    plain.reuse.completed(plain.ws, name)
    assert plain.found(command()) is None
    assert _state(plain, name) == (ResultState.STARTED, None)


def _remove_all(folder: Path) -> None:
    shutil.rmtree(folder)


def _remove_one(folder: Path) -> None:
    (folder / "weights.bin").unlink()


def _truncate(folder: Path) -> None:
    os.truncate(folder / "weights.bin", 10)


def _add(folder: Path) -> None:
    (folder / "more.bin").write_bytes(b"x")


def _rename(folder: Path) -> None:
    (folder / "weights.bin").rename(folder / "weights2.bin")


def _corrupt(folder: Path) -> None:
    """Exchange one byte and put size and time back."""
    file = folder / "weights.bin"
    found = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"X")
    os.utime(file, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (found.st_size, found.st_mtime_ns)


def _exchange(folder: Path) -> None:
    """Put another file of the same size and time in its place."""
    file, other = folder / "weights.bin", folder.parent / "other"
    found = file.stat()
    other.write_bytes(b"0" * found.st_size)
    os.utime(other, ns=(found.st_atime_ns, found.st_mtime_ns))
    other.replace(file)


@pytest.mark.parametrize(
    ("damage", "remark"),
    [
        (_remove_all, "was removed"),
        (_remove_one, "has changed"),
        (_truncate, "has changed"),
        (_add, "has changed"),
        (_rename, "has changed"),
        (_corrupt, "has changed"),
        (_exchange, "has changed"),
    ],
)
def test_a_damaged_output_is_not_reused(plain: Steps, damage: Callable[[Path], None], remark: str) -> None:
    name = plain.run(plain.pipeline("first"), "train", command(), FILES)
    assert plain.found(command()) == name
    damage(plain.path(name))
    assert plain.found(command()) is None
    assert _state(plain, name) == (ResultState.LOST, f"output 'model' {remark}")
    second = plain.run(plain.pipeline("second"), "train", command(), FILES)
    assert plain.found(command()) == second


def test_a_result_that_is_lost_stays_so_when_the_file_comes_back(plain: Steps) -> None:
    name = plain.run(plain.pipeline("first"), "train", command(), FILES)
    file = plain.path(name) / "weights.bin"
    file.rename(file.with_name("away"))
    assert plain.found(command()) is None
    file.with_name("away").rename(file)
    assert plain.found(command()) is None


def test_artifacts_count_and_their_logs_do_not(plain: Steps) -> None:
    name = plain.run(plain.pipeline("first"), "train", command(), {**FILES, "artifacts/outputs/plot.png": b"png"})
    artifacts = plain.path(name, "artifacts")
    (artifacts / "user_logs").mkdir()
    (artifacts / "user_logs" / "std_log.txt").write_text("more")
    assert plain.found(command()) == name
    (artifacts / "outputs" / "plot.png").unlink()
    assert plain.found(command()) is None


def test_a_step_that_writes_nothing_is_reused_with_nothing(plain: Steps) -> None:
    name = plain.run(plain.pipeline("first"), "train", command(), {})
    assert plain.found(command()) == name
    plain.path(name).mkdir(parents=True)
    (plain.path(name) / "late").write_bytes(b"1")
    assert plain.found(command()) is None


def test_the_first_to_complete_is_taken(steps: Steps) -> None:
    slow = steps.start(steps.pipeline("first"), "train", command())
    fast = steps.run(steps.pipeline("second"), "train", command(), FILES)
    assert steps.found(command()) == fast
    steps.world.clock.advance(5)
    steps.finish(slow, FILES)
    steps.reuse.completed(steps.ws, slow)
    assert steps.found(command()) == fast
    _remove_one(steps.path(fast))
    assert steps.found(command()) == slow


def test_data_that_changed_while_the_step_ran_makes_its_result_unusable(plain: Steps) -> None:
    plain.write(f"{STORE}/data", {"a.csv": b"1"})
    document = command(inputs={"data": {"type": "uri_folder", "path": f"{STORE}/data"}})
    name = plain.start(plain.pipeline("first"), "train", document)
    plain.write(f"{STORE}/data", {"a.csv": b"2"})
    plain.finish(name, FILES)
    plain.reuse.completed(plain.ws, name)
    assert _state(plain, name) == (ResultState.UNUSABLE, "inputs.data changed while the step waited or ran")
    plain.write(f"{STORE}/data", {"a.csv": b"1"})
    assert plain.found(document) is None


def test_a_step_with_unknown_content_is_remembered_and_never_found(plain: Steps) -> None:
    document = command(inputs={"data": {"type": "uri_file", "path": "azureml:nowhere:1"}})
    key = plain.reuse.key(plain.ws, document)
    assert not key.is_whole
    plain.reuse.remember(plain.ws, key, "some-job")
    found = plain.reuse.result(plain.ws, "some-job")
    assert found is not None
    assert "nowhere" in found.key.unknown["inputs.data"]
    plain.reuse.completed(plain.ws, "some-job")
    assert plain.reuse.find(plain.ws, key) is None


def test_a_store_that_is_away_says_nothing_about_the_result(plain: Steps, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    store = {"name": "disk", "type": "local", "path": str(disk)}
    plain.world.datastores.create_or_update(plain.ws, store, "ann")
    document = command(outputs={"model": {"type": "uri_folder", "path": "azureml://datastores/disk/paths/m/"}})
    name = plain.run(plain.pipeline("first"), "train", document, FILES)
    disk.rename(tmp_path / "away")
    assert plain.found(document) is None
    (tmp_path / "away").rename(disk)
    assert plain.found(document) == name
    assert _state(plain, name) == (ResultState.REUSABLE, None)


def test_equal_steps_at_once_never_show_a_half_written_result(steps: Steps) -> None:
    names = [steps.start(steps.pipeline(f"p{n}"), "train", command()) for n in range(4)]
    for name in names:
        steps.finish(name, FILES)

    def look(_: int) -> set[int]:
        key, seen = steps.reuse.key(steps.ws, command()), set()
        for _ in range(25):
            found = steps.reuse.find(steps.ws, key)
            seen.add(len(found.outputs) if found is not None else 0)
        return seen

    with ThreadPoolExecutor(8) as pool:
        looks = [pool.submit(look, n) for n in range(4)]
        ends = [pool.submit(steps.reuse.completed, steps.ws, name) for name in names * 2]
        for end in ends:
            end.result()
        assert set().union(*(found.result() for found in looks)) <= {0, 2}
    assert steps.found(command()) in names
    results = steps.reuse.results(steps.ws, names)
    assert [r.state for r in results] == [ResultState.REUSABLE] * 4


def test_a_workspace_that_is_deleted_takes_its_results_along(steps: Steps) -> None:
    other, _ = steps.world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    key = steps.reuse.key(other, command())
    steps.reuse.remember(other, key, "some-job")
    steps.reuse.remember(steps.ws, key, "some-job")
    steps.world.workspaces.delete("other", force=True)
    with steps.world.database.read() as connection:
        left = connection.execute(text("SELECT workspace_id FROM step_results")).scalars().all()
    assert left == [steps.ws.id]


def test_results_stay_in_their_workspace(plain: Steps) -> None:
    plain.run(plain.pipeline("first"), "train", command(), FILES)
    other, _ = plain.world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    assert plain.reuse.find(other, plain.reuse.key(other, command())) is None


def test_archived_jobs_are_reused(plain: Steps) -> None:
    name = plain.run(plain.pipeline("first"), "train", command(), FILES)
    plain.jobs.service.set_archived(plain.ws, name, archived=True)
    assert plain.found(command()) == name
