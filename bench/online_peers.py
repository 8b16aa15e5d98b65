"""The peers of online scoring: each serves the same two models, in its own environment, in its best configuration.

What counts as a peer's best configuration was found by trying: all workers that two cores can use, its native
scikit-learn runtime where it has one, logging as quiet as it allows. Where two configurations are close, both run and
the better one is the peer.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from bench.harness import ending, peer_python
from tests.support.processes import free_port

ROW = [9.0, 104.0, 51.0, 7.0, 24.0, 27.36983156, 1.350472047, 43.0]
_SKLEARN = f"scikit-learn=={version('scikit-learn')}"
_START_S = 120.0
_SCORE = """
import json, os
import numpy as np, joblib

def init():
    global model
    model = joblib.load(os.environ["BENCH_MODEL"])

def run(raw_data):
    return model.predict(np.array(json.loads(raw_data)["data"])).tolist()
"""
_BENTO = """
import os
import bentoml, joblib, numpy as np

@bentoml.service(workers=int(os.environ["BENCH_WORKERS"]), logging={"access": {"enabled": False}})
class Bench:
    def __init__(self):
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    @bentoml.api
    def predict(self, data: np.ndarray) -> np.ndarray:
        return self.model.predict(data)
"""
_RAY = """
import os, sys, time
import joblib, numpy as np, ray
from ray import serve

@serve.deployment(num_replicas=2, max_ongoing_requests=64, ray_actor_options={"num_cpus": 0.5})
class Bench:
    def __init__(self):
        self.model = joblib.load(os.environ["BENCH_MODEL"])

    async def __call__(self, request):
        return self.model.predict(np.array((await request.json())["data"])).tolist()

ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"port": int(sys.argv[1])})
serve.run(Bench.bind())
while True:
    time.sleep(60)
"""
_BARE = """
import json, os
import joblib, numpy as np

model = joblib.load(os.environ["BENCH_MODEL"])
HEAD = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]}

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    body = b""
    while True:
        part = await receive()
        body += part["body"]
        if not part.get("more_body"):
            break
    answer = json.dumps(model.predict(np.array(json.loads(body)["data"])).tolist()).encode()
    length = (b"content-length", str(len(answer)).encode())
    await send({**HEAD, "headers": [*HEAD["headers"], length]})
    await send({"type": "http.response.body", "body": answer})
