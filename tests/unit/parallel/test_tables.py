"""Mini-batches of tables: DataFrames by size and by key, and what comes back."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lapisml.testing.compute_bench import Bench
from tests.unit.parallel.conftest import RunBatches

READ = "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n"


@pytest.fixture
def data(bench: Bench) -> Path:
    """The input's folder."""
    folder = bench.stored("data")
    folder.mkdir(parents=True)
    return folder


def test_rows_by_size_in_their_order(bench: Bench, run_batches: RunBatches, data: Path) -> None:
    frame = pd.DataFrame({"n": range(1000), "x": [i / 3 for i in range(1000)], "name": [f"n {i}" for i in range(1000)]})
    frame.to_csv(data / "rows.csv", index=False)
    (data / "MLTable").write_text(READ)
    script = """
import pandas as pd
def run(mini_batch, mini_batch_context):
    assert isinstance(mini_batch, pd.DataFrame)
    first = mini_batch_context.global_row_index_lower_bound
    assert list(mini_batch["n"]) == list(range(first, first + len(mini_batch)))
    assert mini_batch_context.global_row_index_upper_bound == first + len(mini_batch)
    mini_batch["x"] = mini_batch["x"] * 3
    return mini_batch
"""
    course = run_batches(script, kind="mltable", mini_batch_size=3000, in_bytes=True, error_threshold=0, max_retries=0)
    assert course.exit.reason_code == "Succeeded", course.exit
    text = bench.stored("scored").read_text()
    assert text == frame.assign(x=frame["x"] * 3).to_csv(sep=" ", header=False, index=False)
    log = next(bench.home.glob("storage/artifacts/*/user_logs/std_log.txt")).read_text()
    assert int(log.rsplit(" mini-batches done", 1)[0].rsplit(" ", 1)[1]) > 5


def test_types_and_absent_values_arrive_as_pandas_has_them(bench: Bench, run_batches: RunBatches, data: Path) -> None:
    (data / "rows.csv").write_text("i,f,t,b,d,gap,same\n1,0.5,x,true,2024-01-02,7,1\n2,,,false,,,2\n")
    (data / "MLTable").write_text(
        READ
        + "  - convert_column_types:\n    - columns: d\n      column_type:\n        datetime:\n          formats: ['%Y-%m-%d']\n"  # noqa: E501
    )
    script = """
def run(mini_batch):
    kinds = [str(kind).split("[")[0].replace("str", "object") for kind in mini_batch.dtypes]
    return ["|".join(kinds), str(mini_batch.isna().to_numpy().tolist()), str(mini_batch["d"].iloc[0])]
"""
    course = run_batches(script, kind="mltable")
    assert course.exit.reason_code == "Succeeded", course.exit
    none, some = [False] * 7, [False, True, True, False, True, True, False]
    assert bench.stored("scored").read_text().splitlines() == [
        "int64|float64|object|bool|datetime64|float64|int64", str([none, some]), "2024-01-02 00:00:00"
    ]  # fmt: skip


def test_columns_of_one_type_are_numbers_without_a_copy(bench: Bench, run_batches: RunBatches, data: Path) -> None:
    pd.DataFrame({f"c{i}": [i + 0.25, i + 0.5] for i in range(3)}).to_csv(data / "rows.csv", index=False)
    (data / "MLTable").write_text(READ)
    script = """
import numpy as np
def run(mini_batch):
    assert np.shares_memory(mini_batch.to_numpy(), mini_batch.to_numpy())
    return np.asarray(mini_batch).sum(axis=1)
"""
    course = run_batches(script, kind="mltable", max_retries=0, mini_batch_error_threshold=0)
    assert course.exit.reason_code == "Succeeded", course.exit
    assert bench.stored("scored").read_text() == "3.75\n4.5\n"


