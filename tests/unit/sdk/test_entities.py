"""Entities, builders and loaders: the documents under azure.ai.ml's names."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import lapisml
from lapisml import Input, MLClient, Output, command, load_data, load_environment, load_job
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk import __all__ as public_names
from lapisml.sdk.entities import (
    ENTITIES,
    AmlCompute,
    CommandJob,
    Data,
    Environment,
    Model,
    PyTorchDistribution,
    S3Datastore,
    entity_of,
)
from lapisml.sdk.submission import submission_of
from tests.support.processes import clean_environment

JOB = {
    "$schema": "https://azuremlschemas.azureedge.net/latest/commandJob.schema.json",
    "command": "python train.py --rate ${{inputs.rate}} --data ${{inputs.data}} --out ${{outputs.model}}",
    "code": "./src",
    "inputs": {"rate": 0.1, "data": {"type": "uri_file", "path": "./data.csv"}},
    "outputs": {"model": {"type": "uri_folder"}},
    "environment": {"image": "img", "conda_file": "./conda.yml"},
    "compute": "azureml:cpu-cluster",
    "resources": {"instance_count": 2},
    "environment_variables": {"A": "1"},
}
CONDA = {"name": "c", "dependencies": ["python=3.11", {"pip": ["mlflow"]}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text("pass")
    (tmp_path / "data.csv").write_text("a")
    (tmp_path / "conda.yml").write_text(yaml.safe_dump(CONDA))
    (tmp_path / "job.yml").write_text(yaml.safe_dump(JOB))
    return tmp_path


def test_a_loaded_job_is_its_document(folder: Path) -> None:
    job = load_job(folder / "job.yml", params_override=[{"inputs.rate": 0.5, "display_name": "mine"}])
    assert isinstance(job, CommandJob)
    assert job.inputs is not None
    assert job.inputs["rate"] == 0.5
    assert job.display_name == "mine"
    assert job.to_dict()["environment"] == {"image": "img", "conda_file": CONDA}
    assert job.base_path == folder


def test_command_builds_the_same_job(folder: Path) -> None:
    built = command(
        command=str(JOB["command"]),
        code=Path("./src"),
        inputs={"rate": 0.1, "data": Input(type="uri_file", path="./data.csv")},
        outputs={"model": Output(type="uri_folder")},
        environment=Environment(image="img", conda_file=CONDA),
        compute="azureml:cpu-cluster",
        instance_count=2,
        environment_variables={"A": "1"},
    )
    loaded = load_job(folder / "job.yml").to_dict()
    assert {**built.to_dict(), "code": "./src"} == loaded


def test_a_registered_environment_is_named_by_its_reference() -> None:
    known = entity_of("environment", {"name": "e", "version": "3", "image": "img", "id": "x"})
    assert command(command="true", environment=known).environment == "azureml:e:3"


def test_command_refuses_unknown_words_like_any_function() -> None:
    with pytest.raises(TypeError, match="instance_cuont"):
        command(command="true", environment="azureml:e:1", instance_cuont=2)


@pytest.mark.parametrize(
    ("make", "path", "word"),
    [
        (lambda: Data(name="d", pth="x"), "pth", "path"),
        (lambda: Model(name="m", path="x", type="mlflow"), "type", "mlflow_model"),
        (lambda: AmlCompute(name="c", max_instances="many"), "max_instances", None),
        (lambda: CommandJob(command="echo ${{inputs.x}}", environment="azureml:e:1", inputs={"y": 1}), "command", None),
        (lambda: S3Datastore(name="s"), "bucket", None),
        (lambda: Environment(name="e"), "", None),
    ],
)
def test_what_is_wrong_is_said_when_the_entity_is_made_or_sent(make: Any, path: str, word: str | None) -> None:
    def make_and_send() -> None:
        made = make()
        submission_of(made, made.KIND)

    with pytest.raises(LapisError) as caught:
        make_and_send()
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert path in [problem.path for problem in caught.value.problems]
    assert word is None or word in str(caught.value)


def test_what_is_set_later_is_checked_before_it_is_sent() -> None:
    data = Data(name="d", path="https://example.org/x.csv")
    data.type = "uri_fiel"
    with pytest.raises(LapisError, match="uri_file"):
        submission_of(data, "data")


def test_relative_paths_start_from_the_file_or_from_the_working_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = submission_of(load_job(folder / "job.yml"), "job")
    monkeypatch.chdir(folder)
    built = submission_of(Data(name="d", path="./data.csv", type="uri_file"), "data")
    assert loaded.folder == built.folder == folder
    assert loaded.has_local_files()
    assert built.has_local_files()


def test_an_entity_of_another_kind_is_refused() -> None:
    with pytest.raises(LapisError) as caught:
        submission_of(Data(name="d", path="azureml:x:1"), "job")
    assert caught.value.code is ErrorCode.USAGE


def test_a_record_shows_what_the_server_knows() -> None:
    record = {
        "name": "calm_fern",
        "command": "true",
        "environment": "azureml:e:1",
        "status": "Completed",
        "creation_context": {"created_by": "ada"},
        "services": {"Studio": {"endpoint": "http://here", "type": "Studio"}},
        "something_new": {"a": [{"b": 1}]},
    }
    job = entity_of("job", record)
    assert (job.status, job.creation_context.created_by) == ("Completed", "ada")
    assert job.services["Studio"].endpoint == "http://here"
    assert job.something_new.a[0].b == 1
    assert job.record == record
    with pytest.raises(AttributeError):
        _ = job.stauts


@pytest.mark.parametrize("kind", ["compute", "datastore"])
def test_every_type_of_a_kind_has_its_entity_with_the_type_filled_in(kind: str) -> None:
    for name, entity in ENTITIES[kind].items():
        assert entity.model_fields["type"].default == name


def test_distributions_know_their_type() -> None:
    assert PyTorchDistribution(process_count_per_instance=2).to_dict() == {
        "type": "pytorch",
        "process_count_per_instance": 2,
    }


def test_every_public_name_is_there_and_documented() -> None:
    for name in public_names:
        found = getattr(lapisml, name)
        assert found.__doc__, name
    assert set(public_names) <= set(dir(lapisml))


def test_other_loaders(folder: Path) -> None:
    (folder / "env.yml").write_text("name: e\nimage: img\nconda_file: conda.yml\n")
    (folder / "data.yml").write_text("name: d\ntype: uri_file\npath: data.csv\n")
    assert load_environment(folder / "env.yml").conda_file == CONDA
    assert load_data(folder / "data.yml").path == "data.csv"
    with pytest.raises(LapisError) as caught:
        load_job(folder / "data.yml")
    assert str(folder / "data.yml") in str(caught.value)


def test_importing_the_client_is_light() -> None:
    code = "import sys; from lapisml import MLClient; MLClient; print('pydantic' in sys.modules, 'yaml' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean_environment()
    )
    assert done.stdout == "False False\n", done.stderr


def test_the_client_finds_its_workspace(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LAPIS_HOME", str(folder / "home"))
    assert MLClient().workspace_name == "default"
    assert MLClient("cred", "sub", "group", "ws").workspace_name == "ws"
    (folder / ".azureml").mkdir()
    (folder / ".azureml" / "config.json").write_text('{"workspace_name": "team"}')
    assert MLClient.from_config().workspace_name == "team"
    assert MLClient.from_config(path=folder / "src").workspace_name == "team"
    assert not (folder / "home").exists(), "nothing is started before something is asked"


def test_create_or_update_says_what_it_does_not_take() -> None:
    with pytest.raises(LapisError, match="begin_create_or_update"):
        MLClient(workspace_name="w").create_or_update(AmlCompute(name="c"))
