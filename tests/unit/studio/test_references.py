"""What a job uses, in words that can be looked up."""

from __future__ import annotations

import pytest

from lapisml.server.features.jobs.references import references_of, word_of

DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("azureml:patients:3", "data:patients:3"),
        ("azureml://registries/shared/models/m/versions/2", "model:shared/m:2"),
        ("models:/m/4", "model:m:4"),
        ("azureml:patients@latest", None),
        ("models:/m@champion", None),
        ("azureml://jobs/j/outputs/model/paths/x", "job:j"),
        ("runs:/r1/model", "job:r1"),
        ("azureml://datastores/workspaceblobstore/paths/azureml/j-1/clean/", "job:j-1"),
        ("azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.r1/model", "job:r1"),
        ("azureml://datastores/lake/paths/raw/2026/", "uri:azureml://datastores/lake/paths/raw/2026"),
        ("https://x.test/a.csv", "uri:https://x.test/a.csv"),
        (f"azureml://codes/{DIGEST}", None),
        ("data/local.csv", None),
        ("azureml://", None),
    ],
)
def test_a_reference_has_a_word(text: str, word: str | None) -> None:
    assert word_of(text) == word


def test_a_document_has_the_words_of_all_that_it_uses() -> None:
    document = {
        "inputs": {
            "a": {"type": "uri_folder", "path": "azureml:patients:3"},
            "same": {"path": "azureml:patients:3"},
            "model": {"type": "mlflow_model", "path": "azureml:patients:3"},
            "rate": 0.5,
            "text": {"type": "string", "value": "azureml:no:1"},
            "long": {"path": f"https://x.test/{'y' * 2000}"},
        },
        "environment": "azureml:train:7",
        "task": {"environment": "azureml:score:1"},
    }
    expected = {"data:patients:3", "model:patients:3", "environment:train:7", "environment:score:1"}
    assert references_of(document) == expected
    assert references_of({"environment": {"image": "python"}, "inputs": None}) == set()
