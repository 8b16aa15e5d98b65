"""The same scenario written in Python, with the shapes of ``azure.ai.ml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml import Input, MLClient, Output, command, load_data, load_job
from lapisml.constants import AssetTypes
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.entities import Data, Model
from tests.e2e.scenario.scenario import Scenario


@pytest.fixture
def client(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    monkeypatch.setenv("LAPIS_HOME", str(scenario.home))
    monkeypatch.setenv("LAPIS_AUTOSTART", "0")
    monkeypatch.chdir(scenario.folder)
    return MLClient()


def test_a_job_made_in_python_runs_to_a_registered_model(
    scenario: Scenario, client: MLClient, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    text = "python train.py --training-data ${{inputs.data}} --label Diabetic --drop PatientID "
    job = command(
        code="./src",
        command=text + "--reg-rate ${{inputs.rate}} --report ${{outputs.report}}",
        inputs={"data": Input(type=AssetTypes.URI_FILE, path="azureml:diabetes@latest"), "rate": 0.5},
        outputs={"report": Output(type=AssetTypes.URI_FOLDER)},
        environment="azureml:diabetes-env@latest",
        compute="cpu-cluster",
        experiment_name="diabetes-sdk",
        display_name="from-python",
        tags={"made": "in python"},
    )
    returned = client.jobs.create_or_update(job)
    client.jobs.stream(returned.name)
    assert "read 15000 rows" in capfd.readouterr().out
    done = client.jobs.get(returned.name)
    assert (done.status, done.display_name, done.tags["made"]) == ("Completed", "from-python", "in python")
    path = f"azureml://jobs/{returned.name}/outputs/artifacts/paths/model/"
    model = client.models.create_or_update(Model(name="diabetes-sdk", path=path, type=AssetTypes.MLFLOW_MODEL))
    assert (model.name, model.version) == ("diabetes-sdk", "1")
    assert [found.version for found in client.models.list(name="diabetes-sdk")] == ["1"]
    client.jobs.download(returned.name, download_path=tmp_path, all=True)
    assert list(tmp_path.rglob("summary.json"))


def test_the_documents_of_the_command_line_are_the_entities(scenario: Scenario, client: MLClient) -> None:
    job = load_job("job.yml", params_override=[{"experiment_name": "loaded"}, {"inputs.reg_rate": 0.2}])
    assert job.experiment_name == "loaded"
    assert job.inputs["reg_rate"] == 0.2
    data = load_data("dataset.yml", params_override=[{"name": "diabetes"}])
    assert client.data.create_or_update(data).version == "2", "no version asked for: the next one"
    assert client.data.get("diabetes", label="latest").path == client.data.get("diabetes", version="1").path


def test_a_new_version_of_data_is_a_new_version(scenario: Scenario, client: MLClient) -> None:
    (scenario.folder / "more.csv").write_text("a,b\n1,2\n")
    made = client.data.create_or_update(Data(name="more", path="./more.csv", type=AssetTypes.URI_FILE))
    (scenario.folder / "more.csv").write_text("a,b\n1,2\n3,4\n")
    again = client.data.create_or_update(Data(name="more", path="./more.csv", type=AssetTypes.URI_FILE))
    assert (made.version, again.version) == ("1", "2")


def test_a_failing_job_raises_with_its_reason(scenario: Scenario, client: MLClient) -> None:
    job = client.jobs.create_or_update(load_job("job.yml", params_override=[{"command": "echo sorry; exit 4"}]))
    with pytest.raises(LapisError, match="4"):
        client.jobs.stream(job.name)
    assert client.jobs.get(job.name).status == "Failed"


def test_what_does_not_exist_is_said(scenario: Scenario, client: MLClient) -> None:
    with pytest.raises(LapisError) as caught:
        client.jobs.get("no-such-job")
    assert caught.value.code is ErrorCode.NOT_FOUND
