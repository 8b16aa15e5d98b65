"""Files cut up for a model that is used by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from lapisml.runner.parallel.batches import InputError, MiniBatch
from lapisml.runner.parallel.failures import Files
from lapisml.runner.parallel.lapis_worker import batches, predictions
from lapisml.runner.parallel.pace import Pace
from lapisml.runner.parallel.scored import of_scored

INPUTS: list[dict[str, Any]] = [
    {"type": "double", "name": "a", "required": True},
    {"type": "long", "name": "b", "required": True},
    {"type": "string", "name": "c", "required": False},
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for data, beside a model with a signature."""
    (tmp_path / "scratch").mkdir()
    (tmp_path / "data").mkdir()
    save_model(tmp_path, INPUTS)
    return tmp_path


def save_model(folder: Path, inputs: list[dict[str, Any]] | None) -> None:
    (folder / "model").mkdir(exist_ok=True)
    signature = "" if inputs is None else f"signature:\n  inputs: '{json.dumps(inputs)}'\n"
    (folder / "model" / "MLmodel").write_text(f"flavors:\n  python_function: {{loader_module: x}}\n{signature}")


def cut(folder: Path, size: int = 10, rows: int = 1 << 13) -> list[MiniBatch]:
    pace = Pace()
    pace.rows = rows
    return list(of_scored(str(folder / "data"), str(folder / "model"), size, str(folder / "scratch"), pace))


def parts(found: list[MiniBatch]) -> list[dict[str, Any]]:
    return [part for batch in found for part in batch.parts or ()]


def rows_of(part: dict[str, Any]) -> Any:
    return batches.frame(part["block"])


def test_a_big_file_is_cut_by_rows_and_every_row_comes_once(folder: Path) -> None:
    pl.DataFrame({"b": range(1000), "x": 7, "a": 0.5}).write_csv(folder / "data" / "big.csv")
    found = cut(folder, rows=300)
    assert [part["first"] for part in parts(found)] == [0, 300, 600, 900]
    assert [part["last"] for part in parts(found)] == [False, False, False, True]
    assert len(found) == 4
    together = [value for part in parts(found) for value in rows_of(part)["b"]]
    assert together == list(range(1000))
    assert list(rows_of(parts(found)[0]).columns) == ["a", "b"]


def test_small_files_are_put_together_and_hidden_ones_passed_over(folder: Path) -> None:
    for name in ("1.csv", "2.csv", "3.csv", "_SUCCESS", ".x.csv"):
        (folder / "data" / name).write_text("a,b,c\n1,2,NA\n")
    found = cut(folder, size=2)
    assert [[part["file"] for part in batch.parts or ()] for batch in found] == [["1.csv", "2.csv"], ["3.csv"]]
    assert [batch.index for batch in found] == [0, 1]
    assert rows_of(parts(found)[0])["c"].isna().all()


def test_all_forms_give_the_same_rows(folder: Path) -> None:
    frame = pl.DataFrame({"a": [1.5, float("nan")], "b": [3, 4], "c": ["x", None]})
    data = folder / "data"
    frame.write_csv(data / "1.csv")
    frame.write_csv(data / "2.tsv", separator="\t")
    frame.write_parquet(data / "3.parquet")
    frame.fill_nan(None).write_ndjson(data / "4.jsonl")
    (data / "5.json").write_text(json.dumps(frame.fill_nan(None).to_dicts()))
    for part in parts(cut(folder)):
        found = rows_of(part)
        assert found["a"].iloc[0] == 1.5, part
        assert np.isnan(found["a"].iloc[1]), part
        assert list(found["b"]) == [3, 4], part
        assert found["b"].dtype == "int64", part
        assert found["c"].iloc[0] == "x", part


