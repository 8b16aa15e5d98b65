"""Azure's form of an invocation."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.features.batch_endpoints import asked
from lapisml.server.features.batch_endpoints.azure_form import is_azure_form, translated


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"InputData": {"a": {"JobInputType": "UriFile", "Uri": "azureml:b:1"}}},
            {"inputs": {"a": {"type": "uri_file", "path": "azureml:b:1"}}},
        ),
        ({"inputData": {"n": {"jobInputType": "Literal", "value": 0.5}}}, {"inputs": {"n": 0.5}}),
        (
            {"dataset": {"dataInputType": "DataUrl", "Path": "https://a/b"}},
            {"inputs": {"input_data": {"type": "uri_folder", "path": "https://a/b"}}},
        ),
        (
            {"outputData": {"score": {"jobOutputType": "UriFolder", "uri": "azureml://datastores/d/paths/p"}}},
            {"outputs": {"score": {"type": "uri_folder", "path": "azureml://datastores/d/paths/p"}}},
        ),
        (
            {"compute": {"instanceCount": 3}, "miniBatchSize": 4, "properties": {"experimentName": "e"}},
            {"instance_count": 3, "mini_batch_size": 4, "experiment_name": "e"},
        ),
    ],
)
def test_keys_are_found_in_either_writing(given: dict[str, Any], expected: dict[str, Any]) -> None:
    body = {"properties": given}
    assert is_azure_form(body)
    found = translated(body)
    assert found == {"inputs": {}, "outputs": {}, **expected}
    asked.read(found)


def test_our_own_form_is_left_alone() -> None:
    assert not is_azure_form({"inputs": {"a": {}}, "properties": {"a": "b"}})


@pytest.mark.parametrize("given", [{"InputData": {"a": 3}}, {"InputData": {"a": {}}}, {"dataset": {"x": 1}}])
def test_what_is_no_input_is_named(given: dict[str, Any]) -> None:
    with pytest.raises(LapisError, match="properties"):
        translated({"properties": given})
