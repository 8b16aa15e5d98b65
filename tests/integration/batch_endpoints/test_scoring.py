"""Batch endpoints score: models by themselves, scripts, pipelines."""

from __future__ import annotations

import io
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.integration.batch_endpoints.conftest import ENVIRONMENT, World

SCRIPT = """
import glob, os
import mlflow, pandas as pd

def init():
    global model
    folder = os.path.join(os.environ["AZUREML_MODEL_DIR"], "model")
    assert glob.glob(os.environ["AZUREML_MODEL_DIR"] + "/*/MLmodel")
    model = mlflow.pyfunc.load_model(folder)

def run(mini_batch):
    found = []
    for path in mini_batch:
        rows = pd.read_csv(path)
        rows["predicted"] = model.predict(rows[["a", "b"]])
        if os.environ.get("WHERE") == "files":
            rows.to_csv(os.path.join(os.environ["AZUREML_BI_OUTPUT_PATH"], os.path.basename(path)), index=False)
        rows["file"] = os.path.basename(path)
        found.append(rows[["file", "predicted"]])
    return mini_batch if os.environ.get("WHERE") == "files" else pd.concat(found)
"""
COMPONENT = {
    "type": "pipeline",
    "name": "copying",
    "version": "1",
    "inputs": {"data": {"type": "uri_folder"}, "word": {"type": "string", "default": "none"}},
    "outputs": {"made": {"type": "uri_folder"}},
    "jobs": {
        "copy": {
            "type": "command",
            "command": "cat ${{inputs.data}}/* > ${{outputs.made}}/all.txt; "
            "echo ${{inputs.word}} >> ${{outputs.made}}/all.txt",
            "environment": {"image": "python"},
            "inputs": {"data": "${{parent.inputs.data}}", "word": "${{parent.inputs.word}}"},
            "outputs": {"made": "${{parent.outputs.made}}"},
        }
    },
}


@pytest.fixture(scope="module")
def endpoint(world: World) -> str:
    """An endpoint with a deployment of the model alone (its default) and one of a script."""
    world.put("batch-endpoints/scores", {"name": "scores"})
    (world.folder / "code").mkdir()
    (world.folder / "code" / "score.py").write_text(SCRIPT)
    alone = {"name": "alone", "type": "model", "model": "azureml:tree@latest", "compute": "azureml:cluster"}
    script = {
        "name": "script", "type": "model", "model": {"path": "./model", "type": "mlflow_model"},
        "compute": "cluster", "environment": ENVIRONMENT,
        "code_configuration": {"code": "./code", "scoring_script": "score.py"},
        "settings": {"mini_batch_size": 1, "retry_settings": {"timeout": 120}},
    }  # fmt: skip
    variables = {"environment_variables": {"WHERE": "files"}, "output_action": "summary_only"}
    writes = {**script, "name": "writes", "settings": {**variables, "retry_settings": {"timeout": 120}}}
    for document, words in ((alone, ["--set-default"]), (script, []), (writes, [])):
        (world.folder / "deployment.yml").write_text(yaml.safe_dump({**document, "endpoint_name": "scores"}))
        world.lapis("batch-deployment", "create", "-f", "deployment.yml", *words)
    data = world.folder / "data"
    data.mkdir()
    world.rows.assign(extra="x").to_csv(data / "one.csv", index=False)
    world.rows[["b", "a"]].to_csv(data / "two.csv", index=False)
    return "scores"


def expected(world: World) -> list[int]:
    return [int(label) for label in world.model.predict(world.rows)]


def test_a_model_alone_gives_row_prediction_and_file(world: World, endpoint: str) -> None:
    job = world.invoked(endpoint, "--input", "data")
    assert job["status"] == "Completed", job["status_reason"]
    found = pd.read_csv(io.StringIO(world.scores(job["name"])), header=None, names=["row", "prediction", "file"])
    assert found["file"].tolist() == ["one.csv"] * 40 + ["two.csv"] * 40
    assert found["row"].tolist() == [*range(40), *range(40)]
    assert found["prediction"].tolist() == expected(world) * 2
    _, children = world.request("GET", f"jobs?parent={job['name']}")
    assert [child["step"] for child in children["value"]] == ["batchscoring"]


def test_a_frame_of_a_script_is_written_without_header_and_commas(world: World, endpoint: str) -> None:
    job = world.invoked(
        endpoint, "-d", "script", "--input", "data", "--instance-count", "2", "--set", "output_file_name=mine.csv"
    )
    assert job["status"] == "Completed", job["status_reason"]
    lines = [f"{file} {label}" for file in ("one.csv", "two.csv") for label in expected(world)]
    assert world.scores(job["name"], "mine.csv").splitlines() == lines


