"""Pipelines of the shapes that public examples have: each compiles, and each step is a valid job."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.documents import registry
from lapisml.documents.pipelines import ParentValues, checkable_document, compile_pipeline, pipeline_outputs
from tests.unit.pipelines_graph.documents import ENVIRONMENT, SHAPES, Shelf, child, compiled, shape


@pytest.mark.parametrize("name", sorted(path.name for path in SHAPES.glob("*.yml")))
def test_every_step_becomes_a_valid_job(name: str) -> None:
    document = registry.validate("job", shape(name)).to_dict()
    graph = compile_pipeline(document, Shelf())
    for step in graph.order:
        for made in (child(graph, step), checkable_document(graph, step, ParentValues("exp"))):
            registry.parse("job", made)
            assert "parent." not in str({key: value for key, value in made.items() if key != "component"})


def test_commands_in_place() -> None:
    graph = compiled(shape("steps_in_place.yml"))
    assert graph.order == ("prepare", "train", "report")
    assert graph.needs() == {"prepare": frozenset(), "train": {"prepare"}, "report": {"train"}}
    assert graph.settings.continue_on_step_failure
    prepare = child(graph, "prepare", ParentValues("the_experiment"))
    assert prepare["inputs"] == {
        "raw": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/raw/"},
        "seed": 7,
    }
    assert prepare["outputs"] == {"clean": {}}
    assert (prepare["compute"], prepare["type"]) == ("azureml:cpu-cluster", "command")
    assert (prepare["display_name"], prepare["experiment_name"]) == ("prepare", "the_experiment")
    train = child(graph, "train")
    assert train["inputs"]["data"] == {
        "type": "uri_folder",
        "path": "azureml://jobs/job-prepare/outputs/clean",
        "mode": "download",
    }
    assert train["outputs"] == {"model": {"type": "mlflow_model", "name": "trained", "version": 3}, "notes": {}}
    assert (train["compute"], train["limits"], "experiment_name" in train) == ("gpu-cluster", {"timeout": 3600}, False)
    report = child(graph, "report")
    assert report["inputs"]["notes"]["path"] == "azureml://jobs/job-train/outputs/notes"
    assert report["inputs"]["model"] == {"type": "mlflow_model", "path": "azureml:scorer@latest", "mode": "download"}
    assert report["outputs"] == {"report": {"type": "uri_folder", "mode": "rw_mount"}}
    assert pipeline_outputs(graph, {"report": "r"}) == {"report": ("r", "report")}
    assert pipeline_outputs(graph, {"train": "t"}) == {}


def test_components() -> None:
    graph = compiled(shape("components.yml"))
    train = child(graph, "train")
    assert train["inputs"] == {
        "data": {"type": "uri_file", "path": "azureml:iris:1", "mode": "download"},
        "rate": "1e-3",
        "nobody_declared_this": 0.2,
        "verbose": False,
        "kind": "fast",
    }
    assert train["outputs"] == {"model": {"type": "mlflow_model", "mode": "upload"}, "model_info_json": {}}
    assert not {"component", "name", "version"} & train.keys()
    score = child(graph, "score")
    assert score["inputs"]["model"]["path"] == "azureml://jobs/job-train/outputs/model"
    assert score["inputs"]["info"]["path"] == "azureml://jobs/job-train/outputs/model_info_json"
    assert graph.steps["train"].deterministic
    assert not graph.steps["score"].deterministic
    assert len(graph.warnings) == 1
    assert "model_info_json" in graph.warnings[0]


def test_artifacts_are_an_output_that_nobody_declares() -> None:
    graph = compiled(shape("artifacts.yml"))
    assert "outputs" not in child(graph, "hello")
    assert child(graph, "world")["inputs"]["said"] == {
        "type": "uri_folder",
        "path": "azureml://jobs/job-hello/outputs/artifacts",
    }


def test_places_of_outputs() -> None:
    graph = compiled(shape("places.yml"))
    outputs = child(graph, "hello")["outputs"]
    assert outputs["text"] == {
        "type": "uri_file",
        "path": "azureml://datastores/workspaceblobstore/paths/${{name}}/hello.txt",
        "mode": "rw_mount",
    }
    assert outputs["here"]["path"] == "azureml://datastores/elsewhere/paths/results/here/"
    assert outputs["there"]["path"] == "azureml://datastores/elsewhere/paths/azureml/${{name}}/there/"
    assert outputs["file"]["path"] == "azureml://datastores/elsewhere/paths/azureml/${{name}}/file"


def test_nested_pipelines() -> None:
    graph = compiled(shape("nested.yml"))
    assert graph.steps["compare"].needs == {"first", "second"}
    first = child(graph, "first")
    assert first["inputs"] == {
        "data": {"type": "uri_folder", "path": "azureml://datastores/workspaceblobstore/paths/data/"},
        "rate": 0.1,
        "compute": "big-cluster",
        "schedule": "time-based",
    }
    assert first["settings"] == {
        "default_compute": "azureml:cpu-cluster",
        "default_datastore": "workspaceblobstore",
        "force_rerun": True,
    }
    inner = compiled(first)
    assert inner.settings.force_rerun
    train = child(inner, "train")
    assert train["compute"] == "big-cluster"
    assert train["inputs"] == {**{k: v for k, v in first["inputs"].items() if k in ("data", "rate")}}
    assert child(inner, "score")["compute"] == "azureml:cpu-cluster"
    assert child(inner, "score")["inputs"]["schedule"] == "time-based"
    assert pipeline_outputs(inner, {"train": "t"}) == {"model": ("t", "model")}
    assert child(graph, "compare")["inputs"]["one"]["path"] == "azureml://jobs/job-first/outputs/model"


def test_sweeps() -> None:
    graph = compiled(shape("sweep.yml"))
    search = child(graph, "search")
    command = search["trial"]["command"]
    assert "--c ${{search_space.c_value}} --kernel ${{search_space.kernel}} --degree ${{inputs.degree}}" in command
    assert set(search["trial"]) == {"command", "code", "environment"}
    assert search["resources"] == {"instance_count": 1}
    assert set(search["inputs"]) == {"data", "degree", "shrinking"}
    assert search["inputs"]["shrinking"] is False
    assert search["outputs"] == {"model": {"type": "mlflow_model"}, "test_data": {"type": "uri_folder"}}
    assert search["compute"] == "azureml:cpu-cluster"
    assert child(graph, "predict")["inputs"]["model"] == {
        "type": "mlflow_model",
        "path": "azureml://jobs/job-search/outputs/model",
    }


def test_mini_batches_and_spark() -> None:
    graph = compiled(shape("parallel_and_spark.yml"))
    score = child(graph, "score")
    assert score["retry_settings"] == {"max_retries": 2, "timeout": 60}
    assert score["inputs"]["parts"] == {
        "type": "mltable",
        "path": "azureml://jobs/job-part/outputs/parts",
        "mode": "direct",
    }
    assert graph.steps["score"].retries == 0
    again = child(graph, "score_again")
    assert again["retry_settings"] == {"max_retries": 2, "timeout": 10}
    assert again["inputs"]["columns"] == "a"
    assert again["task"] == score["task"]
    count = child(graph, "count")
    assert count["inputs"]["lines"] == {"type": "uri_file", "path": "azureml:lines:1", "mode": "direct"}
    assert count["entry"] == {"file": "count.py"}
    assert ENVIRONMENT not in str(count)


def test_documents_are_not_changed() -> None:
    for path in SHAPES.glob("*.yml"):
        document: dict[str, Any] = shape(path.name)
        graph = compiled(document)
        for step in graph.order:
            child(graph, step)
        assert document == shape(path.name)
