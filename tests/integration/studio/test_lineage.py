"""What things came from and what became of them, and what environments are made of, over HTTP."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest

from tests.integration.assets.test_http import Api as Assets
from tests.integration.jobs.client import Api
from tests.support.server import LapisServer

PYTHON = {"image": "python"}


@pytest.fixture(scope="module")
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def _step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": PYTHON, **more}


def _edges(found: dict[str, Any]) -> set[tuple[str, str]]:
    """Name the ends of arrows by what people call them."""
    label = {node["id"]: f"{node['kind']} {node['label']}" for node in found["nodes"]}
    return {(label[edge["source"]], label[edge["target"]]) for edge in found["edges"]}


def _lineage(api: Api, kind: str, name: str, version: str = "", **more: int) -> dict[str, Any]:
    query = "&".join(f"{key}={value}" for key, value in more.items())
    status, found = api.call("GET", f"/lineage?kind={kind}&name={name}&version={version}&{query}")
    assert status == 200, found
    return dict(found)


def test_from_data_through_a_pipeline_to_a_model_and_on(api: Api, shared_server: LapisServer) -> None:
    mark = uuid.uuid4().hex[:8]
    uri = Assets(shared_server).upload({"a.csv": b"a\n1\n"}, basename="raw")
    data = model = f"patients-{mark}"  # a data set and a model may share a name
    assert api.call("POST", "/data", {"name": data, "path": uri, "type": "uri_folder"})[0] == 200
    pipeline = {
        "type": "pipeline",
        "inputs": {"raw": {"type": "uri_folder", "path": f"azureml:{data}:1"}},
        "jobs": {
            "prep": _step(
                "cp ${{inputs.raw}}/a.csv ${{outputs.clean}}/",
                inputs={"raw": "${{parent.inputs.raw}}"},
                outputs={"clean": {"type": "uri_folder"}},
            ),
            "train": _step(
                "cp ${{inputs.clean}}/a.csv ${{outputs.model}}/",
                inputs={"clean": "${{parent.jobs.prep.outputs.clean}}"},
                outputs={"model": {"type": "custom_model", "name": model}},
            ),
        },
    }
    name = f"line-{mark}"
    assert api.call("PUT", f"/jobs/{name}", {"document": pipeline})[0] in (200, 201)
    assert api.wait(name)["status"] == "Completed"
    score = _step("ls ${{inputs.model}}", inputs={"model": {"type": "custom_model", "path": f"azureml:{model}@latest"}})
    scoring = f"score-{mark}"
    assert api.call("PUT", f"/jobs/{scoring}", {"document": {**score, "display_name": "score"}})[0] in (200, 201)
    chain = {(f"data {data}", "job prep"), ("job prep", "job train"), ("job train", f"model {model}")}
    chain.add((f"model {model}", "job score"))

    for kind, which, version in (("data", data, "1"), ("model", model, "1"), ("job", scoring, "")):
        found = _lineage(api, kind, which, version)
        assert (_edges(found), found["is_cut"]) == (chain, False), kind
    assert _lineage(api, "model", model, "1", depth=1)["is_cut"]

    whole = _lineage(api, "job", name)
    assert _edges(whole) == chain
    steps = [node for node in whole["nodes"] if node["parent"] == name]
    assert {node["holder"] for node in steps} == {f"job:{name}"} == {whole["start"][0]}
    assert api.call("GET", f"/lineage?kind=model&name={model}&version=99")[0] == 404

    endpoint = _deploy_for_batches(api, shared_server, model)
    whole = _lineage(api, "batch", endpoint, "blue")
    assert whole["start"] == [f"batch:{endpoint}/blue"]
    upwards = chain - {(f"model {model}", "job score")}
    assert _edges(whole) >= upwards | {(f"model {model}", f"batch {endpoint} / blue")}
    assert _edges(_lineage(api, "data", data, "1")) == _edges(whole) | chain
    assert api.call("GET", f"/lineage?kind=batch&name={endpoint}&version=green")[0] == 404


def _deploy_for_batches(api: Api, server: LapisServer, model: str) -> str:
    """Deploy a model to a batch endpoint of its own, as `blue`; give the endpoint's name."""
    endpoint = f"of-{model}"
    code = Assets(server).upload(
        {"score.py": b"def init(): ...\ndef run(batch): return batch\n"}, purpose="code", basename="code"
    )
    document = {
        "name": "blue",
        "type": "model",
        "model": f"azureml:{model}:1",
        "compute": "azureml:local",
        "environment": PYTHON,
        "code_configuration": {"code": code, "scoring_script": "score.py"},
    }
    for path, wanted in ((endpoint, {"name": endpoint}), (f"{endpoint}/deployments/blue", document)):
        status, answer = api.call("PUT", f"/batch-endpoints/{path}", wanted)
        assert status == 200, answer
    return endpoint


def test_a_run_of_a_client_outside_with_its_datasets(api: Api, shared_server: LapisServer) -> None:
    def send(path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {shared_server.token}", "Content-Type": "application/json"}
        url = f"{shared_server.url}/mlflow/default/api/2.0/mlflow/{path}"
        request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return dict(json.loads(answer.read() or b"{}"))

    run = send("runs/create", {"experiment_id": "0", "run_name": "outside"})["run"]["info"]["run_id"]
    dataset = {"name": "patients", "digest": "d1", "source_type": "http", "source": '{"url": "https://x.test/p.csv"}'}
    send("runs/log-inputs", {"run_id": run, "datasets": [{"dataset": dataset, "tags": []}]})
    found = _lineage(api, "job", run)
    assert _edges(found) == {("dataset patients", "run outside")}
    assert next(node["type"] for node in found["nodes"] if node["kind"] == "dataset") == "https://x.test/p.csv"


def test_an_environment_with_its_build_and_who_uses_it(api: Api) -> None:
    name = f"env-{uuid.uuid4().hex[:8]}"
    assert api.call("POST", "/environments", {"name": name, "image": "python"})[0] == 200
    assert api.call("POST", "/environments", {"name": f"{name}-odd", "image": "odd.test/unknown:1"})[0] == 200
    job = api.submit("true", environment=f"azureml:{name}@latest")
    assert api.wait(job)["status"] == "Completed"
    build = api.call("GET", f"/environments/{name}/versions/1/build")[1]
    assert (build["state"], build["reason"]) == ("Ready", None)
    assert build["lock"].startswith(f"# Python {build['python']}")
    users = api.call("GET", f"/environments/{name}/versions/1/jobs")[1]["value"]
    assert [(user["name"], user["status"]) for user in users] == [(job, "Completed")]
    of_job = api.call("GET", f"/jobs/{job}/environment")[1]
    assert (of_job["name"], of_job["version"], of_job["build"]["key"]) == (name, "1", build["key"])
    odd = api.call("GET", f"/environments/{name}-odd/versions/1/build")[1]
    assert (odd["state"], odd["key"]) == ("Impossible", None)
    assert "odd.test/unknown:1" in odd["reason"]
    curated = api.call("GET", "/curated-environments")[1]["value"]
    assert "sklearn-1.5" in [one["name"] for one in curated]