def test_absent_values_are_what_pandas_takes_for_absent(folder: Path) -> None:
    save_model(folder, INPUTS[:1])
    (folder / "data" / "1.csv").write_text("a\n1\nNA\n\n# N/A\n".replace("# N/A", "n/a"))
    values = rows_of(parts(cut(folder))[0])["a"].tolist()
    assert values[0] == 1.0
    assert len(values) == 4
    assert all(value != value for value in values[1:])


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("x.csv", "a,c\n1,2\n", "lacks the column b; it has a, c"),
        ("x.csv", "a,b\n1,2.5\n", "2.5"),
        ("x.csv", "a,b\n1,\n", "without a value"),
        ("x.csv", "a,b\nhello,1\n", "hello"),
        ("x.parquet", "no parquet", "parquet"),
        ("x.json", "[{", ""),
        ("x.bin", "?", "says nothing"),
    ],
)
def test_a_file_that_does_not_fit_is_given_up_alone(folder: Path, name: str, text: str, words: str) -> None:
    (folder / "data" / "a.csv").write_text("a,b\n1,2\n")
    (folder / "data" / name).write_text(text)
    (folder / "data" / "z.csv").write_text("a,b\n1,2\n")
    found = cut(folder)
    broken = [batch for batch in found if batch.broken is not None]
    assert [part["file"] for part in broken[0].parts or ()] == [name]
    assert len(broken) == 1
    assert words in str(broken[0].broken)
    assert [part["file"] for part in parts(found) if part.get("rows")] == ["a.csv", "z.csv"]


def test_without_a_signature_columns_come_as_they_are(folder: Path) -> None:
    save_model(folder, None)
    (folder / "data" / "1.csv").write_text("x,y\n1,a\n2,b\n")
    found = rows_of(parts(cut(folder))[0])
    assert list(found.columns) == ["x", "y"]
    assert found["x"].tolist() == [1, 2]


def test_a_tensor_takes_all_columns_as_numbers(folder: Path) -> None:
    save_model(folder, [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 2]}}])
    (folder / "data" / "1.csv").write_text("x,y\n1,2\n3,4\n")
    part = parts(cut(folder))[0]
    assert batches.matrix(part["block"], None).tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_an_empty_folder_is_no_input(folder: Path) -> None:
    with pytest.raises(InputError, match="holds no files"):
        cut(folder)


def test_a_file_with_a_header_alone_ends_well(folder: Path) -> None:
    (folder / "data" / "1.csv").write_text("a,b\n")
    found = cut(folder)
    assert [part["rows"] for part in parts(found)] == [0]
    assert Files().done(found[0]) == 1


def test_a_matrix_has_the_columns_in_the_models_order(folder: Path) -> None:
    pl.DataFrame({"b": [1, 2], "a": [0.5, 1.5]}).write_parquet(folder / "data" / "1.parquet")
    part = parts(cut(folder))[0]
    assert batches.matrix(part["block"], ["a", "b"]).tolist() == [[0.5, 1.0], [1.5, 2.0]]
    with pytest.raises(ValueError, match="z are missing"):
        batches.matrix(part["block"], ["z"])


def test_the_pace_follows_the_model() -> None:
    pace = Pace()
    pace.learn(pace.rows, 5.0)
    assert pace.rows < 1000
    for _ in range(20):
        pace.learn(pace.rows, pace.rows * 1e-7)
    assert pace.rows == 1 << 16


def test_a_file_fails_once_however_many_pieces_fail() -> None:
    files = Files()
    first = MiniBatch(0, 1, parts=[{"file": "a", "last": False}])
    last = MiniBatch(1, 1, parts=[{"file": "a", "last": True}, {"file": "b", "last": True}])
    assert files.failed(first, "no") == 1
    assert files.failed(first, "no") == 0
    assert files.done(last) == 1
    assert files.sentence() == "a: no."


@pytest.mark.parametrize(
    ("predicted", "expected"),
    [
        (np.array([1, 0]), "5,1,f.csv\n6,0,f.csv\n"),
        (np.array([0.1, float("nan")]), "5,0.1,f.csv\n6,,f.csv\n"),
        (np.array(["a,b", 'c"'], object), '5,"a,b",f.csv\n6,"c""",f.csv\n'),
        (np.array([[0.25, 0.75]]), "5,0.25,0.75,f.csv\n"),
        (np.array([True]), "5,True,f.csv\n"),
        ([{"x": 1}], '5,"{""x"": 1}",f.csv\n'),
        (np.array([0.1], "float32"), "5,0.1,f.csv\n"),
    ],
)
def test_lines_of_predictions(predicted: Any, expected: str) -> None:
    assert predictions.lines(predicted, "f.csv", 5) == expected


def test_a_file_that_is_one_item_has_no_row() -> None:
    assert predictions.lines(np.array([3]), "a b,c.png", None) == '3,"a b,c.png"\n'
