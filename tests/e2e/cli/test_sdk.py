"""The SDK against a real server, as a notebook uses ``azure.ai.ml``."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml import ErrorCode, Input, LapisError, MLClient, Output, command, load_job
from lapisml.sdk.constants import AssetTypes, InputOutputModes
from lapisml.sdk.entities import AmlCompute, BuildContext, Data, Environment, Model, S3Datastore, Workspace
from tests.support.server import LapisServer


@pytest.fixture
def ml_client(server: LapisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MLClient:
    monkeypatch.chdir(tmp_path)
    return MLClient(server.token, "subscription", "group", "default", url=server.url)


def test_data_environment_job_model(ml_client: MLClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("a\n1\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "train.py").write_text(
        "import sys, pathlib\nprint('rows', len(open(sys.argv[1]).readlines()))\n"
        "pathlib.Path(sys.argv[2], 'model.txt').write_text('weights')\n"
    )
    data = ml_client.data.create_or_update(Data(name="rows", path="in.csv", type=AssetTypes.URI_FILE))
    assert (data.name, data.version, data.type) == ("rows", "1", "uri_file")
    assert data.creation_context.created_by
    ml_client.environments.create_or_update(Environment(name="env", image="any", tags={"a": "b"}))
    job = command(
        code="./src",
        command="python train.py ${{inputs.data}} ${{outputs.model}}",
        inputs={"data": Input(type="uri_file", path="azureml:rows@latest", mode=InputOutputModes.DOWNLOAD)},
        outputs={"model": Output(type="custom_model", name="made", version="4")},
        environment="azureml:env@latest",
        experiment_name="sdk",
        display_name="first",
    )
    returned = ml_client.jobs.create_or_update(job, tags={"x": "y"})
    assert returned.tags == {"x": "y"}
    ml_client.jobs.stream(returned.name)
    shown = capsys.readouterr().out
    assert "RunId: " + returned.name in shown
    assert "rows 2" in shown
    done = ml_client.jobs.get(returned.name)
    assert done.status == "Completed"
    assert done.services["Studio"].endpoint.startswith("http")
    assert done.name in [j.name for j in ml_client.jobs.list(experiment_name="sdk")]
    files = ml_client.jobs.download(done.name, download_path=tmp_path / "out", output_name="model")
    assert [str(f.relative_to(tmp_path / "out")) for f in files] == ["named-outputs/model/model.txt"]
    assert ml_client.models.get("made", version=4).type == "custom_model"


def test_a_returned_job_is_changed_not_sent_again(ml_client: MLClient) -> None:
    job = ml_client.create_or_update(command(command="true", environment=Environment(image="any"), name="once"))
    job.display_name = "later"
    job.tags = {"seen": "yes"}
    changed = ml_client.jobs.create_or_update(job)
    assert (changed.name, changed.display_name, changed.tags) == ("once", "later", {"seen": "yes"})
    ml_client.jobs.archive("once")
    assert "once" not in [j.name for j in ml_client.jobs.list()]
    assert "once" in [j.name for j in ml_client.jobs.list(list_view_type="All")]


def test_a_failing_job_raises_with_its_reason(ml_client: MLClient) -> None:
    job = ml_client.jobs.create_or_update(command(command="exit 9", environment=Environment(image="any")))
    with pytest.raises(LapisError, match="exit code 9") as caught:
        ml_client.jobs.stream(job.name)
    assert caught.value.code is ErrorCode.JOB_FAILED


def test_cancel(ml_client: MLClient) -> None:
    job = ml_client.jobs.create_or_update(command(command="sleep 600", environment=Environment(image="any")))
    assert ml_client.jobs.begin_cancel(job.name).result() is None
    with pytest.raises(LapisError, match="Canceled"):
        ml_client.jobs.stream(job.name)


def test_load_job_starts_paths_from_its_file(ml_client: MLClient, tmp_path: Path) -> None:
    folder = tmp_path / "below"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "x.py").write_text("print('from below')")
    (folder / "job.yml").write_text("command: python x.py\ncode: src\nenvironment: {image: any}\n")
    job = ml_client.jobs.create_or_update(load_job(folder / "job.yml"))
    assert job.code.startswith("azureml://codes/")
    ml_client.jobs.stream(job.name)


def test_compute_datastore_workspace_model(ml_client: MLClient, tmp_path: Path) -> None:
    cluster = ml_client.begin_create_or_update(AmlCompute(name="sdk-cluster", max_instances=2)).result()
    assert (cluster.name, cluster.provisioning_state) == ("sdk-cluster", "Succeeded")
    assert ml_client.compute.get("sdk-cluster").max_instances == 2
    assert "sdk-cluster" in [c.name for c in ml_client.compute.list()]
    assert next(iter(ml_client.compute.list_sizes())).name
    ml_client.compute.begin_delete("sdk-cluster").result()
    store = ml_client.create_or_update(S3Datastore(name="sdk_bucket", bucket="b"))
    assert store.bucket == "b"
    assert ml_client.datastores.get_default().name == "workspaceblobstore"
    made = ml_client.workspaces.begin_create(Workspace(name="sdk-team", description="x")).result()
    assert made.mlflow_tracking_uri.endswith("/mlflow/sdk-team")
    assert {"default", "sdk-team"} <= {w.name for w in ml_client.workspaces.list()}
    ml_client.workspaces.begin_delete("sdk-team").result()
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "w.bin").write_text("w")
    model = ml_client.models.create_or_update(Model(name="sdk-model", path="m", type=AssetTypes.CUSTOM_MODEL))
    assert ml_client.models.download("sdk-model", version=model.version, download_path=tmp_path / "got").is_dir()
    ml_client.models.archive("sdk-model")
    assert "sdk-model" not in [m.name for m in ml_client.models.list()]


def test_a_build_context_is_uploaded(ml_client: MLClient, tmp_path: Path) -> None:
    (tmp_path / "docker").mkdir()
    (tmp_path / "docker" / "Dockerfile").write_text("FROM python:3.11\n")
    made = ml_client.environments.create_or_update(Environment(name="built", build=BuildContext(path="docker")))
    assert made.build.path.startswith("azureml://")


def test_nothing_is_created_when_the_document_is_wrong(ml_client: MLClient) -> None:
    before = len(list(ml_client.jobs.list(list_view_type="All")))
    with pytest.raises(LapisError):
        ml_client.jobs.create_or_update(command(command="true", environment="azureml:nope:1"))
    with pytest.raises(LapisError):
        ml_client.data.get("nothing")
    assert len(list(ml_client.jobs.list(list_view_type="All"))) == before
