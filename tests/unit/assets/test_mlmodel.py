"""What an ``MLmodel`` file tells people."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lapisml.server.features.assets.mlmodel import describe, signature_of
from tests.support.assets import ARTIFACTS, World

ROOT = f"{ARTIFACTS}/ExperimentRun/dcid.j/m"
ROW = {"type": "object", "properties": {"a": {"type": "long"}}}
INPUTS = [
    {"type": "double", "name": "age", "required": True},
    {"type": "array", "items": ROW, "name": "rows", "required": False},
    {"type": "map", "values": {"type": "string"}, "name": "words", "optional": True},
]  # fmt: skip
OUTPUTS = [{"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]
PARAMS = [{"name": "temperature", "type": "float", "default": 0.5, "shape": None}]


def described(world: World, text: str, **files: bytes) -> Any:
    world.put(ROOT, {"MLmodel": text.encode(), **files})
    return describe(world.storage, world.datastores.resolve(world.ws, ROOT))


def test_a_signature_in_peoples_words(plain: World) -> None:
    lines = [f"  {key}: '{json.dumps(value)}'" for key, value in
             (("inputs", INPUTS), ("outputs", OUTPUTS), ("params", PARAMS))]  # fmt: skip
    found = described(plain, "\n".join(["mlflow_version: 3.1.0", "signature:", *lines]))
    assert found["facts"] == {"mlflow_version": "3.1.0"}
    inputs = found["signature"]["inputs"]
    assert [(one["name"], one["type"], one["required"]) for one in inputs] == [
        ("age", "double", True), ("rows", "array(object(a: long))", False), ("words", "map(string)", False)
    ]  # fmt: skip
    output, param = found["signature"]["outputs"][0], found["signature"]["params"][0]
    assert (output["name"], output["type"], output["shape"]) == (None, "tensor(float32)", [-1, 2])
    assert (param["name"], param["default"], param["shape"]) == ("temperature", 0.5, None)
    assert signature_of(plain.storage, plain.datastores.resolve(plain.ws, ROOT)) == found["signature"]


def test_the_example_that_the_file_names(plain: World) -> None:
    text = "saved_input_example_info: {artifact_path: input_example.json, serving_input_path: request.json}"
    example, request = {"columns": ["age"], "data": [[1.5]]}, {"dataframe_split": {"columns": ["age"], "data": [[1.5]]}}
    files = {"input_example.json": json.dumps(example).encode(), "request.json": json.dumps(request).encode()}
    found = described(plain, text, **files)
    assert (found["example"], found["request"]) == (example, request)
    assert described(plain, text, **{"input_example.json": b"{"})["example"] is None


@pytest.mark.parametrize("path", ["../../secret.json", "/etc/passwd", "a/b.json", "..", "[1]", "{a: b}", "3"])
def test_an_example_elsewhere_is_not_read(plain: World, path: str) -> None:
    plain.put(f"{ARTIFACTS}/ExperimentRun/dcid.j", {"secret.json": b"{}"})
    assert described(plain, f"saved_input_example_info: {{artifact_path: {path}}}")["example"] is None


def test_signatures_without_sense_are_none_or_empty(plain: World) -> None:
    deep = json.dumps([_deep(40)])
    for text in ("signature: [1]", "signature: {inputs: 'no json'}", "signature: {inputs: '[1, null]'}", "x: 1"):
        found = described(plain, text)["signature"]
        assert found is None or found["inputs"] == []
    assert described(plain, f"signature: {{inputs: '{deep}'}}")["signature"]["inputs"][0]["type"].count("array") <= 7


def test_no_mlmodel(plain: World) -> None:
    plain.put(ROOT, {"weights.bin": b"1"})
    assert describe(plain.storage, plain.datastores.resolve(plain.ws, ROOT)) is None


def _deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "long"}
    for _ in range(levels):
        found = {"type": "array", "items": found}
    return found