@pytest.mark.parametrize("from_path", [False, True])
def test_a_mini_batch_for_each_combination_of_keys(
    bench: Bench, run_batches: RunBatches, data: Path, from_path: bool
) -> None:
    if from_path:
        for store in (1, 2):
            for brand in ("a", "b"):
                folder = data / str(store) / brand
                folder.mkdir(parents=True)
                (folder / "rows.csv").write_text(f"q\n{store}\n{store}\n")
        (data / "MLTable").write_text(
            "paths:\n  - pattern: ./**/*.csv\ntransformations:\n  - read_delimited\n"
            "  - extract_columns_from_partition_format:\n      partition_format: '{Store}/{Brand}/rows.csv'\n"
        )
    else:
        rows = [f"{store},{brand},{store}" for _ in range(2) for store in (1, 2) for brand in ("a", "b")]
        (data / "rows.csv").write_text("Store,Brand,q\n" + "\n".join(rows) + "\n")
        (data / "MLTable").write_text(READ)
    script = """
import pandas as pd
def run(mini_batch, context):
    found = dict(context.partition_key_value)
    assert all((mini_batch[key] == value).all() for key, value in found.items())
    return pd.DataFrame({**{key: [value] for key, value in found.items()}, "sum": [mini_batch["q"].sum()]})
"""
    course = run_batches(script, kind="mltable", partition_keys=["Store", "Brand"], max_retries=0)
    assert course.exit.reason_code == "Succeeded", course.exit
    assert bench.stored("scored").read_text() == "1 a 2\n1 b 2\n2 a 4\n2 b 4\n"


def test_an_evaluated_table_is_its_files(bench: Bench, run_batches: RunBatches, data: Path) -> None:
    (data / "keep").mkdir()
    (data / "keep" / "1.csv").write_text("a\n1\n")
    (data / "2.csv").write_text("a\n1\n")
    (data / "MLTable").write_text("paths:\n  - pattern: ./keep/*.csv\n")
    script = "import os\ndef run(mini_batch):\n    return [os.path.basename(f) for f in mini_batch]\n"
    for mode in ("eval_mount", None):
        course = run_batches(script, kind="mltable", mode=mode)
        assert course.exit.reason_code == "Succeeded", course.exit
        assert bench.stored("scored").read_text() == "1.csv\n"


@pytest.mark.parametrize(
    ("rows", "asked", "reason", "told"),
    [
        ("a,b\n", {}, "MiniBatchFailure", "it holds no rows"),
        ("a,b\n1,2\n", {"partition_keys": ["c"]}, "MiniBatchFailure", "it has no column 'c' (partition_keys)"),
        (None, {}, "MiniBatchFailure", "'./rows.csv' is not there"),
    ],
)
def test_a_table_that_is_no_good_fails_the_job(
    run_batches: RunBatches, data: Path, rows: str | None, asked: dict[str, object], reason: str, told: str
) -> None:
    (data / "MLTable").write_text(READ)
    if rows is not None:
        (data / "rows.csv").write_text(rows)
    course = run_batches("def run(mini_batch):\n    return mini_batch\n", kind="mltable", **asked)
    assert (course.exit.reason_code, told in course.exit.reason) == (reason, True), course.exit


def test_a_broken_mltable_file_is_told_before_anything_starts(run_batches: RunBatches, data: Path) -> None:
    (data / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_avro\n")
    course = run_batches("def run(mini_batch):\n    return mini_batch\n", kind="mltable")
    assert course.exit.reason_code == "InputFailure"
    assert "transformations[0]: the transformation `read_avro` is not supported" in course.exit.reason


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"mini_batch_size": 10, "in_bytes": True}, "`mini_batch_size` with a unit is for tables"),
        ({"partition_keys": ["a"]}, "`partition_keys` are columns, and the input is no table"),
    ],
)
def test_settings_of_tables_are_refused_for_files(
    run_batches: RunBatches, many_files: list[str], asked: dict[str, object], told: str
) -> None:
    course = run_batches("def run(mini_batch):\n    return mini_batch\n", **asked)
    assert course.exit.reason_code == "CommandFailure"
    assert told in course.exit.reason
