"""Jobs through the native API of a real server with real processes."""

from __future__ import annotations

import json
import urllib.request
import uuid
from pathlib import Path

import pytest

from tests.integration.jobs.client import Api
from tests.support.polling import eventually
from tests.support.server import LapisServer


@pytest.fixture
def server(shared_server: LapisServer) -> LapisServer:
    return shared_server


@pytest.fixture
def api(server: LapisServer) -> Api:
    return Api(server)


@pytest.fixture
def one(api: Api) -> str:
    """A cluster with one node, of this test's own."""
    name = f"one-{uuid.uuid4().hex[:8]}"
    status, body = api.call("PUT", f"/computes/{name}", {"name": name, "type": "amlcompute", "max_instances": 1})
    assert status == 200, body
    return name


def test_a_job_runs_through_every_state(api: Api) -> None:
    name = api.submit("echo hello; echo data > outputs/made.txt")
    job = api.wait(name, "Completed")
    assert job["exit_code"] == 0
    assert api.printed(name) == b"hello\n"
    events = api.call("GET", f"/jobs/{name}/events")[1]["value"]
    moves = [event["status"] for event in events if event["before"] != event["status"]]
    assert moves == ["Queued", "Preparing", "Starting", "Running", "Finalizing", "Completed"]
    steps = [(event["status"], event["code"]) for event in events if event["before"] == event["status"]]
    assert steps in ([], [("Preparing", "Environment")]), "the first job of this server builds its environment"
    assert all(event["reason"] for event in events)


def test_the_same_submission_twice_is_one_job(api: Api) -> None:
    document = {"type": "command", "command": "echo once", "environment": {"image": "python"}}
    first = api.call("PUT", "/jobs/same", {"document": document})
    second = api.call("PUT", "/jobs/same", {"document": document})
    assert {first[0], second[0]} <= {200, 201}
    status, body = api.call("PUT", "/jobs/same", {"document": {**document, "command": "echo other"}})
    assert (status, body["error"]["code"]) == (409, "Conflict")
    api.wait("same", "Completed")
    assert api.printed("same") == b"once\n"


def test_a_failing_script_says_why_with_its_last_lines(api: Api) -> None:
    name = api.submit("echo before; echo 'the cause' >&2; exit 3")
    job = api.wait(name, "Failed")
    assert job["exit_code"] == 3
    assert "exit code 3" in job["status_reason"]
    assert "the cause" in job["status_reason"]