"""


@dataclass(frozen=True)
class Model:
    """A fitted model on disk.

    Attributes:
        name: ``regression`` or ``forest``.
        pickle: joblib's file.
        folder: as MLflow saved it.
    """

    name: str
    pickle: Path
    folder: Path


@dataclass(frozen=True)
class Target:
    """Where requests go."""

    url: str
    body: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Peer:
    """A server that can be measured.

    Attributes:
        name: with its configuration.
        serve: model, empty folder → context that gives where to ask.
        is_peer: False for the bare application, which is a yardstick.
    """

    name: str
    serve: Callable[[Model, Path], contextlib.AbstractContextManager[Target]]
    is_peer: bool = True


def peers() -> list[Peer]:
    """Return all of them."""
    return [
        Peer("mlflow models serve, 2 workers", _mlflow),
        Peer("azureml-inference-server-http, 2 workers", _azureml),
        Peer("BentoML, 2 workers", _bentoml),
        Peer("MLServer (sklearn), in process", lambda model, folder: _mlserver(model, folder, 0)),
        Peer("MLServer (sklearn), 2 parallel workers", lambda model, folder: _mlserver(model, folder, 2)),
        Peer("Ray Serve, 2 replicas", _ray),
        Peer("bare ASGI on uvicorn, 2 workers", _bare, is_peer=False),
    ]


def _mlflow(model: Model, folder: Path) -> contextlib.AbstractContextManager[Target]:
    python = peer_python("online-mlflow", f"mlflow=={version('mlflow')}", _SKLEARN, f"pandas=={version('pandas')}")
    port = free_port()
    command = ["-m", "mlflow", "models", "serve", "-m", model.folder, "-p", port, "-w", 2, "--env-manager", "local"]
    target = Target(f"http://127.0.0.1:{port}/invocations", json.dumps({"inputs": [ROW]}))
    return _running([python, *command], target, folder, model, PATH=f"{python.parent}:{os.environ['PATH']}")


def _azureml(model: Model, folder: Path) -> contextlib.AbstractContextManager[Target]:
    python = peer_python("online-azureml", "azureml-inference-server-http", _SKLEARN)
    (folder / "score.py").write_text(_SCORE)
    port = free_port()
    command = [python.parent / "azmlinfsrv", "--entry_script", folder / "score.py", "--port", port, "--worker_count", 2]
    target = Target(f"http://127.0.0.1:{port}/score", json.dumps({"data": [ROW]}))
    return _running(command, target, folder, model, AML_APP_INSIGHTS_ENABLED="false", AZUREML_LOG_LEVEL="ERROR")


def _bentoml(model: Model, folder: Path) -> contextlib.AbstractContextManager[Target]:
    python = peer_python("online-bentoml", "bentoml", _SKLEARN)
    (folder / "service.py").write_text(_BENTO)
    port = free_port()
    command = [python.parent / "bentoml", "serve", "service:Bench", "--port", port, "--host", "127.0.0.1"]
    target = Target(f"http://127.0.0.1:{port}/predict", json.dumps({"data": [ROW]}))
    quiet = {"BENCH_WORKERS": "2", "BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(folder / "bento")}
    return _running(command, target, folder, model, **quiet)


def _mlserver(model: Model, folder: Path, workers: int) -> contextlib.AbstractContextManager[Target]:
    python = peer_python("online-mlserver", "mlserver", "mlserver-sklearn", "uvloop<0.22", _SKLEARN)
    port, grpc, metrics = free_port(), free_port(), free_port()
    ports = {"http_port": port, "grpc_port": grpc, "metrics_port": metrics}
    (folder / "settings.json").write_text(json.dumps({**ports, "parallel_workers": workers, "debug": False}))
    parameters = {"uri": str(model.pickle), "version": "v1"}
    described = {"name": "bench", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": parameters}
    (folder / "model-settings.json").write_text(json.dumps(described))
    tensor = {"name": "predict", "shape": [1, len(ROW)], "datatype": "FP64", "data": ROW}
    target = Target(f"http://127.0.0.1:{port}/v2/models/bench/infer", json.dumps({"inputs": [tensor]}))
    return _running([python.parent / "mlserver", "start", "."], target, folder, model)


def _ray(model: Model, folder: Path) -> contextlib.AbstractContextManager[Target]:
    python = peer_python("online-ray", "ray[serve]", _SKLEARN)
    (folder / "serve_it.py").write_text(_RAY)
    port = free_port()
    target = Target(f"http://127.0.0.1:{port}/", json.dumps({"data": [ROW]}))
    return _running([python, folder / "serve_it.py", port], target, folder, model, RAY_USAGE_STATS_ENABLED="0")


def _bare(model: Model, folder: Path) -> contextlib.AbstractContextManager[Target]:
    (folder / "bare.py").write_text(_BARE)
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bare:app", "--port", port, "--workers", 2, "--no-access-log"]
    target = Target(f"http://127.0.0.1:{port}/", json.dumps({"data": [ROW]}))
    return _running([*command, "--log-level", "error"], target, folder, model)


@contextlib.contextmanager
def _running(command: list[object], target: Target, folder: Path, model: Model, **env: str) -> Iterator[Target]:
    """Run a server until the block ends; it has answered once when the block begins.

    Raises:
        RuntimeError: it did not come up, with the end of its log.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    variables = {**os.environ, **threads, "BENCH_MODEL": str(model.pickle), **env}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=variables, stdout=log, stderr=log, start_new_session=True
        )
    with ending(process):
        _until_answered(target, process, folder / "log")
        yield target


def _until_answered(target: Target, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if ask(target)[0] == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"it did not answer\n{log.read_text(errors='replace')[-3000:]}")


def ask(target: Target) -> tuple[int, bytes]:
    """Send one request; return status and body.

    Raises:
        OSError: nobody listens.
    """
    place = target.url.removeprefix("http://").partition("/")
    connection = http.client.HTTPConnection(place[0], timeout=30)
    headers = {"Content-Type": "application/json", **target.headers}
    connection.request("POST", "/" + place[2], target.body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found