def test_a_script_may_write_files_itself(world: World, endpoint: str) -> None:
    job = world.invoked(endpoint, "-d", "writes", "--input", "data")
    assert job["status"] == "Completed", job["status_reason"]
    assert "predicted" in world.scores(job["name"], "one.csv")
    assert not list((world.folder / f"got-{job['name']}").rglob("predictions.csv"))


def test_a_file_that_can_not_be_parsed_is_named_and_the_others_are_scored(world: World, endpoint: str) -> None:
    data = world.folder / "mixed"
    data.mkdir()
    world.rows.to_parquet(data / "good.parquet")
    (data / "broken.csv").write_text("a,b\n1,two\n")
    (data / "lacking.csv").write_text("a\n1\n")
    job = world.invoked(endpoint, "--input", "mixed")
    assert job["status"] == "Completed", job["status_reason"]
    assert len(world.scores(job["name"]).splitlines()) == 40
    _, step = world.request("GET", f"jobs/{job['name']}--batchscoring")
    said = " ".join(step["warnings"])
    assert "broken.csv" in said
    assert "lacking.csv: it lacks the column b" in said
    refused = world.invoked(endpoint, "--input", "mixed", "--set", "error_threshold=0")
    assert refused["status"] == "Failed"


def test_nothing_to_score_is_a_failure_with_a_reason(world: World, endpoint: str) -> None:
    data = world.folder / "lacking"
    data.mkdir()
    (data / "x.csv").write_text("z\n1\n")
    job = world.invoked(endpoint, "--input", "lacking")
    assert job["status"] == "Failed"
    assert "x.csv: it lacks the columns a, b; it has z" in job["status_reason"]


def test_a_pipeline_and_a_deployment_of_its_job(world: World, endpoint: str) -> None:
    (world.folder / "copying.yml").write_text(yaml.safe_dump(COMPONENT))
    world.lapis("component", "create", "-f", "copying.yml")
    pipeline = {"type": "pipeline", "component": "azureml:copying@latest", "settings": {"default_compute": "cluster"}}
    record = world.put("batch-endpoints/scores/deployments/copies", {**pipeline, "name": "copies"})
    assert record["component"] == "azureml:copying:1"
    (world.folder / "inputs.yml").write_text(
        yaml.safe_dump({"inputs": {"data": {"type": "uri_folder", "path": "data"}, "word": {"default": "hello"}}})
    )
    job = world.invoked(endpoint, "-d", "copies", "--file", "inputs.yml")
    assert job["status"] == "Completed", job["status_reason"]
    world.lapis("job", "download", "-n", job["name"], "--output-name", "made", "--download-path", "made")
    assert next((world.folder / "made").rglob("all.txt")).read_text().endswith("hello\n")
    again = {"type": "pipeline", "job_definition": f"azureml:{job['name']}", "name": "again"}
    world.put("batch-endpoints/scores/deployments/again", again)
    repeated = world.invoked(endpoint, "-d", "again")
    assert repeated["status"] == "Completed", repeated["status_reason"]
    _, jobs = world.request("GET", "batch-endpoints/scores/deployments/again/jobs")
    assert [found["name"] for found in jobs["value"]] == [repeated["name"]]
    _, first = world.request("GET", "batch-endpoints/scores/jobs?limit=1")
    assert first["value"][0]["name"] == repeated["name"]
    _, second = world.request("GET", f"batch-endpoints/scores/jobs?limit=1&token={first['next']}")
    assert second["value"][0]["name"] == job["name"]


def test_a_refused_invocation_leaves_no_job(world: World, endpoint: str) -> None:
    def newest() -> Any:
        return world.request("GET", "batch-endpoints/scores/jobs?limit=1")[1]["value"][:1]

    before = newest()
    body = {"deployment_name": "alone", "inputs": {"x": {"type": "uri_folder", "path": "azureml:none:1"}}}
    status, answer = world.request("POST", "batch-endpoints/scores/invoke", body)
    assert status == 422
    assert [problem["path"] for problem in answer["error"]["problems"]] == ["inputs.x.path"]
    assert newest() == before


def test_the_same_name_is_the_same_job(world: World, endpoint: str) -> None:
    world.lapis("data", "create", "-n", "rows", "--path", "data", "--type", "uri_folder")
    body = {"deployment_name": "alone", "job_name": "mine", "inputs": {"x": {"path": "azureml:rows:1"}}}
    answers = [world.request("POST", "batch-endpoints/scores/invoke", body) for _ in range(2)]
    assert [(status, answer["name"]) for status, answer in answers] == [(200, "mine"), (200, "mine")]
    _, jobs = world.request("GET", "batch-endpoints/scores/jobs")
    assert [job["name"] for job in jobs["value"]].count("mine") == 1
    assert world.ended("mine")["status"] == "Completed"
