"""From JSON to rows: forms, arrays, tables, and what is said of bad ones."""

import math
from typing import Any

import numpy as np
import pytest

from lapisml.scoring.lapis_scoring import forms, jsons, matrix, tables
from lapisml.scoring.lapis_scoring.errors import RequestError
from lapisml.scoring.lapis_scoring.matrix import Matrix
from lapisml.scoring.lapis_scoring.signature import Signature
from lapisml.scoring.lapis_scoring.tables import Tables


def signature(**types: str) -> Signature:
    return Signature([{"name": name, "type": kind} for name, kind in types.items()], None, None)


def said(body: Any, reader: Any) -> str:
    with pytest.raises(RequestError) as caught:
        reader.read(forms.read(body))
    return caught.value.message


@pytest.mark.parametrize(
    ("types", "dtype"),
    [
        ({"a": "double", "b": "long"}, "float64"),
        ({"a": "float", "b": "float"}, "float32"),
        ({"a": "long", "b": "integer"}, "int64"),
        ({"a": "integer", "b": "integer"}, "int32"),
        ({"a": "boolean", "b": "boolean"}, "float64"),
        ({"a": "float", "b": "double"}, "float64"),
    ],
)
def test_an_array_has_the_type_that_a_frame_of_those_columns_becomes(types: dict[str, str], dtype: str) -> None:
    array = matrix.of_signature(signature(**types)).read(forms.read({"input_data": [[1, 0], [1, 1]]}))
    assert array.dtype == dtype
    assert array.tolist() == [[1, 0], [1, 1]]


def test_a_single_among_doubles_is_rounded_as_in_a_frame() -> None:
    reader = matrix.of_signature(signature(a="float", b="double"))
    array = reader.read(forms.read({"input_data": [[0.1, 0.1]]}))
    assert array.tolist() == [[float(np.float32(0.1)), 0.1]]


def test_absent_numbers_are_nan_and_absent_whole_numbers_are_refused() -> None:
    array = matrix.of_signature(signature(a="double", b="double")).read(forms.read({"input_data": [[None, 1]]}))
    assert math.isnan(array[0, 0])
    whole = matrix.of_signature(signature(a="double", b="long"))
    assert (
        said({"input_data": [[1, 2], [1, None]]}, whole) == "Column 'b', row 1: expected a whole number, got no value."
    )
    assert said({"input_data": [[1, 2.5]]}, whole) == "Column 'b', row 0: expected a whole number, got 2.5."
    assert whole.read(forms.read({"input_data": [[1.5, 2.0]]})).tolist() == [[1.5, 2.0]]


def test_whole_numbers_are_exact_and_within_their_type() -> None:
    reader = matrix.of_signature(signature(a="long", b="long"))
    assert reader.read(forms.read({"inputs": [[2**53 + 1, 1]]})).tolist() == [[2**53 + 1, 1]]
    assert reader.read(forms.read({"inputs": [[1.0, 1]]})).dtype == "int64"
    small = matrix.of_signature(signature(a="integer", b="double"))
    assert small.read(forms.read({"inputs": [[-(2**31), 1]]})).tolist() == [[-(2**31), 1]]
    assert "expected a smaller number" in said({"inputs": [[2**31, 1]]}, small)
    assert "expected a smaller number" in said({"inputs": [[1e30, 1]]}, reader)


def test_columns_that_are_optional_may_be_absent() -> None:
    found = Signature([{"name": "a", "type": "double"}, {"name": "b", "type": "double", "required": False}], None, None)
    reader = matrix.of_signature(found)
    for body in ([{"a": 1}], {"columns": ["a"], "data": [[1]]}, {"inputs": {"a": [1]}}):
        array = reader.read(forms.read(body))
        assert array[0, 0] == 1
        assert math.isnan(array[0, 1])
    assert "'a'" in said([{"b": 1}], reader)


def test_columns_are_taken_by_name_and_further_ones_left_out() -> None:
    reader = matrix.of_signature(signature(a="double", b="double"))
    body = {"columns": ["x", "b", "a"], "data": [[9, 2, 1], [9, 4, 3]]}
    assert reader.read(forms.read({"input_data": body})).tolist() == [[1, 2], [3, 4]]
    by_row = {"a": {"0": 1, "1": 3}, "b": {"0": 2, "1": 4}}
    assert reader.read(forms.read({"inputs": by_row})).tolist() == [[1, 2], [3, 4]]


