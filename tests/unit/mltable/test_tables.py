"""Tables read with Polars and with pandas: the same rows from both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lapisml import mltable
from lapisml.mltable import MLTableError, yaml_text


@pytest.fixture(params=["polars", "pandas"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Each test runs with Polars, and as if there were none."""
    if request.param == "pandas":
        monkeypatch.setitem(sys.modules, "polars", None)
        monkeypatch.delitem(sys.modules, "lapisml.mltable.polars_engine", raising=False)
        monkeypatch.delattr(mltable, "polars_engine", raising=False)
    return str(request.param)


Table = Callable[[str], pd.DataFrame]


@pytest.fixture
def table(tmp_path: Path, engine: str) -> Table:
    """``table(text)`` writes the MLTable file and reads the table."""

    def read(text: str) -> pd.DataFrame:
        (tmp_path / "MLTable").write_text(text)
        found: pd.DataFrame = mltable.load(str(tmp_path)).to_pandas_dataframe()
        return found

    return read


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    return [list(row) for row in frame.astype(object).where(frame.notna(), None).itertuples(index=False)]


def test_delimited_files_by_pattern(tmp_path: Path, table: Table) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a.csv").write_text("x;y;z\n1;0.5;red\n2;;\n")
    (tmp_path / "b" / "a.csv").write_text("x;y;z\n3;1.5;blue\n")
    found = table("paths:\n  - pattern: ./**/*.csv\ntransformations:\n  - read_delimited:\n      delimiter: ';'\n")
    assert list(found.columns) == ["x", "y", "z"]
    assert _rows(found) == [[1, 0.5, "red"], [2, None, None], [3, 1.5, "blue"]]
    assert found["x"].dtype == "int64"


def test_types_that_show_late_in_a_file_or_in_a_later_file(tmp_path: Path, table: Table) -> None:
    (tmp_path / "a.csv").write_text("x\n" + "1\n" * 20_000 + "0.5\n")
    (tmp_path / "b.csv").write_text("x\nmany\n")
    one = table("paths:\n  - file: ./a.csv\ntransformations:\n  - read_delimited\n")
    assert (len(one), float(one["x"].iloc[-1])) == (20_001, 0.5)
    two = table("paths:\n  - file: ./a.csv\n  - file: ./b.csv\ntransformations:\n  - read_delimited\n")
    assert (len(two), two["x"].iloc[-1]) == (20_002, "many")


@pytest.mark.parametrize(
    ("header", "columns", "rows"),
    [
        ("all_files_same_headers", ["a", "b"], [[1, 2], [3, 4]]),
        ("no_header", ["Column1", "Column2"], [["a", "b"], ["1", "2"], ["a", "b"], ["3", "4"]]),
    ],
)
def test_headers(tmp_path: Path, table: Table, header: str, columns: list[str], rows: list[Any]) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("a,b\n3,4\n")
    text = f"paths:\n  - pattern: ./*.csv\ntransformations:\n  - read_delimited:\n      header: {header}\n"
    found = table(text)
    assert (list(found.columns), _rows(found)) == (columns, rows)


def test_headers_that_differ_and_that_only_the_first_file_has(tmp_path: Path, table: Table) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,c\n3,4\n")
    text = "paths:\n  - pattern: ./*.csv\ntransformations:\n  - read_delimited:\n      header: {}\n"
    assert _rows(table(text.format("all_files_different_headers"))) == [[1, 2, None], [None, 3, 4]]
    (tmp_path / "2.csv").write_text("3,4\n")
    assert _rows(table(text.format("from_first_file"))) == [[1, 2], [3, 4]]


def test_encodings_and_empty_texts(tmp_path: Path, table: Table) -> None:
    (tmp_path / "1.csv").write_bytes("name,n\nZürich,1\n,2\n".encode("latin-1"))
    text = "paths:\n  - file: ./1.csv\ntransformations:\n  - read_delimited:\n      encoding: latin1\n"
    assert _rows(table(text)) == [["Zürich", 1], [None, 2]]
    assert _rows(table(text + "      empty_as_string: true\n")) == [["Zürich", 1], ["", 2]]


