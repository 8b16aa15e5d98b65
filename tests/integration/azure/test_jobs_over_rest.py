"""Jobs over the addresses of Azure's resource manager and of the run history, as scripts call them."""

from __future__ import annotations

import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.jobs.client import OVER, Api
from tests.support.polling import eventually
from tests.support.server import LapisServer

SCOPE = "/subscriptions/sub/resourceGroups/team/providers/Microsoft.MachineLearningServices/workspaces/default"
JOBS = f"{SCOPE}/jobs"
HISTORY = f"/history/v1.0{SCOPE}"

Call = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def call(shared_server: LapisServer) -> Call:
    return shared_server.request


@pytest.fixture(scope="module")
def environment(call: Call) -> str:
    """The id of an environment that needs no build."""
    path = f"{SCOPE}/environments/rest-{uuid.uuid4().hex[:8]}/versions/1"
    status, body = call("PUT", path, {"properties": {"image": "python"}})
    assert status in (200, 201), body
    return path


@pytest.fixture
def submit(call: Call, environment: str) -> Callable[..., str]:
    def send(command: str, **keys: Any) -> str:
        name = f"rest_{uuid.uuid4().hex[:12]}"
        properties = {"jobType": "Command", "command": command, "environmentId": environment, **keys}
        status, body = call("PUT", f"{JOBS}/{name}?api-version=2022-05-01", {"properties": properties})
        assert status == 201, body
        return name

    return send


