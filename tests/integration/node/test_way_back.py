"""Data, code and metrics of a job on a node that sees none of the server's folders and does not reach its address."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.ports.launch import ArtifactsSpec, InputSpec, LaunchSpec, OutputSpec, TrackingSpec
from lapisml.runner import tls
from lapisml.testing.compute_bench import Bench
from tests.support.http import first_line
from tests.support.nodes import NodeRig, seal_of, snapshot
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.server import LapisServer, end_everything

TRAIN = b"""
import json, os, pathlib, shutil, sys, time, urllib.request
data, model, report = (pathlib.Path(each) for each in sys.argv[1:4])
root = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/log-metric"
for step in range(int(os.environ.get("STEPS", "3"))):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": "loss", "value": step, "timestamp": 1, "step": step}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]}
    urllib.request.urlopen(urllib.request.Request(root, json.dumps(body).encode(), headers)).read()
    print("step", step, flush=True)
    time.sleep(float(os.environ.get("PAUSE", "0")))
shutil.copytree(data, model, dirs_exist_ok=True)
report.write_text("words")
pathlib.Path("outputs/note.txt").write_text(str(sorted(os.listdir(data))))
"""


def location(path: Path) -> dict[str, Any]:
    return {"protocol": "file", "path": str(path), "options": {}, "root": None}


def a_run(server: LapisServer) -> str:
    status, body = server.request("POST", "/mlflow/default/api/2.0/mlflow/runs/create", {"experiment_id": "0"})
    if status != 200:
        _status, made = server.request("POST", "/mlflow/default/api/2.0/mlflow/experiments/create", {"name": "node"})
        status, body = server.request(
            "POST", "/mlflow/default/api/2.0/mlflow/runs/create", {"experiment_id": made["experiment_id"]}
        )
    assert status == 200, body
    return str(body["run"]["info"]["run_id"])


def losses(server: LapisServer, run: str) -> list[float]:
    path = f"/mlflow/default/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss"
    _status, body = server.request("GET", path)
    return [metric["value"] for metric in body.get("metrics", [])]


@pytest.fixture
def store(rig: NodeRig) -> Path:
    """The server's folder for data."""
    place = rig.home / "data"
    (place / "in" / "deep").mkdir(parents=True)
    (place / "in" / "a.csv").write_text("a,b\n1,2\n")
    (place / "in" / "deep" / "b.bin").write_bytes(bytes(range(256)) * 3000)
    return place


@pytest.mark.parametrize("guarded", [False, True])
def test_a_server_with_a_certificate_of_its_own(
    rig: NodeRig, store: Path, tmp_path: Path, bare: ProcessTransport, guarded: bool
) -> None:
    """The certificate travels to the node, also when it is written down only after the link is up.

    Where the agent has a door of its own, nodes see that one's, and it is the server's side that looks at the server's.
    """
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=lapis -keyout {key} -out {cert}"
    if shutil.which("openssl") is None or subprocess.run(command.split(), capture_output=True, check=False).returncode:
        pytest.skip("openssl makes no certificate here")
    server = LapisServer(rig.home, {"LAPIS_TLS_CERT": str(cert), "LAPIS_TLS_KEY": str(key)})
    rig.document["shared"] = []
    url = f"https://127.0.0.1:{server.port}"
    backend = rig.backend(attachment={"server_url": url, "seal": seal_of(server)}, transport=bare, guarded=guarded)
    backend.link.connect()
    assert not (rig.root / "run" / "server.pem").exists()
    server.start(wait=False)
    try:
        eventually((rig.home / "run" / "server.json").exists, 40, what="a server that is ready")
        bench = Bench(lambda: backend, rig.home, rig.root)
        spec = bench.spec("cp ${{inputs.data}}/a.csv outputs/")
        spec = replace(spec, inputs={"data": InputSpec("uri_folder", "azureml://x", location(store / "in"))})
        spec = replace(spec, artifacts=ArtifactsSpec("azureml://artifacts", location(store / "artifacts")))
        assert bench.follow(backend.submit(spec)).exit.exit_code == 0
        assert (store / "artifacts" / "outputs" / "a.csv").read_text() == "a,b\n1,2\n"
        assert guarded or (rig.root / "run" / "server.pem").read_text() == cert.read_text()
    finally:
        server.stop()
        end_everything(rig.home)


@pytest.fixture
def server(rig: NodeRig) -> Any:
    started = LapisServer(rig.home).start()
    yield started
    started.stop()
    end_everything(rig.home)


def job(bench: Bench, server: LapisServer, store: Path, run: str, **variables: str) -> LaunchSpec:
    spec = bench.spec("python3 train.py ${{inputs.data}} ${{outputs.model}} ${{outputs.report}}")
    return replace(
        spec,
        job=run,
        code=snapshot(server.home / "snapshots", {"train.py": TRAIN, "lib/empty.txt": b""}),
        inputs={"data": InputSpec("uri_folder", "azureml://x", location(store / "in"))},
        outputs={
            "model": OutputSpec("uri_folder", "azureml://y", location(store / "model")),
            "report": OutputSpec("uri_file", "azureml://z", location(store / "reports" / "r.txt")),
        },
        artifacts=ArtifactsSpec("azureml://artifacts", location(store / "artifacts")),
        tracking=TrackingSpec(
            str(server.home / "run" / "server.json"), "/mlflow/default", server.token, run, "0", "node"
        ),
        environment_variables=variables,
    )


