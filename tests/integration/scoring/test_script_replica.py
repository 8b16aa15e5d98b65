"""A replica with a scoring script."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lapisml.scoring.lapis_scoring import frames
from tests.support.polling import eventually
from tests.support.replicas import Replica

Start = Callable[..., Replica]
Script = Callable[[str], dict[str, Any]]

_USUAL = """
import json, os, time
def init():
    global factor
    factor = int(os.environ.get("FACTOR", "3"))
    print("model in", os.environ["AZUREML_MODEL_DIR"])
def run(raw_data):
    asked = json.loads(raw_data)
    if "sleep" in asked: time.sleep(asked["sleep"])
    if "touch" in asked: open(asked["touch"], "w").close()
    if "then_sleep" in asked: time.sleep(asked["then_sleep"])
    if "raise" in asked: raise KeyError("no such model")
    if "exit" in asked: exit(3)
    if "die" in asked: os._exit(9)
    if "return" in asked: return asked["return"]
    return [asked["x"] * factor]
"""


def test_init_then_run_with_the_raw_text(start: Start, script: Script) -> None:
    replica = start(model_dir="/models", env={"FACTOR": "5"}, **script(_USUAL))
    hello = replica.hello()

    assert (hello["kind"], hello["raw"], hello["max_concurrent"], hello["collects"]) == ("script", False, 1, False)
    assert hello["revision"] == "0123456789ab"
    assert hello["pid"] == replica.process.pid
    assert replica.ask({"x": 2}) == (200, [10])
    assert "model in /models" in replica.log.read_text()


def test_a_text_is_quoted_once_more(start: Start, script: Script) -> None:
    replica = start(model_dir="/m", **script(_USUAL))
    replica.hello()
    assert replica.ask({"return": '{"a": 1}'}) == (200, '{"a": 1}')
    assert replica.ask({"return": {"a": None}}) == (200, {"a": None})


@pytest.mark.parametrize(
    ("asked", "said"), [("raise", "KeyError: 'no such model'"), ("exit", "SystemExit: 3")], ids=["raises", "exits"]
)
def test_a_failing_run_is_the_models_error_and_the_next_request_is_answered(
    start: Start, script: Script, asked: str, said: str
) -> None:
    replica = start(model_dir="/m", **script(_USUAL))
    replica.hello()
    number = replica.send({asked: 1})
    frame = replica.frame()
    head = frames.read_head(frame.head)

    assert (frame.id, head["status"]) == (number, 424)
    assert ["ms-azureml-model-error-reason", said] in head["headers"]
    assert said in json.loads(frame.body)["error"]["message"]
    assert "score.py" not in frame.body.decode(), "where it happened is for the log"
    assert "in run" in replica.log.read_text()
    assert replica.ask({"x": 1}) == (200, [3])


def test_a_run_over_its_time_is_answered_408_and_pings_are_answered_meanwhile(start: Start, script: Script) -> None:
    replica = start(model_dir="/m", **{**script(_USUAL), "timeout_s": 0.3})
    replica.hello()
    slow = replica.send({"sleep": 1.5, "x": 1})
    ping = replica.send(b"", kind=frames.PING)
    quick = replica.send({"x": 1})

    order = [replica.frame() for _ in range(3)]
    assert [(f.kind, f.id) for f in order] == [(frames.PONG, ping), (frames.ANSWER, slow), (frames.ANSWER, quick)]
    assert frames.read_head(order[1].head)["status"] == 408
    assert order[2].body == b"[3]", "the late result of the first is dropped, and the second is answered"


def test_each_request_in_line_has_its_own_time(start: Start, script: Script) -> None:
    replica = start(model_dir="/m", **{**script(_USUAL), "timeout_s": 1.0})
    replica.hello()
    replica.send_together([{"sleep": 0.5, "x": number} for number in range(4)])
    assert [replica.frame().body for _ in range(4)] == [b"[0]", b"[3]", b"[6]", b"[9]"]


def test_a_cancelled_request_that_waits_does_not_run(start: Start, script: Script, tmp_path: Path) -> None:
    replica = start(model_dir="/m", **script(_USUAL))
    replica.hello()
    replica.send({"sleep": 1, "x": 1})
    unwanted = replica.send({"touch": str(tmp_path / "ran"), "x": 1})
    replica.cancel(unwanted)

    answers = {
        frame.id: frames.read_head(frame.head).get("status", 200) for frame in (replica.frame(), replica.frame())
    }
    assert answers == {unwanted - 1: 200, unwanted: 499}, "its place is free again"
    assert replica.ask({"x": 1})[0] == 200
    assert not (tmp_path / "ran").exists()


def test_max_concurrent_runs_side_by_side(start: Start, script: Script) -> None:
    text = """
