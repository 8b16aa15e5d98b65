"""What scoring scripts import from Azure ML's packages."""

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lapisml.scoring.lapis_scoring.collector import Collector
from lapisml.scoring.lapis_scoring.errors import LoadError, RequestError
from lapisml.scoring.lapis_scoring.plan import Plan
from lapisml.scoring.lapis_scoring.shims import schema
from lapisml.scoring.lapis_scoring.shims.aml_request import AMLRequest
from lapisml.scoring.lapis_scoring.shims.aml_response import AMLResponse
from lapisml.scoring.lapis_scoring.shims.parameter_types import (
    NumpyParameterType,
    PandasParameterType,
    StandardPythonParameterType,
)

FRAME = pd.DataFrame({"a": [1.5], "b": [2]})


def test_a_form_has_fields_and_files() -> None:
    body = (
        b'--B\r\nContent-Disposition: form-data; name="note"\r\n\r\nh\xc3\xa9\r\n'
        b'--B\r\nContent-Disposition: form-data; name="file[]"; filename="a;b.txt"\r\nContent-Type: text/plain\r\n\r\n'
        b"one\r\n--Bogus\r\n\r\n--B\r\n"
        b'Content-Disposition: form-data; name="file[]"; filename="c"\r\n\r\n\r\n--B--\r\n'
    )
    request = AMLRequest("POST", "/score", "a=1&a=2", [("Content-Type", 'multipart/form-data; boundary="B"')], body)
    assert request.form["note"] == "hé"
    assert [(f.filename, f.read()) for f in request.files.getlist("file[]")] == [
        ("a;b.txt", b"one\r\n--Bogus\r\n"),
        ("c", b""),
    ]
    assert request.args.getlist("a") == ["1", "2"]
    assert request.get_data() == body
    assert not request.is_json


@pytest.mark.parametrize("body", [b"", b"--B\r\n\r\nx", b"nothing"])
def test_a_broken_form_is_refused(body: bytes) -> None:
    request = AMLRequest(headers=[("content-type", "multipart/form-data; boundary=B")], body=body)
    with pytest.raises(ValueError, match="boundary"):
        _ = request.files


def test_an_answer_has_headers_of_its_own() -> None:
    answer = AMLResponse({"a": 1}, 201, {"x-list": "1, 2", "Content-Type": "text/x"}, json_str=True)
    assert (answer.get_data(), answer.status_code, answer.content_type) == (b'{"a": 1}', 201, "text/x")
    assert answer.headers.getlist("X-List") == ["1", "2"]
    assert AMLResponse(None, 200).get_data() == b"{}"


def test_arguments_are_converted_by_name_and_by_place() -> None:
    @schema.input_schema("rows", NumpyParameterType(np.array([[1, 2]])))
    @schema.input_schema("when", StandardPythonParameterType(dt.date(2024, 1, 1)), optional=True)
    @schema.output_schema(StandardPythonParameterType([1.0]))
    def run(rows: Any, when: Any = None) -> Any:
        return rows, when

    rows, when = run(rows=[[3, 4]], when="2024-05-06")
    assert rows.dtype == np.int64
    assert when == dt.date(2024, 5, 6)
    assert run([[3, 4]])[0].tolist() == [[3, 4]]
    assert run(rows=[[1, 2]], when=None)[1] is None
    assert schema.is_schema_decorated(run)
    assert schema.get_input_schema(run)["example"] == {"rows": [[1, 2]], "when": "2024-01-01"}
    assert schema.get_output_schema(run)["type"] == "array"
    with pytest.raises(RequestError, match="'rows': expected an array of int64"):
        run(rows=[[1, 2, 3]])
    with pytest.raises(ValueError, match="no argument"):
        schema.input_schema("other", StandardPythonParameterType(1))(run)


@pytest.mark.parametrize(
    ("orient", "value"),
    [
        ("records", [{"a": 1, "b": 2}]),
        ("split", {"columns": ["a", "b"], "data": [[1, 2]]}),
        ("index", {"0": {"a": 1, "b": 2}}),
        ("columns", {"a": {"0": 1}, "b": {"0": 2}}),
        ("values", [[1, 2]]),
    ],
)
def test_frames_come_in_every_orient(orient: str, value: Any) -> None:
    kind = PandasParameterType(FRAME, orient=orient, apply_column_names=orient == "values")
    frame = kind.converted(value, "data")
    assert frame.values.tolist() == [[1.0, 2.0]]
    assert [str(t) for t in frame.dtypes] == ["float64", "int64"]
    assert kind.input_to_swagger()["format"] == f"pandas.DataFrame:{orient}"


def test_plain_values_nest_other_types() -> None:
    kind = StandardPythonParameterType({"rows": NumpyParameterType(np.array([1.0])), "name": "x"})
    found = kind.converted({"rows": [1, 2], "name": "y"}, "data")
    assert isinstance(found["rows"], np.ndarray)
    assert kind.input_to_swagger()["properties"]["rows"]["format"] == "numpy.ndarray"
    assert StandardPythonParameterType(1.5).converted(2, "x") == 2
    assert StandardPythonParameterType(b"x").converted("YWI=", "x") == b"ab"
    with pytest.raises(RequestError, match="'x': expected int"):
        StandardPythonParameterType(1).converted("1", "x")


def plan(**collect: Any) -> Plan:
    return Plan({"kind": "script", "endpoint": "e", "deployment": "d", "collect": {"folder": "/store", **collect}})


def test_a_sample_keeps_or_leaves_a_request_as_a_whole() -> None:
    collections = {"model_inputs": {"enabled": True}, "Model_Outputs": {"enabled": "true"}, "off": {"enabled": "False"}}
    collector = Collector(plan(collections=collections, sampling_rate=0.0), "i")
    assert collector.wants("model_outputs")
    assert not collector.wants("off")
    assert not collector.keep("model_inputs", [], "x", "r-1")
    assert not Collector(plan(), "i")


@pytest.mark.parametrize(
    "path", ["azureml://datastores/other/paths/x", "/etc", "azureml://datastores/workspaceblobstore/paths/../x"]
)
def test_a_collection_stays_in_its_store(path: str) -> None:
    with pytest.raises(LoadError, match="writes below"):
        Collector(plan(collections={"a": {"enabled": True, "data": {"path": path}}}), "i")
