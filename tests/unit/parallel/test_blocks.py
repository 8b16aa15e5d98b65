"""Rows written by the driver and read by a worker."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from lapisml.runner.parallel.blocks import write_block
from lapisml.runner.parallel.lapis_worker import batches

MOMENT = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001


def _through(tmp_path: Path, frame: pl.DataFrame) -> pd.DataFrame:
    path = str(tmp_path / "block")
    write_block(frame, path)
    found: pd.DataFrame = batches.load({"files": None, "block": path})
    return found


@pytest.mark.parametrize(
    ("series", "kind", "values"),
    [
        (pl.Series([1, 2], dtype=pl.Int32), "int32", [1, 2]),
        (pl.Series([1, None]), "float64", [1.0, None]),
        (pl.Series([0.5, None], dtype=pl.Float32), "float32", [0.5, None]),
        (pl.Series([True, False]), "bool", [True, False]),
        (pl.Series([True, None]), "object", [True, None]),
        (pl.Series(["ä\n", None]), None, ["ä\n", None]),
        (pl.Series([MOMENT, None]), "datetime64[us]", [pd.Timestamp(MOMENT), None]),
        (pl.Series([date(2024, 5, 6), None]), "datetime64[us]", [pd.Timestamp(2024, 5, 6), None]),
        (
            pl.Series([MOMENT.replace(tzinfo=UTC)]).dt.convert_time_zone("Europe/Zurich"),
            "datetime64[us, Europe/Zurich]",
            [pd.Timestamp(MOMENT, tz="UTC").tz_convert("Europe/Zurich")],
        ),
        (pl.Series([timedelta(seconds=3)]), "timedelta64[us]", [pd.Timedelta(seconds=3)]),
        (pl.Series([Decimal("1.5"), None]), "float64", [1.5, None]),
        (pl.Series([b"\x00\xff", None]), "object", [b"\x00\xff", None]),
        (pl.Series([[1, 2], None]), "object", [[1, 2], None]),
        (pl.Series(["a", "b"], dtype=pl.Categorical), None, ["a", "b"]),
        (pl.Series([], dtype=pl.Float64), "float64", []),
    ],
    ids=lambda value: str(value.dtype) if isinstance(value, pl.Series) else "",
)
def test_every_type_arrives(tmp_path: Path, series: pl.Series, kind: str | None, values: list[Any]) -> None:
    beside = pl.Series("beside", range(len(series)), dtype=pl.Int64)
    found = _through(tmp_path, pl.DataFrame([series.alias("x"), beside, series.alias("again")]))
    assert list(found.columns) == ["x", "beside", "again"]
    for name in ("x", "again"):
        column = found[name]
        assert kind is None or str(column.dtype) == kind
        assert [None if np.ndim(v) == 0 and pd.isna(v) else v for v in column] == values
    assert list(found["beside"]) == list(range(len(series)))


def test_a_script_may_write_into_its_rows_and_the_file_stays(tmp_path: Path) -> None:
    frame = pl.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    found = _through(tmp_path, frame)
    before = (tmp_path / "block").read_bytes()
    found["a"] = found["a"] * 2
    found.iloc[0, 1] = 9.0
    assert found.to_numpy().tolist() == [[2.0, 9.0], [4.0, 4.0]]
    assert (tmp_path / "block").read_bytes() == before
