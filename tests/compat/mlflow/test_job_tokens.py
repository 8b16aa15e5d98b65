"""What the code of a job may do: its own run and the runs it makes; nothing of another's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from tests.compat.mlflow.conftest import Lapis


class Job:
    """A job's view: its token, its client."""

    def __init__(self, lapis: Lapis, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.token = lapis.job_token(name)
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", self.token)
        self.client = lapis.client()


@pytest.fixture
def others(client: MlflowClient, experiment: str, name: str) -> dict[str, str]:
    """A run, a logged model and a registered model that the owner made."""
    run = client.create_run(experiment).info.run_id
    client.log_text(run, "secret", "s.txt")
    model = client.create_logged_model(experiment, name="other", source_run_id=run).model_id
    registered = client.create_logged_model(experiment, name="shared", source_run_id=run).model_id
    client.finalize_logged_model(registered, "READY")
    client.create_registered_model(name)
    client.create_model_version(name, f"models:/{registered}", model_id=registered)
    return {"run": run, "model": model, "registered": registered, "name": name}


def refused(call: Any) -> None:
    with pytest.raises(MlflowException) as caught:
        call()
    assert caught.value.error_code in ("PERMISSION_DENIED", "RESOURCE_DOES_NOT_EXIST"), caught.value


def test_a_job_works_on_its_own_runs(
    lapis: Lapis, others: dict[str, str], experiment: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = Job(lapis, f"job-{name}", monkeypatch).client
    run = job.create_run(experiment, run_name="child").info.run_id
    job.log_metric(run, "m", 1)
    job.log_param(run, "p", 1)
    job.set_tag(run, "t", "v")
    job.log_text(run, "x", "a.txt")
    assert [f.path for f in job.list_artifacts(run)] == ["a.txt"]
    model = job.create_logged_model(experiment, name="mine", source_run_id=run)
    (tmp_path / "MLmodel").write_text("flavors: {}")
    job.log_model_artifact(model.model_id, str(tmp_path / "MLmodel"))
    job.finalize_logged_model(model.model_id, "READY")
    version = job.create_model_version(others["name"], f"models:/{model.model_id}", run, model_id=model.model_id)
    job.set_registered_model_alias(others["name"], "new", version.version)
    job.set_terminated(run)
    assert job.create_experiment(f"{name}-of-a-job").isdecimal()
    assert [r.info.run_id for r in job.search_runs([experiment])] == [run]
    assert job.get_registered_model(others["name"]).name == others["name"]


def test_a_job_touches_nothing_of_others(
    lapis: Lapis, others: dict[str, str], experiment: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = Job(lapis, f"job-{name}", monkeypatch).client
    run, model = others["run"], others["model"]
    (tmp_path / "f").write_text("x")
    for call in (
        lambda: job.get_run(run),
        lambda: job.log_metric(run, "m", 1),
        lambda: job.log_param(run, "p", 1),
        lambda: job.set_tag(run, "t", "v"),
        lambda: job.delete_tag(run, "t"),
        lambda: job.log_batch(run, metrics=[], params=[], tags=[]) or job.log_metric(run, "m", 1),
        lambda: job.set_terminated(run),
        lambda: job.delete_run(run),
        lambda: job.restore_run(run),
        lambda: job.get_metric_history(run, "m"),
        lambda: job.get_logged_model(model),
        lambda: job.finalize_logged_model(model, "READY"),
        lambda: job.delete_logged_model(model),
        lambda: job.create_logged_model(experiment, name="x", source_run_id=run),
        lambda: job.create_model_version(others["name"], f"models:/{model}"),
        lambda: job.create_model_version(others["name"], f"runs:/{run}/model"),
        lambda: job.create_model_version(others["name"], f"mlflow-artifacts:/runs/{run}/artifacts"),
        lambda: job.create_model_version(others["name"], f"azureml://jobs/{run}/outputs/artifacts/paths/x"),
        lambda: job.create_model_version(
            others["name"], f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{run}/"
        ),
        lambda: job.delete_experiment(experiment),
        lambda: job.rename_experiment(experiment, "x"),
    ):
        refused(call)
    assert job.search_runs([experiment]) == []
    tags = {"tags": [{"key": "a", "value": "b"}]}
    path = f"/mlflow/default/api/2.0/mlflow/logged-models/{model}/tags"
    assert lapis.server.request("PATCH", path, tags, token=lapis.job_token(f"job-{name}"))[0] == 403


def test_a_job_reads_no_artifacts_of_others_but_those_of_registered_models(
    lapis: Lapis, others: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Job(lapis, f"job-{name}", monkeypatch).token
    root = "/mlflow/default/api/2.0/mlflow-artifacts/artifacts"
    for method, path, body in (
        ("GET", f"runs/{others['run']}/artifacts/s.txt", None),
        ("PUT", f"runs/{others['run']}/artifacts/s.txt", b"evil"),
        ("DELETE", f"runs/{others['run']}/artifacts/s.txt", None),
        ("GET", f"models/{others['model']}/artifacts/x", None),
        ("PUT", f"models/{others['model']}/artifacts/x", b"evil"),
        ("PUT", f"models/{others['registered']}/artifacts/x", b"evil"),
        ("PUT", f"registered/{others['name']}/1/x", b"evil"),
        ("DELETE", f"registered/{others['name']}/1", None),
    ):
        status, answer = lapis.server.request(method, f"{root}/{path}", body, token=token)
        assert (status, answer["error_code"]) == (403, "PERMISSION_DENIED"), path
    for listing in (f"runs/{others['run']}/artifacts", f"models/{others['model']}/artifacts"):
        assert lapis.server.request("GET", f"{root}?path={listing}", token=token)[0] == 403
    assert lapis.server.request("GET", f"{root}?path=registered/{others['name']}/1", token=token)[0] == 200
    assert lapis.client().get_logged_model(others["registered"]).name == "shared"


def test_a_job_registers_a_model_folder_of_its_own(
    lapis: Lapis, others: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Job(lapis, f"job-{name}", monkeypatch).client
    runs = lapis.server.home / "runs" / "default"
    for folder in (runs / f"job-{name}" / "work" / "m", runs / f"job-{name}", runs / "another" / "work" / "m"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "MLmodel").write_text("flavors: {}")
    made = job.create_model_version(others["name"], (runs / f"job-{name}" / "work" / "m").as_uri())
    assert made.version == "2"
    for folder in (
        runs / f"job-{name}",
        runs / "another" / "work" / "m",
        runs / f"job-{name}/work/../../another/work/m",
    ):
        with pytest.raises(MlflowException, match="can't be named as data"):
            job.create_model_version(others["name"], f"file://{folder}")


def test_a_jobs_token_belongs_to_one_workspace(lapis: Lapis, name: str) -> None:
    elsewhere = lapis.job_token(name, workspace="other")
    for token in (elsewhere, "nonsense", "x" * 5000):
        status, answer = lapis.server.request(
            "GET", "/mlflow/default/api/2.0/mlflow/experiments/get?experiment_id=0", token=token
        )
        assert (status, answer["error_code"]) in ((401, "UNAUTHENTICATED"), (403, "PERMISSION_DENIED"))
