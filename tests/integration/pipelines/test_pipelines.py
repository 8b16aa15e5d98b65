"""Pipelines through the native API of a real server with real processes."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ServerFactory
from tests.integration.jobs.client import Api
from tests.support.polling import eventually
from tests.support.server import LapisServer

ENVIRONMENT = {"image": "python"}


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": ENVIRONMENT, **more}


def pipeline(jobs: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "pipeline", "experiment_name": "pipelines", "jobs": jobs, **more}


def submit(api: Api, document: dict[str, Any]) -> str:
    name = f"p-{uuid.uuid4().hex[:12]}"
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), body
    return name


def children(api: Api, name: str) -> dict[str, dict[str, Any]]:
    found = api.call("GET", f"/jobs?parent={name}&limit=1000")[1]["value"]
    return {child["step"]: child for child in found}


def chain(mark: str) -> dict[str, Any]:
    """Three steps: prepare → train, and evaluate of both."""
    return {
        "prepare": step(f"echo {mark} > ${{{{outputs.data}}}}/a.txt", outputs={"data": {"type": "uri_folder"}}),
        "train": step(
            "cat ${{inputs.data}}/a.txt > ${{outputs.model}}; echo ${{inputs.rate}} >> ${{outputs.model}}",
            inputs={"data": "${{parent.jobs.prepare.outputs.data}}", "rate": "${{parent.inputs.rate}}"},
            outputs={"model": {"type": "uri_file"}},
        ),
        "evaluate": step(
            "cat ${{inputs.model}} ${{inputs.data}}/a.txt",
            inputs={"model": "${{parent.jobs.train.outputs.model}}", "data": "${{parent.jobs.prepare.outputs.data}}"},
        ),
    }


def test_steps_run_when_their_inputs_are_there(api: Api) -> None:
    mark = uuid.uuid4().hex
    document = pipeline(chain(mark), inputs={"rate": 0.1}, settings={"force_rerun": True})
    name = submit(api, document)
    job = api.wait(name, "Completed")
    assert job["status_reason"] == "All 3 steps completed."
    steps = children(api, name)
    assert [steps[key]["status"] for key in ("prepare", "train", "evaluate")] == ["Completed"] * 3
    assert steps["train"]["name"] == f"{name}--train"
    assert steps["train"]["parent_job_name"] == name
    assert api.printed(f"{name}--evaluate") == f"{mark}\n0.1\n{mark}\n".encode()
    order = [steps[key]["start_time"] for key in ("prepare", "train", "evaluate")]
    assert order == sorted(order)


def test_a_second_run_reuses_and_an_edit_runs_what_depends_on_it(api: Api) -> None:
    mark = uuid.uuid4().hex
    document = pipeline(chain(mark), inputs={"rate": 0.1})
    first, second = submit(api, document), ""
    api.wait(first, "Completed")
    second = submit(api, document)
    api.wait(second, "Completed")
    for key, child in children(api, second).items():
        assert child["status_code"] == "Reused", key
        assert child["properties"]["azureml.reusedrunid"] == f"{first}--{key}"
    third = submit(api, {**document, "inputs": {"rate": 0.2}})
    api.wait(third, "Completed")
    codes = {key: child["status_code"] for key, child in children(api, third).items()}
    assert codes["prepare"] == "Reused"
    assert "Reused" not in (codes["train"], codes["evaluate"])
    assert api.printed(f"{third}--evaluate") == f"{mark}\n0.2\n{mark}\n".encode()
    forced = submit(api, {**document, "settings": {"force_rerun": True}})
    api.wait(forced, "Completed")
    assert all(child["status_code"] != "Reused" for child in children(api, forced).values())


def test_a_failing_step_stops_the_others(api: Api, tmp_path: Path) -> None:
    jobs = {
        "bad": step("echo broken >&2; exit 3"),
        "slow": step(f"touch {tmp_path}/began; sleep 600"),
        "after": step("echo never", inputs={"x": "${{parent.jobs.slow.outputs.y}}"}),
    }
    jobs["bad"]["command"] = f"until [ -e {tmp_path}/began ]; do sleep 0.02; done; exit 3"
    name = submit(api, pipeline(jobs, settings={"force_rerun": True}))
    job = api.wait(name, "Failed")
    assert "'bad' failed" in job["status_reason"]
    assert "exit code 3" in job["status_reason"]
    steps = children(api, name)
    assert steps["slow"]["status"] == "Canceled"
    assert "after" not in steps


def test_others_go_on_when_the_settings_say_so(api: Api) -> None:
    mark = uuid.uuid4().hex
    jobs = {
        "bad": step("exit 1", outputs={"y": {"type": "uri_file"}}),
        "after": step("echo never", inputs={"x": "${{parent.jobs.bad.outputs.y}}"}),
        "free": step(f"echo {mark}"),
    }
    name = submit(api, pipeline(jobs, settings={"continue_on_step_failure": True}))
    job = api.wait(name, "Failed")
    assert "1 step did not run" in job["status_reason"]
    steps = children(api, name)
    assert steps["free"]["status"] == "Completed"
    assert "after" not in steps


def test_a_cancel_reaches_every_descendant(api: Api, tmp_path: Path) -> None:
    inner = {"type": "pipeline", "jobs": {"deep": step(f"touch {tmp_path}/deep; sleep 600")}}
    jobs = {"wide": step(f"touch {tmp_path}/wide; sleep 600"), "nested": {"type": "pipeline", "component": inner}}
    name = submit(api, pipeline(jobs, settings={"force_rerun": True}))
    eventually(lambda: (tmp_path / "deep").exists() and (tmp_path / "wide").exists(), 30, what="both steps to run")
    assert api.call("POST", f"/jobs/{name}/cancel")[0] == 200
    api.wait(name, "Canceled")
    steps = children(api, name)
    assert {child["status"] for child in steps.values()} == {"Canceled"}
    assert children(api, f"{name}--nested")["deep"]["status"] == "Canceled"


def test_a_nested_pipeline_gives_its_outputs(api: Api) -> None:
    mark = uuid.uuid4().hex
    inner = {
        "type": "pipeline",
        "inputs": {"word": {"type": "string"}},
        "outputs": {"made": {"type": "uri_folder"}},
        "jobs": {
            "write": step(
                "echo ${{inputs.word}} > ${{outputs.o}}/w.txt",
                inputs={"word": "${{parent.inputs.word}}"},
                outputs={"o": "${{parent.outputs.made}}"},
            )
        },
    }
    jobs = {
        "sub": {"type": "pipeline", "component": inner, "inputs": {"word": mark}},
        "show": step("cat ${{inputs.x}}/w.txt", inputs={"x": "${{parent.jobs.sub.outputs.made}}"}),
    }
    name = submit(api, pipeline(jobs))
    api.wait(name, "Completed")
    assert api.printed(f"{name}--show") == f"{mark}\n".encode()


def test_outputs_of_the_pipeline_are_listed_and_registered(api: Api) -> None:
    asset = f"made-{uuid.uuid4().hex[:8]}"
    jobs = {"write": step("echo 1 > ${{outputs.o}}/w.txt", outputs={"o": "${{parent.outputs.all}}"})}
    outputs = {"all": {"type": "uri_folder", "name": asset}}
    name = submit(api, pipeline(jobs, outputs=outputs, settings={"force_rerun": True}))
    api.wait(name, "Completed")
    found = api.call("GET", f"/jobs/{name}/outputs")[1]["value"]
    assert [output["name"] for output in found] == ["all"]
    assert api.call("GET", f"/data/{asset}/versions/1")[1]["path"].startswith("azureml://")


def test_a_failing_step_is_tried_again_when_the_document_says_so(api: Api, tmp_path: Path) -> None:
    task = f"if [ -e {tmp_path}/once ]; then echo fine; else touch {tmp_path}/once; exit 1; fi"
    name = submit(api, pipeline({"shaky": step(task, retry_settings={"max_retries": 1})}))
    api.wait(name, "Completed")
    assert len(api.call("GET", f"/jobs?parent={name}")[1]["value"]) == 2


def test_steps_that_wait_for_each_other_are_refused(api: Api) -> None:
    jobs = {
        "a": step("echo", inputs={"x": "${{parent.jobs.b.outputs.o}}"}, outputs={"o": {}}),
        "b": step("echo", inputs={"x": "${{parent.jobs.a.outputs.o}}"}, outputs={"o": {}}),
    }
    status, body = api.call("PUT", "/jobs/faulty", {"document": pipeline(jobs)})
    assert (status, body["error"]["code"]) == (422, "DocumentInvalid")
    assert "each other" in json.dumps(body) or "ring" in json.dumps(body)
    assert api.call("GET", "/jobs/faulty")[0] == 404


def test_every_wrong_name_is_told_at_once_with_the_nearest_right_one(api: Api) -> None:
    jobs = {
        "a": step("echo", inputs={"x": "${{parent.inputs.ratte}}"}),
        "b": step("echo", inputs={"x": "${{parent.jobs.aa.outputs.o}}"}),
    }
    status, body = api.call("PUT", "/jobs/faulty", {"document": pipeline(jobs, inputs={"rate": 1})})
    assert status == 422
    assert {problem["path"] for problem in body["error"]["problems"]} == {"jobs.a.inputs.x", "jobs.b.inputs.x"}
    assert "rate" in {problem["suggestion"] for problem in body["error"]["problems"]}


def test_faults_of_steps_carry_the_path_within_the_pipeline(api: Api) -> None:
    jobs = {
        "a": {**step("echo"), "environment": "azureml:nowhere@latest"},
        "b": {**step("echo"), "compute": "azureml:gone"},
    }
    status, body = api.call("PUT", "/jobs/faulty", {"document": pipeline(jobs)})
    assert status == 422
    assert {problem["path"] for problem in body["error"]["problems"]} == {"jobs.a.environment", "jobs.b.compute"}


def test_a_step_whose_data_is_gone_fails_and_says_so(api: Api) -> None:
    path = f"azureml://datastores/workspaceblobstore/paths/{uuid.uuid4().hex}/"
    jobs = {"reads": step("ls ${{inputs.x}}", inputs={"x": {"type": "uri_folder", "path": path}})}
    name = submit(api, pipeline(jobs))
    job = api.wait(name, "Failed")
    assert "'reads' failed" in job["status_reason"]


def test_a_pipeline_survives_the_death_of_its_server(start_server: ServerFactory, tmp_path: Path) -> None:
    server = start_server()
    api = Api(server)
    jobs: dict[str, Any] = {}
    for number in range(4):
        before = {"inputs": {"x": f"${{{{parent.jobs.s{number - 1}.outputs.o}}}}"}} if number else {}
        wait = f"until [ -e {tmp_path}/go{number} ]; do sleep 0.02; done; echo {number} >> {tmp_path}/ran"
        jobs[f"s{number}"] = step(
            f"{wait}; echo > ${{{{outputs.o}}}}/x", outputs={"o": {"type": "uri_folder"}}, **before
        )
    name = submit(api, pipeline(jobs))
    for number in range(4):
        eventually(lambda n=number: f"s{n}" in children(api, name), 30, what=f"step {number}")
        server.kill9()
        (tmp_path / f"go{number}").touch()
        server.restart()
    api.wait(name, "Completed")
    assert (tmp_path / "ran").read_text().split() == ["0", "1", "2", "3"]
