"""The live stream of a pipeline: every move of every job below it, in order, and taken up where it was cut off."""

from __future__ import annotations

import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from lapisml import MLClient
from lapisml.sdk.streaming import Follower
from tests.integration.jobs.client import Api
from tests.support.server import LapisServer

ENVIRONMENT = {"image": "python"}


@pytest.fixture
def api(shared_server: LapisServer) -> Api:
    return Api(shared_server)


def step(command: str, **more: Any) -> dict[str, Any]:
    return {"type": "command", "command": command, "environment": ENVIRONMENT, **more}


def submit(api: Api, jobs: dict[str, Any], **more: Any) -> str:
    name = f"p-{uuid.uuid4().hex[:12]}"
    document = {"type": "pipeline", "experiment_name": "stream", "jobs": jobs, **more}
    status, body = api.call("PUT", f"/jobs/{name}", {"document": document})
    assert status in (200, 201), body
    return name


def stream(server: LapisServer, name: str, after: int = 0) -> Iterator[dict[str, Any]]:
    url = f"{server.url}/api/v1/workspaces/default/jobs/{name}/stream?after={after}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {server.token}"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        for line in answer:
            found = json.loads(line)
            yield found
            if "end" in found:
                return


def nested(mark: str) -> dict[str, Any]:
    inner = {
        "type": "pipeline",
        "inputs": {"data": {"type": "uri_folder"}},
        "jobs": {"fit": step(f"ls ${{{{inputs.data}}}} {mark}", inputs={"data": "${{parent.inputs.data}}"})},
    }
    outputs = {"data": {"type": "uri_folder"}}
    return {
        "prep": step(f"echo {mark} > ${{{{outputs.data}}}}/a.txt", outputs=outputs),
        "inner": {
            "type": "pipeline",
            "component": inner,
            "inputs": {"data": "${{parent.jobs.prep.outputs.data}}"},
        },
    }


def children(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line["child"] for line in lines if "child" in line]


def test_every_move_of_every_descendant_is_told_in_order(api: Api, shared_server: LapisServer) -> None:
    name = submit(api, nested(uuid.uuid4().hex))
    lines = list(stream(shared_server, name))
    moves = children(lines)
    assert [move["seq"] for move in moves] == sorted({move["seq"] for move in moves})
    ends = [(move["step"], move["status"]) for move in moves if move["status"] in ("Completed", "Failed")]
    assert ends == [("prep", "Completed"), ("fit", "Failed"), ("inner", "Failed")]
    fit = next(move for move in moves if move["step"] == "fit")
    assert (fit["parent"], fit["type"], fit["name"]) == (f"{name}--inner", "command", f"{name}--inner--fit")
    assert lines[-1]["end"]["status"] == "Failed"
    assert "fit" in lines[-1]["end"]["reason"]
    of_prep = [move["status"] for move in moves if move["step"] == "prep"]
    assert of_prep[0] == "Queued"
    assert of_prep[-1] == "Completed"
    assert "Running" in of_prep


def test_a_stream_that_was_cut_goes_on_with_the_next_move(api: Api, shared_server: LapisServer) -> None:
    name = submit(api, nested(uuid.uuid4().hex))
    api.wait(name, "Failed")
    whole = children(list(stream(shared_server, name)))
    for cut in (0, len(whole) // 2, len(whole) - 1):
        rest = children(list(stream(shared_server, name, after=whole[cut]["seq"])))
        assert rest == whole[cut + 1 :]


def test_a_reused_step_says_from_which_job(api: Api, shared_server: LapisServer) -> None:
    jobs = {"only": step(f"echo {uuid.uuid4().hex}")}
    first = submit(api, jobs)
    api.wait(first, "Completed")
    second = submit(api, jobs)
    moves = children(list(stream(shared_server, second)))
    assert [(move["status"], move.get("reused_from")) for move in moves] == [("Completed", f"{first}--only")]


def test_what_the_pipeline_is_about_is_told(api: Api, shared_server: LapisServer) -> None:
    name = submit(api, {"slow": step(f"sleep 1.5; echo {uuid.uuid4().hex}")})
    notes = [line["note"] for line in stream(shared_server, name) if "note" in line]
    assert any("slow" in note for note in notes), notes


def test_a_canceled_pipeline_tells_the_end_of_its_steps(api: Api, shared_server: LapisServer) -> None:
    name = submit(
        api, {"slow": step("sleep 60"), "later": step("echo", inputs={"x": "${{parent.jobs.slow.outputs.o}}"})}
    )
    moves = []
    for line in stream(shared_server, name):
        moves += children([line])
        if moves and moves[-1]["status"] == "Running":
            api.call("POST", f"/jobs/{name}/cancel")
        if "end" in line:
            assert line["end"]["status"] == "Canceled"
    assert [move["status"] for move in moves][-1] == "Canceled"
    assert {move["step"] for move in moves} == {"slow"}


def test_a_follower_outlives_the_server(lapis_server: LapisServer) -> None:
    server = lapis_server
    client = MLClient(server.token, workspace_name="default", url=server.url)
    first = step("sleep 1; echo x > ${{outputs.o}}/a", outputs={"o": {"type": "uri_folder"}})
    second = step("sleep 1; ls ${{inputs.o}}", inputs={"o": "${{parent.jobs.first.outputs.o}}"})
    name = submit(Api(server), {"first": first, "second": second})
    moves: list[dict[str, Any]] = []
    told: list[str] = []

    def child(move: dict[str, Any]) -> None:
        moves.append(move)
        if len(moves) == 3:
            server.kill9()
            server.start()

    end = client.jobs.follow(name, Follower(on_child=child, on_away=told.append))
    assert end["status"] == "Completed"
    assert told[-1] == "The server is back."
    assert [move["seq"] for move in moves] == sorted({move["seq"] for move in moves})
    ends = [(move["step"], move["status"]) for move in moves if move["status"] == "Completed"]
    assert ends == [("first", "Completed"), ("second", "Completed")]