import threading
together = threading.Barrier(3, timeout=20)
def run(data):
    together.wait()
    return [threading.current_thread().name]
"""
    replica = start(max_concurrent=3, **script(text))
    assert replica.hello()["max_concurrent"] == 3
    replica.send_together([1, 2, 3])
    names = {json.loads(replica.frame().body)[0] for _ in range(3)}
    assert len(names) == 3


def test_the_time_limit_holds_for_each_thread(start: Start, script: Script) -> None:
    replica = start(model_dir="/m", max_concurrent=2, **{**script(_USUAL), "timeout_s": 0.3})
    replica.hello()
    assert replica.ask({"sleep": 1.5, "x": 1})[0] == 408
    assert replica.ask({"x": 1}) == (200, [3])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("def init(): raise OSError('no file model.pkl')\ndef run(data): return 1", "init() raised OSError: no file"),
        ("import a_package_nobody_has\ndef run(data): return 1", "No module named 'a_package_nobody_has'"),
        ("def init(): pass", "has no function run(data)"),
        ("def run(): return 1", "run() takes no argument"),
        ("def run(*data): return 1", "name its arguments"),
        ("def run(data:\n", "can't be imported: SyntaxError"),
        ("def init(): exit()\ndef run(data): return 1", "init() raised SystemExit"),
    ],
    ids=["init", "import", "no run", "no argument", "star", "syntax", "exit"],
)
def test_a_script_that_cannot_load_says_why_in_its_last_line(
    start: Start, script: Script, text: str, said: str
) -> None:
    replica = start(**script(text))
    assert replica.process.wait(60) == 3
    last = replica.log.read_text().splitlines()[-1]
    assert last.startswith("lapis: ")
    assert said in last


def test_sigterm_lets_the_request_under_way_end(start: Start, script: Script, tmp_path: Path) -> None:
    replica = start(model_dir="/m", **script(_USUAL))
    replica.hello()
    replica.send({"touch": str(tmp_path / "begun"), "then_sleep": 0.5, "x": 7})
    eventually((tmp_path / "begun").exists)
    replica.process.send_signal(signal.SIGTERM)
    assert replica.frame().body == b"[21]"
    assert replica.process.wait(20) == 0


def test_a_replica_ends_when_its_keeper_is_gone(script: Script, tmp_path: Path) -> None:
    plan = {"revision": "r", "timeout_s": 5, **script("def run(data): return 1")}
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    program = f"""
import socket, sys
sys.path.insert(0, {str(Path.cwd())!r})
from pathlib import Path
from tests.support.replicas import Replica
replica = Replica(Path({str(tmp_path / "r")!r}), **{plan!r})
replica.hello()
print(replica.process.pid, replica.path, flush=True)
import os
os._exit(0)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    pid, path = done.stdout.split()
    Path(path).unlink()
    eventually(lambda: not Path(f"/proc/{pid}").exists(), timeout=20)


def test_raw_http_gives_the_whole_request_and_takes_bytes(start: Start, script: Script) -> None:
    text = """
from azureml.contrib.services.aml_request import AMLRequest, rawhttp
from azureml.contrib.services.aml_response import AMLResponse
@rawhttp
def run(req: AMLRequest):
    try:
        file = req.files.getlist("file")[0]
    except IndexError:
        return AMLResponse("No file uploaded", status_code=422)
    answer = AMLResponse(file.stream.read()[::-1], 200, {"x-name": file.filename, "x-query": req.args["a"]})
    answer.mimetype = "image/jpg"
    return answer
"""
    replica = start(**script(text))
    assert replica.hello()["raw"] is True
    body = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x y.jpg"\r\n\r\n\x00a\r\nb\r\n--B--\r\n'
    headers = [["content-type", "multipart/form-data; boundary=B"]]
    replica.send(body, {"method": "POST", "path": "/score", "query": "a=1", "headers": headers})
    frame = replica.frame()
    head = frames.read_head(frame.head)

    assert frame.body == b"b\n\ra\x00"
    assert (head["status"], head["content_type"]) == (200, "image/jpg")
    assert ["x-name", "x y.jpg"] in head["headers"]
    assert ["x-query", "1"] in head["headers"]
    replica.send(b"", {"method": "POST", "path": "/score", "query": "a=1", "headers": []})
    assert frames.read_head(replica.frame().head)["status"] == 422