def wait(call: Call, name: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        status, body = call("GET", f"{JOBS}/{name}")
        assert status == 200, body
        return dict(body) if body["properties"]["status"] in OVER else None

    return eventually(look, 60, what=f"the end of {name}")


def plain_get(address: str) -> bytes:
    """Read an address as a browser would, without a token."""
    with urllib.request.urlopen(address, timeout=30) as answer:
        return bytes(answer.read())


def test_one_job_from_submission_to_its_log(call: Call, submit: Callable[..., str], environment: str) -> None:
    name = submit("echo hello ${{inputs.x}}", inputs={"x": {"jobInputType": "literal", "value": "you"}})
    job = wait(call, name)
    assert job["id"] == f"{JOBS}/{name}"
    assert job["type"] == "Microsoft.MachineLearningServices/workspaces/jobs"
    found = job["properties"]
    assert (found["status"], found["jobType"], found["environmentId"]) == ("Completed", "Command", environment)
    assert found["services"]["Studio"]["endpoint"].endswith(f"/studio/default/jobs/{name}")
    assert job["systemData"]["createdAt"].endswith("Z")

    status, details = call("GET", f"{HISTORY}/runs/{name}/details")
    assert (status, details["status"], details["outputs"]) == (200, "Completed", {})
    address = details["logFiles"]["user_logs/std_log.txt"]
    assert b"hello you\n" in plain_get(address)


def test_a_log_is_read_with_its_own_signature_only(call: Call, submit: Callable[..., str]) -> None:
    first, second = submit("echo mine"), submit("echo other")
    for name in (first, second):
        wait(call, name)
    address = call("GET", f"{HISTORY}/runs/{first}/details")[1]["logFiles"]["user_logs/std_log.txt"]
    path, _, signature = address.partition("?")
    wrong = (
        path,
        f"{path}?{signature.replace('sig=', 'sig=AAAA')}",
        f"{path.replace(first, second)}?{signature}",
        f"{path.replace('/default/', '/another/')}?{signature}",
        f"{path}?{signature.replace('sp=r', 'sp=rw')}",
    )
    for other in wrong:
        with pytest.raises(urllib.error.HTTPError) as refused:
            plain_get(other)
        assert refused.value.code in (401, 403), other
    for climbing in ("..%2Fsupervisor.json", "user_logs%2F..%2F..%2Flaunch.json", "spec.json"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            plain_get(f"{path.rsplit('/', 1)[0]}/{climbing}?{signature}")
        assert refused.value.code in (400, 403, 404), climbing


def test_the_same_put_twice_is_one_job_and_another_is_a_conflict(call: Call, environment: str) -> None:
    name = f"rest_{uuid.uuid4().hex[:12]}"
    body = {"properties": {"jobType": "Command", "command": "echo once", "environmentId": environment}}
    assert call("PUT", f"{JOBS}/{name}", body)[0] == 201
    assert call("PUT", f"{JOBS}/{name}", body)[0] == 200
    other = {"properties": {**body["properties"], "command": "echo other"}}
    status, answer = call("PUT", f"{JOBS}/{name}", other)
    assert (status, answer["error"]["code"]) == (409, "Conflict")


def test_what_was_read_can_be_sent_back_with_other_words_around_it(call: Call, submit: Callable[..., str]) -> None:
    name = submit("echo x", tags={"a": "1"}, displayName="first")
    job = wait(call, name)
    job["properties"] |= {"displayName": "second", "tags": {"b": "2"}, "isArchived": True}
    status, answer = call("PUT", f"{JOBS}/{name}", job)
    assert status == 200, answer
    found = answer["properties"]
    assert (found["displayName"], found["tags"], found["isArchived"]) == ("second", {"b": "2"}, True)
    assert found["status"] == "Completed"


def test_patches_of_job_and_run(call: Call, submit: Callable[..., str]) -> None:
    name = submit("echo x", tags={"a": "1"}, experimentName="rest")
    wait(call, name)
    status, answer = call("PATCH", f"{JOBS}/{name}", {"properties": {"description": "d", "properties": {"k": "v"}}})
    assert (status, answer["properties"]["description"], answer["properties"]["properties"]) == (200, "d", {"k": "v"})
    assert call("PATCH", f"{JOBS}/{name}", {"properties": {"command": "other"}})[0] == 400
    run = f"{HISTORY}/experiments/rest/runs/{name}"
    status, answer = call("PATCH", run, {"hidden": True, "tags": {"b": "2"}, "displayName": "n"})
    assert (status, answer["hidden"], answer["tags"], answer["displayName"]) == (200, True, {"a": "1", "b": "2"}, "n")
    status, answer = call("PATCH", run, {"properties": {"k": "other"}})
    assert (status, answer["error"]["code"]) == (409, "Conflict")
    assert call("PATCH", run, {"status": "Failed"})[0] == 400
    assert call("GET", f"{HISTORY}/experimentids/rest/runs/{name}")[1]["description"] == "d"


def test_lists_by_page_type_tag_and_view(call: Call, submit: Callable[..., str]) -> None:
    tag = f"t{uuid.uuid4().hex[:8]}"
    names = [submit("echo x", tags={tag: str(number % 2)}) for number in range(3)]

    def listed(query: str) -> list[str]:
        status, body = call("GET", f"{JOBS}?{query}")
        assert status == 200, body
        return [job["name"] for job in body["value"]]

    assert listed(f"tag={tag}") == names[::-1]
    assert listed(f"tag={tag}%3D1") == [names[1]]
    assert listed(f"tag={tag}&jobType=command") == names[::-1]
    assert listed(f"tag={tag}&jobType=Pipeline") == []
    assert listed(f"tag={tag}&$top=2") == names[:0:-1]
    for name in names:
        wait(call, name)
    call("PATCH", f"{HISTORY}/runs/{names[0]}", {"hidden": True})
    assert listed(f"tag={tag}") == names[:0:-1]
    assert listed(f"tag={tag}&listViewType=ArchivedOnly") == [names[0]]
    assert listed(f"tag={tag}&listViewType=All") == names[::-1]
    assert call("GET", f"{JOBS}?listViewType=Some")[0] == 400
    assert call("GET", f"{JOBS}?jobType=Comand")[0] == 400


def test_a_long_list_comes_in_pages(call: Call, shared_server: LapisServer, environment: str) -> None:
    api = Api(shared_server)
    status, body = api.call("PUT", "/computes/stopped", {"name": "stopped", "type": "amlcompute", "max_instances": 0})
    compute = {} if status != 200 else {"computeId": f"{SCOPE}/computes/stopped"}
    wanted = set()
    for _ in range(101):
        name = f"page_{uuid.uuid4().hex[:12]}"
        properties = {"jobType": "Command", "command": "sleep 600", "environmentId": environment, **compute}
        assert call("PUT", f"{JOBS}/{name}", {"properties": properties})[0] == 201, body
        wanted.add(name)
    found: list[str] = []
    address: str | None = JOBS
    while address and not wanted <= set(found):
        status, page = call("GET", address)
        assert status == 200, page
        assert len(page["value"]) <= 100
        found += [job["name"] for job in page["value"]]
        address = page.get("nextLink", "").removeprefix(shared_server.url) or None
    for name in wanted:
        assert call("POST", f"{JOBS}/{name}/cancel")[0] == 200
    assert wanted <= set(found)
    assert len(found) == len(set(found))


def test_a_job_that_is_over_can_be_removed(call: Call, submit: Callable[..., str], environment: str) -> None:
    name = submit("sleep 600")
    status, answer = call("DELETE", f"{JOBS}/{name}")
    assert (status, answer["error"]["code"]) == (409, "Conflict")
    assert call("POST", f"{JOBS}/{name}/cancel")[0] == 200
    assert wait(call, name)["properties"]["status"] == "Canceled"
    assert call("DELETE", f"{JOBS}/{name}")[0] == 200
    assert call("DELETE", f"{JOBS}/{name}")[0] == 204
    assert call("GET", f"{JOBS}/{name}")[0] == 404
    again = {"properties": {"jobType": "Command", "command": "echo again", "environmentId": "azureml:absent@latest"}}
    assert call("PUT", f"{JOBS}/{name}", again)[0] == 400
    again["properties"]["environmentId"] = environment
    status, answer = call("PUT", f"{JOBS}/{name}", again)
    assert (status, answer["error"]["code"]) == (409, "Conflict")
    assert call("GET", f"{JOBS}/{name}")[0] == 404


def test_a_pipeline_tells_its_story_and_where_its_outputs_lie(call: Call, environment: str) -> None:
    component = f"{SCOPE}/components/rest-{uuid.uuid4().hex[:8]}/versions/1"
    spec = {
        "type": "command",
        "name": component.split("/")[-3],
        "version": "1",
        "command": "echo ${{inputs.word}} > ${{outputs.made}}",
        "environment": f"azureml:{environment}",
        "inputs": {"word": {"type": "string"}},
        "outputs": {"made": {"type": "uri_file"}},
    }
    assert call("PUT", component, {"properties": {"componentSpec": spec}})[0] == 201
    node = {
        "type": "command",
        "componentId": component,
        "inputs": {"word": {"job_input_type": "literal", "value": "${{parent.inputs.word}}"}},
        "outputs": {"made": {"type": "literal", "value": "${{parent.outputs.final}}"}},
    }
    properties = {
        "jobType": "Pipeline",
        "inputs": {"word": {"jobInputType": "literal", "value": "rest"}},
        "outputs": {"final": {"jobOutputType": "uri_file"}},
        "jobs": {"maker": node},
    }
    name = f"rest_{uuid.uuid4().hex[:12]}"
    status, body = call("PUT", f"{JOBS}/{name}", {"properties": properties})
    assert status == 201, body
    assert body["properties"]["jobs"]["maker"]["componentId"] == component
    assert wait(call, name)["properties"]["status"] == "Completed"

    children = call("GET", f"{HISTORY}/runs/{name}/children")[1]["value"]
    assert [(child["displayName"], child["parentRunId"], child["rootRunId"]) for child in children] == [
        ("maker", name, name)
    ]
    details = call("GET", f"{HISTORY}/runs/{name}/details")[1]
    story = plain_get(details["logFiles"]["logs/azureml/executionlogs.txt"]).decode()
    assert f"maker ({children[0]['runId']}): Completed." in story
    assert story.splitlines()[-1].split("] ")[1].startswith("Completed.")

    run = call("POST", f"{HISTORY}/rundata", {"runId": name})[1]["runMetadata"]
    asked = run["outputs"]["final"]["assetId"]
    resolved = call("POST", f"/data/v1.0{SCOPE}/dataversion/batchGetResolvedUris", {"values": [asked]})[1]
    assert f"azureml/{children[0]['runId']}/made" in resolved["values"][asked]["uri"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (None, "InvalidRequestContent"),
        ([], "InvalidRequestContent"),
        ({}, "InvalidRequestContent"),
        ({"properties": {}}, "ValidationError"),
        ({"properties": {"jobType": "AutoML"}}, "NotSupported"),
        ({"properties": {"jobType": "FineTuning"}}, "NotSupported"),
        ({"properties": {"jobType": "Command", "command": "x", "environmentId": "azureml:absent:1"}}, ""),
        ({"properties": {"jobType": "Command", "command": ["x"]}}, ""),
    ],
)
def test_bodies_that_are_no_jobs(call: Call, body: Any, code: str) -> None:
    status, answer = call("PUT", f"{JOBS}/rest_bad", body)
    assert 400 <= status < 500, answer
    assert answer["error"]["code"]
    assert answer["error"]["message"]
    assert code in ("", answer["error"]["code"]), answer
    assert call("GET", f"{JOBS}/rest_bad")[0] == 404


def test_runs_that_are_not_there(call: Call) -> None:
    for method, path in (
        ("GET", f"{HISTORY}/runs/absent"),
        ("GET", f"{HISTORY}/runs/absent/details"),
        ("GET", f"{HISTORY}/runs/absent/children"),
        ("GET", f"{HISTORY}/runs/absent/serviceinstances/0"),
        ("POST", f"{JOBS}/absent/cancel"),
    ):
        status, answer = call(method, path)
        assert (status, answer["error"]["code"]) == (404, "ResourceNotFound"), path
    status, answer = call("POST", f"{HISTORY}/rundata", {"runId": "absent"})
    assert (status, answer["error"]["code"]) == (404, "ResourceNotFound")
    assert call("POST", f"{HISTORY}/rundata", {})[0] == 400