def test_every_step_in_its_order(tmp_path: Path, table: Table) -> None:
    (tmp_path / "1.csv").write_text("n,t,d,flag\n" + "".join(f"{i},x{i},2{i}/01/2024,yes\n" for i in range(8)))
    found = table("""
paths:
  - file: ./1.csv
transformations:
  - read_delimited:
      delimiter: ","
  - skip: 1
  - take: 6
  - filter: col('n') > 1 and not col('t') == 'x3'
  - convert_column_types:
      - columns: n
        column_type: float
      - columns: [flag]
        column_type:
          boolean:
            true_values: ["yes"]
            false_values: ["no"]
      - columns: d
        column_type:
          datetime:
            formats: ["%d/%m/%Y"]
  - drop_columns: [t]
""")
    assert list(found.columns) == ["n", "d", "flag"]
    assert _rows(found[["n", "flag"]]) == [[2.0, True], [4.0, True], [5.0, True], [6.0, True]]
    assert str(found["d"].iloc[0]) == "2024-01-22 00:00:00"
    assert found["n"].dtype == "float64"


def test_columns_out_of_paths(tmp_path: Path, table: Table) -> None:
    for store, brand in (("1001", "tropicana"), ("1002", "dominicks")):
        folder = tmp_path / store / brand
        folder.mkdir(parents=True)
        (folder / "2024-05.csv").write_text("q\n7\n")
    text = """
paths:
  - pattern: ./**/*.csv
transformations:
  - read_delimited:
      include_path_column: true
      header: all_files_same_headers
      encoding: ascii
  - extract_columns_from_partition_format:
      partition_format: "{Store}/{Brand}/{Month:yyyy-MM}.{extension}"
  - drop_columns: ["extension", "Path"]
"""
    found = table(text)
    assert list(found.columns) == ["Store", "Brand", "Month", "q"]
    assert _rows(found[["Store", "Brand", "q"]]) == [["1001", "tropicana", 7], ["1002", "dominicks", 7]]
    assert str(found["Month"].iloc[0]) == "2024-05-01 00:00:00"
    hidden = table(text.replace("include_path_column: true", "include_path_column: false").replace(', "Path"', ""))
    assert hidden.equals(found)


def test_json_lines_and_parquet(tmp_path: Path, table: Table) -> None:
    (tmp_path / "1.jsonl").write_text('{"a": 1, "b": "x"}\n{"a": 2}\nnonsense\n')
    text = "paths:\n  - file: ./1.jsonl\ntransformations:\n  - read_json_lines:\n      invalid_lines: {}\n"
    assert _rows(table(text.format("drop"))) == [[1, "x"], [2, None]]
    with pytest.raises(MLTableError):
        table(text.format("error"))
    pd.DataFrame({"a": [1, 2]}).to_parquet(tmp_path / "1.parquet")
    assert _rows(table("paths:\n  - file: ./1.parquet\ntransformations:\n  - read_parquet\n  - take: 1\n")) == [[1]]


