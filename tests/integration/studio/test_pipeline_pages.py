"""What the page shows of pipelines: the graph with the state of each step, the cause of a failure, the list."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.integration.jobs.client import Api
from tests.support.server import LapisServer

ENVIRONMENT = {"image": "python"}


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": ENVIRONMENT, **more}


def submit(api: Api, jobs: dict[str, Any], **more: Any) -> str:
    name = f"shown-{uuid.uuid4().hex[:12]}"
    status, body = api.call("PUT", f"/jobs/{name}", {"document": {"type": "pipeline", "jobs": jobs, **more}})
    assert status in (200, 201), body
    return name


def graph(api: Api, name: str) -> dict[str, Any]:
    status, body = api.call("GET", f"/jobs/{name}/graph")
    assert status == 200, body
    return dict(body)


def chain(mark: str) -> dict[str, Any]:
    return {
        "make": step(f"echo {mark} > ${{{{outputs.data}}}}/a", outputs={"data": {"type": "uri_folder"}}),
        "use": step(
            "cat ${{inputs.data}}/a; echo ${{inputs.rate}}",
            inputs={"data": "${{parent.jobs.make.outputs.data}}", "rate": "${{parent.inputs.rate}}"},
        ),
    }


def test_edges_lead_from_port_to_port_and_a_reused_step_names_its_source(api: Api) -> None:
    mark = uuid.uuid4().hex
    first = submit(api, chain(mark), inputs={"rate": 0.1})
    api.wait(first, "Completed")
    second = submit(api, chain(mark), inputs={"rate": 0.2})
    api.wait(second, "Completed")
    shown = graph(api, second)
    assert shown["edges"] == [{"source": "make", "output": "data", "target": "use", "input": "data"}]
    made, used = shown["steps"]
    assert (made["name"], made["status"], made["reused_from"]) == ("make", "Completed", f"{first}--make")
    assert (used["needs"], used["status"], used["reused_from"]) == (["make"], "Completed", None)
    assert used["started_at"] < used["ended_at"]
    assert shown["cause"] == []
    listed = api.call("GET", f"/pipelines?text={second[-8:].upper()}")[1]["value"]
    assert [(one["name"], one["steps"], one["counts"]) for one in listed] == [(second, 2, {"Completed": 2})]


def test_the_cause_of_a_failure_is_found_through_nested_pipelines(api: Api) -> None:
    bad = {"deep": step("echo here it breaks >&2; exit 3"), "after": step("echo never")}
    bad["after"]["inputs"] = {"x": "${{parent.jobs.deep.outputs.x}}"}
    bad["deep"]["outputs"] = {"x": {"type": "uri_folder"}}
    inner = {"name": f"inner_{uuid.uuid4().hex[:8]}", "version": "1", "type": "pipeline", "jobs": bad}
    status, body = api.call("POST", "/components", inner)
    assert status == 200, body
    reference = f"azureml:{inner['name']}:1"
    name = submit(api, {"nested": {"type": "pipeline", "component": reference}, "fine": step("echo fine")})
    api.wait(name, "Failed")
    shown = graph(api, name)
    assert [(one["step"], one["job"]) for one in shown["cause"]] == [
        ("nested", f"{name}--nested"),
        ("deep", f"{name}--nested--deep"),
    ]
    assert "3" in shown["cause"][-1]["reason"]
    opened = graph(api, f"{name}--nested")
    assert {one["name"]: one["status"] for one in opened["steps"]} == {"deep": "Failed", "after": "NotStarted"}
    users = api.call("GET", f"/components/{inner['name']}/versions/1/jobs")[1]["value"]
    assert [user["name"] for user in users] == [name]
    drawn = api.call("GET", f"/components/{inner['name']}/versions/1/graph")[1]
    assert [(edge["source"], edge["target"]) for edge in drawn["edges"]] == [("deep", "after")]


def test_a_job_that_is_no_pipeline_has_no_graph(api: Api) -> None:
    name = api.submit("echo alone")
    status, body = api.call("GET", f"/jobs/{name}/graph")
    assert (status, body["error"]["code"]) == (422, "NotSupported")
    status, body = api.call("GET", f"/jobs/{name}/trials")
    assert (status, body["error"]["code"]) == (422, "NotSupported")