def test_everything_comes_and_goes_through_the_link(
    rig: NodeRig, server: LapisServer, store: Path, bare: ProcessTransport
) -> None:
    rig.document["shared"] = []
    facts = {"server_url": server.url, "seal": seal_of(server)}
    bench = Bench(lambda: rig.backend(attachment=facts, transport=bare), rig.home, rig.root)
    run = a_run(server)
    spec = job(bench, server, store, run)
    course = bench.follow(bench.backend.submit(spec))
    handle = course.last.handle if course.last else None
    assert handle is not None
    assert course.exit.exit_code == 0, (course.exit, bench.log(handle))
    assert (store / "model" / "deep" / "b.bin").read_bytes() == bytes(range(256)) * 3000
    assert (store / "reports" / "r.txt").read_text() == "words"
    assert (store / "artifacts" / "outputs" / "note.txt").read_text() == "['a.csv', 'deep']"
    assert "step 2" in (store / "artifacts" / "user_logs" / "std_log.txt").read_text()
    assert losses(server, run) == [0, 1, 2]
    known = json.loads((rig.root / "run" / "server.json").read_text())
    assert known["url"].startswith("http://127.0.0.1:")
    assert known["url"] != server.url
    assert run in rig.told
    kept = rig.root / "runs" / "default" / run
    bench.wait(
        lambda: not any((kept / name).exists() for name in ("secrets.json", "work", "named_outputs", "spool.jsonl"))
    )
    secrets = [p for p in rig.root.rglob("*") if p.is_file() and server.token.encode() in p.read_bytes()]
    assert secrets == []


def test_nobody_but_the_jobs_comes_in_at_a_guarded_door(
    rig: NodeRig, server: LapisServer, store: Path, bare: ProcessTransport
) -> None:
    """Data and metrics of a job do; a stranger does not get as far as the server, which would ask for a token."""
    rig.document["shared"] = []
    facts = {"server_url": server.url, "seal": seal_of(server)}
    bench = Bench(lambda: rig.backend(attachment=facts, transport=bare, guarded=True), rig.home, rig.root)
    run = a_run(server)
    handle = bench.backend.submit(job(bench, server, store, run))
    assert bench.follow(handle).exit.exit_code == 0, bench.log(handle)
    assert (store / "model" / "a.csv").read_text() == "a,b\n1,2\n"
    assert losses(server, run) == [0, 1, 2]
    known = json.loads((rig.root / "run" / "server.json").read_text())
    address = urlsplit(known["url"])
    assert (address.scheme, address.hostname) == ("https", "127.0.0.1")
    assert address.port is not None
    door = Path(known["tls_client"])
    assert door.stat().st_mode & 0o077 == 0
    assert first_line("127.0.0.1", address.port, None) == ""
    assert first_line("127.0.0.1", address.port, tls.context(str(door))) == ""
    assert first_line("127.0.0.1", address.port, tls.context(str(door), str(door))).startswith("HTTP/1.1 401")
    before = door.read_bytes()
    bench.restart()
    bench.wait(lambda: json.loads((rig.root / "run" / "server.json").read_text()) == known)
    assert door.read_bytes() == before


def test_a_server_that_dies_and_moves_loses_nothing(
    rig: NodeRig, server: LapisServer, store: Path, bare: ProcessTransport
) -> None:
    """Killed while the job runs, back at another port while its outputs wait: all arrives."""
    rig.document["shared"] = []
    facts: dict[str, Any] = {"server_url": server.url, "seal": seal_of(server)}
    bench = Bench(lambda: rig.backend(attachment=facts, transport=bare), rig.home, rig.root)
    run = a_run(server)
    spec = job(bench, server, store, run, STEPS="6", PAUSE="0.3")
    handle = bench.backend.submit(replace(spec, flush_timeout_s=1.0))
    bench.follow(handle, lambda _course: "step 1" in bench.log(handle))
    server.kill9()
    rig.close()
    journal = rig.root / "runs" / "default" / run / "journal.jsonl"
    eventually(lambda: "Waiting for the Lapis server" in journal.read_text(), timeout=30, what="a job that waits")
    server.port = free_port()
    server.url = f"http://127.0.0.1:{server.port}"
    server.start()
    facts["server_url"] = server.url
    bench.restart()
    course = bench.follow(handle, timeout=60)
    assert course.exit.exit_code == 0, (course.exit, bench.log(handle))
    assert (store / "model" / "a.csv").read_text() == "a,b\n1,2\n"
    assert losses(server, run) == [0, 1, 2, 3, 4, 5]