def test_a_truth_value_that_is_none_is_told(tmp_path: Path, table: Table) -> None:
    (tmp_path / "1.csv").write_text("f\ntrue\nperhaps\n")
    text = "paths:\n  - file: ./1.csv\ntransformations:\n  - read_delimited\n  - convert_column_types:\n"
    text += "      - columns: f\n        column_type: boolean\n"
    with pytest.raises(Exception, match="column 'f' holds 'perhaps'"):
        table(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("paths: []\n", "paths: is missing or empty"),
        (
            "paths:\n  - file: ./1.csv\ntransformations:\n  - read_avro\n",
            r"transformations\[0\]: the transformation `read_avro`",
        ),
        ("paths:\n  - file: ./1.csv\ntransformations:\n  - take: 5\n", r"transformations\[0\].take: rows are read"),
        (
            "paths:\n  - file: ./1.csv\ntransformations:\n  - read_delimited:\n      delimeter: ','\n",
            r"transformations\[0\].read_delimited.delimeter: is not supported",
        ),
        (
            "paths:\n  - file: ./none.csv\ntransformations:\n  - read_delimited\n",
            "'./none.csv' is not there",
        ),
        (
            "paths:\n  - file: azureml://datastores/d/paths/x\ntransformations:\n  - read_parquet\n",
            "lies in a store",
        ),
        ("pathes:\n  - file: ./1.csv\n", "pathes: unknown key"),
        ("paths:\n  - file: ./1.csv\n", "it only lists files"),
        (
            "paths:\n  - file: ./1.csv\ntransformations:\n  - read_delimited\n  - filter: __import__('os')\n",
            r"transformations\[1\].filter: the condition",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "1.csv").write_text("a\n1\n")
    (tmp_path / "MLTable").write_text(text)
    with pytest.raises(MLTableError, match=told):
        mltable.load(str(tmp_path)).to_pandas_dataframe()


def test_a_workspace_address_is_refused_with_the_way_out() -> None:
    with pytest.raises(MLTableError, match="give it as an input of type mltable"):
        mltable.load("azureml:sales:1")


def test_a_table_made_in_python_is_saved_and_loaded(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("a,b\n1,x\n2,y\n")
    monkeypatch.chdir(tmp_path)
    made = mltable.from_delimited_files(
        [{"file": "./in/a.csv"}], header=mltable.MLTableHeaders.all_files_same_headers
    ).convert_column_types({("a", "b"): mltable.DataType.to_string()})
    made = made.take(1)
    saved = made.save(str(tmp_path / "out"), colocated=True)
    (tmp_path / "in" / "a.csv").unlink()
    loaded = mltable.load(str(tmp_path / "out"))
    assert loaded.plan.steps == saved.plan.steps == made.plan.steps
    assert _rows(loaded.to_pandas_dataframe()) == [["1", "x"]]
    assert _rows(loaded.show(5)) == [["1", "x"]]


FILES = [
    "type: mltable\npaths:\n  - file: ./a.csv # the data\n  - pattern: '*.csv'\n",
    "$schema: https://azuremlschemas.azureedge.net/latest/MLTable.schema.json\n\npaths:\n- folder: ./x\ntransformations:\n"  # noqa: E501
    "- read_delimited:\n    delimiter: ','\n    empty_as_string: false\n- take: 5\n- drop_columns: [\"a b\", c]\n",
    "paths:\n  - file: a#b.csv\ntransformations:\n  - convert_column_types:\n    - columns: [a, b]\n      column_type: int\n"  # noqa: E501
    "    - columns: c\n      column_type:\n        datetime:\n          formats:\n            - '%Y-%m-%d'\n",
    "transformations:\n  - keep_columns: {a: 1, b: two}\n  - read_parquet\nmetadata:\n  x: 1.5\n  y: null\n",
]


@pytest.mark.parametrize("text", FILES)
def test_yaml_without_pyyaml_reads_the_same(text: str) -> None:
    assert yaml_text.load_plain(text) == yaml_text.load(text)
    assert yaml_text.load(yaml_text.dump(yaml_text.load(text))) == yaml_text.load(text)


@pytest.mark.parametrize("text", ["a: &x 1\n", "a: |\n  text\n", "a: [[1], 2]\n", "a:\n    b: 1\n  c: 2\n"])
def test_yaml_that_needs_pyyaml_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(ValueError, match="PyYAML"):
        yaml_text.load_plain(text)


def test_lazy_is_lazy(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a\n1\n2\n")
    table = mltable.from_delimited_files([{"file": str(tmp_path / "1.csv")}])
    assert json.loads(table.lazy().collect().write_json()) == [{"a": 1}, {"a": 2}]
    assert table.to_polars().shape == (2, 1)


def test_a_stream_gives_every_row_once_when_a_late_row_changes_a_type(tmp_path: Path) -> None:
    from lapisml.mltable.polars_engine import Frames

    rows = 60_000
    (tmp_path / "1.csv").write_text("n,v\n" + "".join(f"{i},{i}\n" for i in range(rows)) + f"{rows},0.5\n")
    table = mltable.from_delimited_files([{"file": str(tmp_path / "1.csv")}])
    frames = list(Frames(table.plan).stream(5_000))
    assert [n for frame in frames for n in frame["n"]] == list(range(rows + 1))
    assert frames[-1]["v"][-1] == 0.5
    assert max(frame.height for frame in frames) <= 5_000


def test_a_sample_is_the_same_each_time(tmp_path: Path, engine: str) -> None:
    (tmp_path / "1.csv").write_text("n\n" + "".join(f"{i}\n" for i in range(1000)))
    table = mltable.from_delimited_files([{"file": str(tmp_path / "1.csv")}]).take_random_sample(0.3, seed=5)
    first = table.to_pandas_dataframe()
    assert 200 < len(first) < 400
    assert first.equals(table.to_pandas_dataframe())