def test_jobs_wait_for_nodes_with_a_reason(api: Api, one: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = api.submit(f"until [ -e {gate} ]; do sleep 0.05; done", compute=f"azureml:{one}")
    api.wait(first, "Running")
    second, third = api.submit("echo 2", compute=one), api.submit("echo 3", compute=one)
    assert f"1st in line for {one}; node 0 runs {first}" in api.job(second)["status_reason"]
    assert f"2nd in line for {one}" in api.job(third)["status_reason"]
    nodes = api.call("GET", f"/computes/{one}/nodes")[1]["value"]
    assert [node["current_job_name"] for node in nodes] == [first]
    states = {run["run_id"]: run["status"] for run in api.call("POST", "/runs/search", {})[1]["value"]}
    assert (states[first], states[second]) == ("Running", "Queued")
    gate.touch()
    for name in (first, second, third):
        api.wait(name, "Completed")


def test_a_stopped_compute_instance_is_the_reason(api: Api) -> None:
    api.call("PUT", "/computes/box", {"name": "box", "type": "computeinstance"})
    api.call("POST", "/computes/box/stop")
    name = api.submit("echo hi", compute="azureml:box")
    assert "box is stopped" in api.job(name)["status_reason"]
    api.call("POST", "/computes/box/start")
    api.wait(name, "Completed")


def test_a_cancel_ends_the_whole_process_group(api: Api, tmp_path: Path) -> None:
    marker = tmp_path / "pids"
    command = f"sleep 300 & echo $! >> {marker}; (setsid sleep 300 & echo $! >> {marker}); echo ready >> {marker}; wait"
    name = api.submit(command)
    eventually(lambda: marker.exists() and "ready" in marker.read_text(), 30, what="the command's children")
    status, body = api.call("POST", f"/jobs/{name}/cancel")
    assert (status, body["status"]) == (200, "CancelRequested")
    job = api.wait(name, "Canceled")
    assert "ancel" in job["status_reason"]
    pids = [line for line in marker.read_text().split() if line.isdigit()]
    assert len(pids) == 2
    assert not [pid for pid in pids if _alive(pid)]


def test_a_queued_job_is_cancelled_at_once(api: Api, one: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    first = api.submit(f"until [ -e {gate} ]; do sleep 0.05; done", compute=one)
    second = api.submit("echo never", compute=one)
    api.call("POST", f"/jobs/{second}/cancel")
    assert api.wait(second, "Canceled")["exit_code"] is None
    gate.touch()
    api.wait(first, "Completed")


def test_a_time_limit_stops_the_job(api: Api) -> None:
    name = api.submit("sleep 300", limits={"timeout": 1})
    job = api.wait(name, "Canceled")
    assert job["status_code"] == "Timeout"


def test_metadata_can_change_and_the_rest_can_not(api: Api) -> None:
    name = api.submit("echo hi", tags={"old": "1"})
    changes = {"display_name": "shown", "description": "text", "tags": {"new": "2"}, "experiment_name": "other"}
    status, body = api.call("PATCH", f"/jobs/{name}", changes)
    assert status == 200
    assert (body["display_name"], body["experiment_name"], body["tags"]) == ("shown", "other", {"new": "2"})
    status, body = api.call("PATCH", f"/jobs/{name}", {"command": "rm -rf /"})
    assert (status, body["error"]["code"]) == (422, "NotSupported")


def test_lists_are_paged_filtered_and_hide_the_archived(api: Api) -> None:
    group = f"lists-{uuid.uuid4().hex[:8]}"
    names = [api.submit("true", tags={"odd": str(i % 2)}, experiment_name=group) for i in range(5)]
    for name in names:
        api.wait(name, "Completed")
    api.call("POST", f"/jobs/{names[0]}/archive")
    page = api.call("GET", f"/jobs?limit=3&experiment_name={group}")[1]
    rest = api.call("GET", f"/jobs?limit=3&experiment_name={group}&token={page['next']}")[1]
    assert [job["name"] for job in page["value"] + rest["value"]] == names[:0:-1]
    assert [j["name"] for j in api.call("GET", f"/jobs?archived=archived&experiment_name={group}")[1]["value"]] == [
        names[0]
    ]
    assert len(api.call("GET", f"/jobs?tag=odd%3D1&experiment_name={group}")[1]["value"]) == 2


@pytest.mark.parametrize(
    ("keys", "code", "place"),
    [
        ({"compute": "azureml:nowhere"}, "ReferenceNotFound", "compute"),
        ({"environment": "azureml:nothing@latest"}, "ReferenceNotFound", "environment"),
        ({"inputs": {"x": {"type": "uri_file", "path": "azureml:nodata:1"}}}, "ReferenceNotFound", "inputs.x.path"),
        ({"code": "azureml://codes/" + "0" * 64}, "ReferenceNotFound", "code"),
        ({"enviroment": "x"}, "DocumentInvalid", "enviroment"),
        ({"command": "echo ${{inputs.y}}"}, "DocumentInvalid", "command"),
        ({"resources": {"instance_count": 10_000}}, "ReferenceNotFound", "resources.instance_count"),
        (
            {"distribution": {"type": "ray", "head_node_additional_args": "'"}},
            "NotSupported",
            "distribution.head_node_additional_args",
        ),
    ],
)
def test_a_bad_document_is_refused_as_a_whole(api: Api, keys: dict[str, object], code: str, place: str) -> None:
    document = {"type": "command", "command": "echo hi", "environment": {"image": "python"}, **keys}
    status, body = api.call("PUT", "/jobs/bad", {"document": document})
    assert status == 422, body
    assert body["error"]["code"] == code
    assert place in [problem["path"] for problem in body["error"]["problems"]]
    assert api.call("GET", "/jobs/bad")[0] == 404


def test_a_named_output_is_registered(api: Api) -> None:
    outputs = {"table": {"type": "uri_folder", "name": "made_data"}}
    name = api.submit("echo 1 > ${{outputs.table}}/one.csv", outputs=outputs)
    api.wait(name, "Completed")
    status, asset = api.call("GET", "/data/made_data/labels/latest")
    assert status == 200
    assert asset["type"] == "uri_folder"
    listed = api.call("GET", f"/content?uri=azureml://jobs/{name}/outputs/table")[1]
    assert [item["path"] for item in listed["value"]] == ["one.csv"]


def test_binary_output_is_kept_as_it_was(api: Api) -> None:
    name = api.submit(r"printf 'a\000\377\n'")
    api.wait(name, "Completed")
    assert api.printed(name) == b"a\x00\xff\n"


def test_the_stream_tells_states_log_and_end(api: Api, server: LapisServer) -> None:
    name = api.submit("echo first; sleep 0.3; echo second; exit 4")
    url = f"{server.url}/api/v1/workspaces/default/jobs/{name}/stream"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    log = "".join(line["log"] for line in lines if line.get("path") == "user_logs/std_log.txt")
    assert log.endswith("first\nsecond\n")
    assert lines[-1]["end"]["status"] == "Failed"
    assert lines[-1]["end"]["exit_code"] == 4
    assert [line["event"]["status"] for line in lines if "event" in line][:2] == ["Queued", "Preparing"]


def test_a_stream_goes_on_where_it_was_cut(api: Api, server: LapisServer) -> None:
    name = api.submit("echo first; echo second")
    api.wait(name, "Completed")
    seen = len(api.log(name)) - len("second\n")
    url = f"{server.url}/api/v1/workspaces/default/jobs/{name}/stream?log_offset={seen}&after=1000000"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        lines = [json.loads(line) for line in answer]
    assert "".join(line.get("log", "") for line in lines if line.get("path") == "user_logs/std_log.txt") == "second\n"
    assert not [line for line in lines if "event" in line]


def _alive(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"type": "amlcompute", "max_instancs": 2}, "DocumentInvalid"),
        ({"type": "amlcompute", "max_instances": "many"}, "DocumentInvalid"),
        ({"type": "amlcompute", "min_instances": 5, "max_instances": 2}, "DocumentInvalid"),
        ({"type": "kubernetes"}, "NotSupported"),
    ],
)
def test_a_bad_compute_is_refused(api: Api, document: dict[str, object], code: str) -> None:
    status, body = api.call("PUT", "/computes/bad", {"name": "bad", **document})
    assert (status, body["error"]["code"]) == (422, code)
    assert api.call("GET", "/computes/bad")[0] == 404


def test_a_compute_in_use_is_not_deleted(api: Api, one: str, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    name = api.submit(f"until [ -e {gate} ]; do sleep 0.05; done", compute=one)
    api.wait(name, "Running")
    status, body = api.call("DELETE", f"/computes/{one}")
    assert (status, body["error"]["code"]) == (409, "Conflict")
    assert name in body["error"]["message"]
    gate.touch()
    api.wait(name, "Completed")
    assert api.call("DELETE", f"/computes/{one}")[0] == 204
