"""The parts of mini-batch jobs that decide and format without any process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lapisml.runner.parallel.batches import Feed, InputError, MiniBatch, files_at, of_files
from lapisml.runner.parallel.lapis_worker import results
from lapisml.runner.parallel.ledger import Ledger, Limits
from lapisml.runner.parallel.results import Results
from lapisml.runner.parallel.workers import environment
from tests.support.polling import eventually


def test_retries_are_counted_and_end() -> None:
    ledger = Ledger(Limits(max_retries=2))
    assert [ledger.may_retry(attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert ledger.retried == 2
    assert not Ledger(Limits(max_retries=0)).may_retry(1)


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        (Limits(), None),
        (Limits(mini_batch_error_threshold=2), None),
        (
            Limits(mini_batch_error_threshold=1),
            "2 mini-batches failed, more than mini_batch_error_threshold allows (1).",
        ),
        (Limits(error_threshold=13), None),
        (Limits(error_threshold=12), "13 items failed, more than error_threshold allows (12)."),
        (Limits(allowed_failed_percent=50), None),
        (Limits(allowed_failed_percent=49), "2 of 4 mini-batches failed, more than 49 %."),
    ],
)
def test_thresholds(limits: Limits, told: str | None) -> None:
    ledger = Ledger(limits)
    ledger.fail(5)
    ledger.fail(5)
    ledger.succeed(5, 2)
    ledger.succeed(5, 7)
    assert (ledger.ended, ledger.items, ledger.failed_items) == (4, 20, 13)
    assert ledger.passed(4) == told


FRAMES = [
    pd.DataFrame({"i": [1, -2], "f": [0.1, 1e300], "b": [True, False]}),
    pd.DataFrame({"f": [1.0, float("nan")], "i": [1, 2]}),
    pd.DataFrame({"f": [float("nan"), 1.0]}),
    pd.DataFrame({"f": [float("inf"), -1e-300]}),
    pd.DataFrame({"f": np.array([0.1, 2.5], dtype="float32")}),
    pd.DataFrame({"s": ["a b", 'c"d'], "n": [None, 1]}),
    pd.DataFrame({"d": pd.to_datetime(["2024-01-02", None])}),
    pd.DataFrame({"a": []}),
    pd.DataFrame(),
]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda f: "-".join(map(str, f.dtypes)))
def test_the_quick_way_writes_what_pandas_writes(tmp_path: Path, frame: pd.DataFrame) -> None:
    results.write(frame, str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == frame.to_csv(sep=" ", header=False, index=False).strip("\n") + (
        "\n" if len(frame) else ""
    )


@pytest.mark.parametrize(
    ("returned", "lines"),
    [
        ([1, "two", 3.5], "1\ntwo\n3.5\n"),
        (("a",), "a\n"),
        (np.array([1, 2]), "1\n2\n"),
        (np.array([[1, 2], [3, 4]]), "[1, 2]\n[3, 4]\n"),
        (pd.Series([0.5, 1.5]), "0.5\n1.5\n"),
        ([], ""),
    ],
)
def test_elements_take_a_line_each(tmp_path: Path, returned: Any, lines: str) -> None:
    results.write(returned, str(tmp_path / "out"))
    assert (tmp_path / "out").read_text() == lines
    assert results.count(returned) == len(lines.splitlines())


@pytest.mark.parametrize("returned", ["text", b"bytes", 7, {"a": 1}, object(), np.float64(1), (x for x in "ab")])
def test_what_is_no_result_is_refused(returned: Any) -> None:
    with pytest.raises(results.ResultError, match="run\\(\\) returned"):
        results.count(returned)


def test_results_are_put_together_in_order_and_once(tmp_path: Path) -> None:
    scratch, target = tmp_path / "scratch", tmp_path / "deep" / "out.txt"
    scratch.mkdir()
    whole = Results(str(target), str(scratch))
    for index, attempt in ((2, 1), (0, 2), (0, 1), (3, 1)):
        place = whole.place(index, attempt)
        assert place is not None
        Path(place).write_text(f"{index}.{attempt}\n")
        whole.add(index, place)
    whole.add(1, None)
    whole.finish()
    assert target.read_text() == "0.2\n2.1\n3.1\n"


def test_files_with_the_same_name_stay_apart_and_loops_end(tmp_path: Path) -> None:
    for name in ("b/x", "a/x", "a-b/x"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text("")
    (tmp_path / "a" / "loop").symlink_to(tmp_path)
    found = [Path(file).relative_to(tmp_path).as_posix() for file in files_at(str(tmp_path))]
    assert found == ["a/x", "a-b/x", "b/x"]
    assert [batch.items for batch in of_files(found, 2)] == [2, 1]
    with pytest.raises(InputError):
        next(of_files([], 2))


def test_cores_are_shared_out_unless_the_job_says_otherwise() -> None:
    env = environment({"MKL_NUM_THREADS": "7"}, workers=2, cores=8, output_folder="/out")
    assert (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"], env["AZUREML_BI_OUTPUT_PATH"]) == ("4", "7", "/out")
    assert environment({}, workers=16, cores=8, output_folder=None)["OMP_NUM_THREADS"] == "1"


def test_mini_batches_are_made_only_a_little_ahead() -> None:
    made: list[int] = []

    def source() -> Iterator[MiniBatch]:
        for index in range(100):
            made.append(index)
            yield MiniBatch(index, 1, files=["x"])

    feed = Feed(source(), ahead=3)
    feed.start()
    taken: list[int] = []

    def take() -> bool:
        feed.drain()
        batch = feed.take()
        if batch is not None:
            taken.append(batch.index)
            assert len(made) <= len(taken) + 3 + 1  # those that wait, and the one in hand
        return feed.is_over

    eventually(take, 20, what="the end of the feed")
    assert taken == list(range(100))
    assert feed.total == 100