def test_decorators_convert_the_arguments_and_make_the_swagger(start: Start, script: Script) -> None:
    text = """
import numpy as np
from inference_schema.schema_decorators import input_schema, output_schema
from inference_schema.parameter_types.numpy_parameter_type import NumpyParameterType
from inference_schema.parameter_types.standard_py_parameter_type import StandardPythonParameterType
@input_schema("data", NumpyParameterType(np.array([[1, 2]])))
@input_schema("scale", StandardPythonParameterType(1.5))
@output_schema(StandardPythonParameterType({"output": [1.0]}))
def run(data, scale=2.0):
    return {"output": (data.sum(axis=1) * scale).tolist(), "type": str(data.dtype)}
"""
    replica = start(**script(text))
    replica.hello()
    assert replica.ask({"data": [[1, 2], [3, 4]]}) == (200, {"output": [6.0, 14.0], "type": "int64"})
    status, answer = replica.ask({"data": [[1, 2, 3]]})
    assert (status, answer["error"]["details"][0]["path"]) == (400, "data")
    assert replica.ask({})[1]["error"]["message"] == "'data' is missing."
    assert replica.ask([1])[0] == 400

    number = replica.send(b"", kind=frames.SWAGGER)
    frame = replica.frame()
    assert (frame.kind, frame.id) == (frames.SWAGGER, number)
    described = json.loads(frame.body)["definitions"]["ServiceInput"]
    assert described["example"] == {"data": [[1, 2]], "scale": 1.5}
    assert described["properties"]["data"]["format"] == "numpy.ndarray"
    assert json.loads(replica.swagger.read_text()) == json.loads(frame.body)


def test_a_swagger_of_the_users_own_stands(start: Start, script: Script) -> None:
    plan = script("def run(data): return 1")
    (Path(plan["code"]) / "swagger2.json").write_text('{"swagger": "2.0", "info": {"title": "mine"}}')
    replica = start(**plan)
    replica.hello()
    assert json.loads(replica.swagger.read_text())["info"]["title"] == "mine"


def test_request_headers_come_to_a_script_that_asks_for_them(start: Start, script: Script) -> None:
    replica = start(**script("def run(data, request_headers): return [data, request_headers['X-Who']]"))
    assert replica.hello()["raw"] is True
    assert replica.ask(b"hi", {"method": "POST", "headers": [["X-Who", "me"]]}) == (200, ["hi", "me"])


def test_a_script_that_hangs_for_good_ends_its_replica(start: Start, script: Script) -> None:
    replica = start(model_dir="/m", **{**script(_USUAL), "timeout_s": 0.2})
    replica.hello()
    replica.send({"sleep": 600})
    assert frames.read_head(replica.frame().head)["status"] == 408
    assert replica.process.wait(30) == 4
    assert "has not returned" in replica.log.read_text().splitlines()[-1]


def test_collected_frames_lie_where_azure_puts_them(start: Start, script: Script, tmp_path: Path) -> None:
    text = """
import json
import pandas as pd
from azureml.ai.monitoring import Collector
def init():
    global inputs, outputs, other
    inputs, outputs, other = Collector(name="model_inputs"), Collector(name="model_outputs"), Collector(name="other")
def run(raw_data):
    frame = pd.DataFrame(json.loads(raw_data)["data"])
    context = inputs.collect(frame)
    outputs.collect(frame * 2, context)
    other.collect(frame)
    return [1]
"""
    on = {"enabled": "True"}
    collect = {
        "folder": str(tmp_path / "store"),
        "collections": {"model_inputs": on, "model_outputs": on, "request": on, "other": {"enabled": False}},
    }
    replica = start(collect=collect, **script(text))
    assert replica.hello()["collects"] is True
    assert replica.ask({"data": {"a": [1, 2]}}, {"id": "0123456789ab-77"}) == (200, [1])
    replica.process.send_signal(signal.SIGTERM)
    assert replica.process.wait(30) == 0

    root = tmp_path / "store" / "modelDataCollector" / "e" / "d"
    found = {path.relative_to(root).parts[0]: path for path in root.rglob("*.jsonl")}
    assert set(found) == {"model_inputs", "model_outputs", "request"}
    assert len(found["request"].relative_to(root).parts) == 6, "collection, year, month, day, hour, file"
    event = json.loads(found["model_outputs"].read_text())
    assert event["data"] == [{"a": 2}, {"a": 4}]
    assert event["correlationid"] == "0123456789ab-77"
    assert event["type"] == "azureml.inference.model_outputs"
    assert json.loads(found["request"].read_text())["data"] == {"data": {"a": [1, 2]}}
    assert "other is not enabled" in replica.log.read_text()
