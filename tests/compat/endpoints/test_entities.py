"""One source, two packages: the endpoints and deployments that azure.ai.ml makes are those that Lapis makes."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from lapisml.documents.loading import load_dict
from lapisml.sdk.submission import submission_of
from tests.support.processes import clean_environment

HERE = Path(__file__).parent
KINDS = (
    "online-endpoint", "online-deployment", "online-endpoint", "online-deployment", "batch-endpoint",
    "batch-deployment", "batch-deployment", "batch-deployment",
)  # fmt: skip
"""Kinds of what the program makes, in its order."""


def recorded() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = json.loads((HERE / "recorded.json").read_text())
    return made


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the program makes with `lapisml` in the place of `azure.ai.ml`."""
    monkeypatch.chdir(HERE)
    scope: dict[str, Any] = {"__name__": "program"}
    source = (HERE / "program.py").read_text().replace("azure.ai.ml", "lapisml")
    exec(compile(source, "program.py", "exec"), scope)
    entities: list[Any] = scope["made"]
    return entities


def test_lapis_makes_the_documents_that_azure_makes(made: list[Any]) -> None:
    for kind, entity, theirs in zip(KINDS, made, recorded(), strict=True):
        ours = submission_of(entity, kind).document
        taken = load_dict(theirs, kind=kind, base_dir=HERE).validated().to_dict()
        assert in_common_words(ours) == in_common_words(taken)


def in_common_words(document: dict[str, Any]) -> Any:
    """azure.ai.ml writes what is empty, gives names to models and environments without one, says that such a model
    is custom, and puts ``azureml:`` before the name of a compute.
    """
    made = _without_empty(document)
    for key in ("model", "environment"):
        if isinstance(made.get(key), dict):
            made[key] = {k: v for k, v in made[key].items() if k not in ("name", "version", "type")}
    if isinstance(made.get("model"), dict):
        made["model"]["path"] = str((HERE / made["model"]["path"]).resolve())
    if "compute" in made:
        made["compute"] = made["compute"].removeprefix("azureml:")
    return {key: value for key, value in made.items() if (key, value) != ("app_insights_enabled", False)}


def _without_empty(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: _without_empty(inner) for key, inner in value.items() if inner not in ({}, None)}


def test_azure_still_makes_what_was_recorded() -> None:
    python = os.environ.get("AZURE_AI_ML_PYTHON")
    if python is None:
        pytest.skip("AZURE_AI_ML_PYTHON may name an interpreter that has azure.ai.ml")
    done = subprocess.run(
        [python, str(HERE / "azure_documents.py")],
        capture_output=True, text=True, check=True, env=clean_environment(),
    )  # fmt: skip
    assert json.loads(done.stdout) == recorded()
