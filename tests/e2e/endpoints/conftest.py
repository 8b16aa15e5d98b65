"""A server for the tests of endpoints, the command over its home, and documents that name what lies beside them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

HOST = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
"""No environment is built: replicas run on the interpreter of the tests."""

Lapis = Callable[..., CompletedProcess[str]]
Json = Callable[..., Any]

ENDPOINT = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineEndpoint.schema.json
name: my-endpoint
auth_mode: key
"""
DEPLOYMENT = """
$schema: https://azuremlschemas.azureedge.net/latest/managedOnlineDeployment.schema.json
name: blue
endpoint_name: my-endpoint
model:
  path: parts/model/
code_configuration:
  code: parts/src
  scoring_script: score.py
environment:
  image: mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest
environment_variables:
  GREETING: hello
instance_type: Standard_DS3_v2
instance_count: 1
"""
SCORE = """
import json, os

def init():
    global weight
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "model", "weight.txt")) as file:
        weight = float(file.read())
    print(os.environ["GREETING"], "from init")

def run(raw_data):
    return [weight * value for value in json.loads(raw_data)["data"]]
"""
TEXT = """
def init():
    print("another script")

def run(raw_data):
    return "text of another script"
"""
BROKEN = """
def init():
    raise RuntimeError("the weights are missing")

def run(raw_data):
    return 1
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """One server for a module's tests, which use names of their own."""
    made = LapisServer(tmp_path_factory.mktemp("endpoints") / "home", HOST).start()
    yield made
    made.stop()
    for home in (made.home, made.home / "local"):
        end_everything(home)


@pytest.fixture
def lapis(server: LapisServer, folder: Path) -> Lapis:
    """``lapis("online-endpoint list -o tsv")`` runs the real command in the test's own folder and must succeed."""

    def run(words: str, *more: str, code: int = 0, **options: object) -> CompletedProcess[str]:
        options = {"home": server.home, "cwd": folder, "env": HOST, **options}
        done = run_lapis(*words.split(), *more, **options)  # type: ignore[arg-type]
        assert done.returncode == code, f"{words} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def answer(lapis: Lapis) -> Json:
    """As `lapis`, and what it prints, read as JSON."""
    return lambda words, *more, **options: json.loads(lapis(words, *more, **options).stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The test's own folder: an endpoint, a deployment with a script and its model, a request."""
    for name, text in (
        ("endpoint.yml", ENDPOINT),
        ("blue.yml", DEPLOYMENT),
        ("request.json", '{"data": [1, 2]}'),
        ("parts/model/weight.txt", "2.5"),
        ("parts/src/score.py", SCORE),
        ("parts/src/text.py", TEXT),
        ("parts/src/broken.py", BROKEN),
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


@pytest.fixture(scope="session")
def mlflow_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a regression as MLflow keeps it: ``y = age + 2 * weight``, with a signature."""
    import mlflow.sklearn
    import pandas as pd
    from mlflow.models import infer_signature
    from sklearn.linear_model import LinearRegression

    data = pd.DataFrame({"age": [1.0, 2.0, 3.0, 4.0], "weight": [4.0, 1.0, 2.0, 5.0]})
    fitted = LinearRegression().fit(data, data["age"] + 2 * data["weight"])
    place = tmp_path_factory.mktemp("mlflow") / "regression"
    signature = infer_signature(data, fitted.predict(data))
    mlflow.sklearn.save_model(fitted, str(place), signature=signature, pip_requirements=["scikit-learn", "pandas"])
    return place


def post(uri: str, body: Any, key: str | None = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
    """Ask an endpoint as any program does; give status, the answer read as JSON, and its headers in lower case."""
    sent = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    if key is not None:
        sent["Authorization"] = f"Bearer {key}"
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(uri, data, sent), timeout=60) as found:
            return found.status, json.loads(found.read()), {k.lower(): v for k, v in found.headers.items()}
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null"), {k.lower(): v for k, v in error.headers.items()}


def get(uri: str, key: str | None = None) -> tuple[int, Any]:
    """Read JSON from an address."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    try:
        with urllib.request.urlopen(urllib.request.Request(uri, headers=headers), timeout=60) as found:
            return found.status, json.loads(found.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")