def test_a_flat_list_is_one_row_or_one_column_where_that_is_sure() -> None:
    assert Matrix(["a", "b"], 2, None).read(forms.read({"inputs": [1, 2]})).tolist() == [[1, 2]]
    assert Matrix(["a"], 1, None).read(forms.read({"inputs": [1, 2]})).tolist() == [[1], [2]]
    assert said({"inputs": [1, 2, 3]}, Matrix(["a", "b"], 2, None)) == "inputs is not rows of 2 values."
    assert said({"inputs": [[[1, 2]]]}, Matrix(["a", "b"], 2, None)) == "inputs[0] has 1 values; the model takes 2."


def test_columns_without_names_take_values_in_their_order() -> None:
    reader = Matrix(None, 2, None)
    assert reader.read(forms.read([{"x": 1, "y": 2}])).tolist() == [[1, 2]]
    assert reader.read(forms.read({"columns": ["x", "y"], "data": [[1, 2]]})).tolist() == [[1, 2]]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"input_data": [[1, 2], [1, "x"]]}, "input_data[1][1]"),
        ({"input_data": {"columns": ["b", "a"], "data": [["x", 2]]}}, "input_data.data[0][0]"),
        ({"dataframe_records": [{"a": 1, "b": "x"}]}, "dataframe_records[0].b"),
    ],
)
def test_the_place_of_a_wrong_value_is_told(body: Any, path: str) -> None:
    with pytest.raises(RequestError) as caught:
        Matrix(["a", "b"], 2, None).read(forms.read(body))
    assert caught.value.details == [
        {"path": path, "column": "b", "row": int(path.split("[")[1][0]), "expected": "double"}
    ]


def test_many_wrong_values_are_told_up_to_ten() -> None:
    message = said({"input_data": [["x", "y"]] * 20}, Matrix(["a", "b"], 2, None))
    assert message.count("expected double") == 10
    assert message.endswith("and maybe more.")


@pytest.mark.parametrize(
    ("kind", "good", "made", "bad"),
    [
        ("string", ["x", None], ["x", None], 3),
        ("boolean", [True, 0], [True, False], "yes"),
        ("long", [1, 2.0], [1, 2], 2.5),
        ("double", [1, None], [1.0, None], "x"),
        ("binary", ["YWI="], [b"ab"], 5),
        ("datetime", ["2024-02-01"], [np.datetime64("2024-02-01")], "soon"),
    ],
)
def test_tables_hold_the_signatures_types(kind: str, good: list[Any], made: list[Any], bad: Any) -> None:
    reader = Tables(signature(a=kind, b="string"))
    table = reader.read(forms.read([{"a": value, "b": "t"} for value in good]))
    assert len(table) == len(good)
    assert list(table.frame().columns) == ["a", "b"]
    found = [None if value is None or value != value else value for value in list(table.columns["a"])]
    assert found == made
    assert "Column 'a'" in said([{"a": bad, "b": "t"}], reader)


def test_joined_tables_are_one() -> None:
    reader = Tables(signature(a="double", b="string"))
    parts = [reader.read(forms.read([{"a": n, "b": str(n)}])) for n in range(3)]
    whole = tables.joined(parts)
    assert len(whole) == 3
    assert whole.objects().tolist() == [[0.0, "0"], [1.0, "1"], [2.0, "2"]]


def test_params_stand_beside_or_within() -> None:
    assert forms.read({"input_data": {"data": [[1]], "params": {"a": 1}}, "params": {"b": 2}}).params == {
        "a": 1,
        "b": 2,
    }
    with pytest.raises(RequestError, match="params is no object"):
        forms.read({"inputs": [1], "params": [1]})


def test_json_of_what_models_return() -> None:
    for write in (jsons.dumps, jsons.dumper()):
        assert jsons.loads(write([1.5, float("nan"), float("inf")])) == [1.5, None, None]
        assert jsons.loads(write({"a": np.float32(0.5), "b": np.array([1, 2])})) == {"a": 0.5, "b": [1, 2]}
        assert jsons.loads(write([np.datetime64("2024-02-01").item(), {3}])) == ["2024-02-01", [3]]
        with pytest.raises(TypeError):
            write([object()])


def test_json_that_python_writes_is_read() -> None:
    for read in (jsons.loads, jsons.loader()):
        assert math.isnan(read(b'{"a": NaN}')["a"])
        with pytest.raises(RequestError, match="not JSON"):
            read(b"{'a': 1}")
