"""``--local``: the same deployment on one's own machine, without a server."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml import MLClient
from lapisml.entities import CodeConfiguration, Environment, ManagedOnlineDeployment, ManagedOnlineEndpoint, Model
from tests.e2e.endpoints.conftest import HOST, Json, Lapis, post
from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.processes import is_alive
from tests.support.server import LapisServer, end_everything

ALONE = {**HOST, "LAPIS_AUTOSTART": "0"}
"""No server runs, and none may be started."""


@pytest.fixture
def lapis(tmp_path: Path, folder: Path) -> Iterator[Lapis]:
    """The real command over a home without a server."""
    home = tmp_path / "alone"

    def run(words: str, *more: str, code: int = 0) -> object:
        done = run_lapis(*words.split(), *more, home=home, cwd=folder, env=ALONE)
        assert done.returncode == code, f"{words} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    yield run  # type: ignore[misc]
    end_everything(home / "local")


def test_a_deployment_without_a_server(lapis: Lapis, answer: Json, tmp_path: Path) -> None:
    lapis("online-endpoint create --local -n mine -f endpoint.yml")
    made = answer("online-deployment create --local -n blue --endpoint mine -f blue.yml")
    assert (made["provisioning_state"], made["replicas"]) == ("Succeeded", {"ready": 1, "wanted": 1})
    assert not (tmp_path / "alone" / "run").exists()
    shown = answer("online-endpoint show -n mine --local")
    assert (shown["provisioning_state"], shown["traffic"]) == ("Succeeded", {"blue": 100})
    assert answer("online-endpoint invoke --local --name mine --request-file request.json") == "[2.5, 5.0]"
    assert post(shown["scoring_uri"], {"data": [4]})[:2] == (200, [10.0])
    assert "hello from init" in lapis("online-deployment get-logs --local -n blue --endpoint mine").stdout

    changed = answer("online-deployment update --local -e mine -n blue --set code_configuration.scoring_script=text.py")
    assert changed["properties"]["lapis.revision"] != made["properties"]["lapis.revision"]
    assert answer("online-endpoint invoke --local -n mine -r request.json") == '"text of another script"'
    broken = lapis(
        "online-deployment update --local -e mine -n blue --set code_configuration.scoring_script=broken.py", code=1
    )
    assert "the weights are missing" in broken.stderr
    assert answer("online-endpoint invoke --local -n mine -r request.json") == '"text of another script"'

    gateway = json.loads((tmp_path / "alone" / "local" / "serving" / "gateway.json").read_text())
    lapis("online-endpoint delete --local --name mine --yes")
    assert answer("online-endpoint list --local") == []
    eventually(lambda: not is_alive(gateway), 20, what="the gateway ends with the last endpoint")


def test_what_was_killed_comes_back_with_the_next_request(lapis: Lapis, answer: Json, tmp_path: Path) -> None:
    lapis("online-endpoint create --local -n back")
    lapis("online-deployment create --local -e back -f blue.yml")
    local = tmp_path / "alone" / "local"
    [record] = local.glob("runs/*/*/process.json")
    for role, identity in json.loads(record.read_text()).items():
        if role in ("supervisor", "wrapper", "child") and identity:
            os.killpg(identity["pid"], signal.SIGKILL)
    os.kill(json.loads((local / "serving" / "gateway.json").read_text())["pid"], signal.SIGKILL)
    assert answer("online-endpoint invoke --local -n back -r request.json") == "[2.5, 5.0]"


def test_a_local_model_brings_its_environment(lapis: Lapis, answer: Json, folder: Path, mlflow_model: Path) -> None:
    (folder / "ncd.yml").write_text(
        f"name: ncd\nendpoint_name: model\nmodel: {{path: {mlflow_model}, type: mlflow_model}}\ninstance_count: 1\n"
    )
    (folder / "ask.json").write_text('{"input_data": {"columns": ["age", "weight"], "data": [[1, 1]]}}')
    lapis("online-endpoint create --local -n model")
    lapis("online-deployment create --local -f ncd.yml")
    assert json.loads(answer("online-endpoint invoke --local -n model -r ask.json")) == pytest.approx([3.0])


def test_a_notebook_on_its_own_machine(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "alone"
    for name, value in {**ALONE, "LAPIS_HOME": str(home)}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    ml_client = MLClient()
    try:
        ml_client.online_endpoints.begin_create_or_update(ManagedOnlineEndpoint(name="here"), local=True)
        blue = ManagedOnlineDeployment(
            name="blue",
            endpoint_name="here",
            model=Model(path="parts/model"),
            code_configuration=CodeConfiguration(code="parts/src", scoring_script="score.py"),
            environment=Environment(image="any"),
            environment_variables={"GREETING": "hello"},
            instance_type="Standard_DS3_v2",
            instance_count=1,
        )
        ml_client.online_deployments.begin_create_or_update(deployment=blue, local=True)  # nobody asks for a result
        shown = ml_client.online_endpoints.get(name="here", local=True)
        assert (shown.provisioning_state, shown.traffic) == ("Succeeded", {"blue": 100})
        text = ml_client.online_endpoints.invoke(endpoint_name="here", request_file="request.json", local=True)
        assert text == "[2.5, 5.0]"
        logs = ml_client.online_deployments.get_logs(name="blue", endpoint_name="here", local=True, lines=50)
        assert "hello from init" in logs
        assert [one.name for one in ml_client.online_deployments.list("here", local=True)] == ["blue"]
        ml_client.online_deployments.begin_delete(name="blue", endpoint_name="here", local=True).result()
        assert ml_client.online_endpoints.get("here", local=True).traffic == {}
        ml_client.online_endpoints.begin_delete(name="here", local=True)
    finally:
        end_everything(home / "local")


def test_what_a_local_endpoint_refuses(lapis: Lapis, folder: Path) -> None:
    refused = lapis("online-deployment create --local -e none -f blue.yml", code=1).stderr
    assert "lapis online-endpoint create --local -n none" in refused
    lapis("online-endpoint create --local -n refuses")
    for change, said in (
        ("model.path=gone", "gone"),
        ("code_configuration.scoring_script=gone.py", "gone.py"),
        ("environment=azureml:gone:1", "No Lapis server runs"),
    ):
        refused = lapis("online-deployment create --local -e refuses -f blue.yml --set", change, code=1).stderr
        assert said in refused
    refused = lapis("online-endpoint invoke --local -n refuses -r request.json", code=1).stderr
    assert "has no deployment" in refused
    refused = lapis("online-endpoint update --local -n refuses --traffic blue=100", code=1).stderr
    assert "no deployment 'blue'" in refused
    assert lapis("online-deployment create --local --no-wait -e refuses -f blue.yml", code=2).stderr


def test_what_is_registered_comes_from_the_workspace(server: LapisServer, folder: Path) -> None:
    def lapis(*words: str) -> str:
        return run_lapis(*words, home=server.home, cwd=folder, env=HOST, check=True).stdout

    lapis("model", "create", "-n", "weights", "-v", "3", "--path", "parts/model")
    lapis("environment", "create", "-n", "any-env", "--image", "any")
    lapis("online-endpoint", "create", "--local", "-n", "registered")
    sets = ("--set", "model=azureml:weights:3", "environment=azureml:any-env@latest")
    made = json.loads(lapis("online-deployment", "create", "--local", "-e", "registered", "-f", "blue.yml", *sets))
    assert made["model"] == "azureml:weights:3"
    ask = ("online-endpoint", "invoke", "--local", "-n", "registered", "-r", "request.json", "-o", "tsv")
    assert lapis(*ask) == "[2.5, 5.0]\n"
    lapis("online-endpoint", "delete", "--local", "-n", "registered", "--yes")
