"""The stock MLflow client outside the job, pointed at the address that ``workspace show`` prints."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

from tests.e2e.scenario.scenario import Scenario


@pytest.fixture
def client(scenario: Scenario, monkeypatch: pytest.MonkeyPatch) -> Iterator[MlflowClient]:
    uri = scenario.done["tracking uri"].stdout.strip()
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", scenario.done["token"].stdout.strip())
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_registry_uri(uri)
    yield MlflowClient(uri)
    mlflow.set_tracking_uri(before)
    mlflow.set_registry_uri(before)


def test_the_run_is_there_under_the_jobs_name(scenario: Scenario, client: MlflowClient) -> None:
    run = client.get_run(scenario.job)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "diabetes-logistic-regression"
    assert run.info.end_time >= run.info.start_time
    assert client.get_experiment(run.info.experiment_id).name == "diabetes"
    assert client.get_experiment_by_name("diabetes").experiment_id == run.info.experiment_id


def test_parameters_metrics_tags_and_data_sets_are_there(scenario: Scenario, client: MlflowClient) -> None:
    run = client.get_run(scenario.job)
    assert run.data.params["reg_rate"] == "0.1"
    assert run.data.params["rows"] == "15000"
    assert run.data.params["steps"].startswith("[("), "logged by autolog"
    assert 0.7 < run.data.metrics["accuracy"] < 0.85
    assert run.data.metrics["test_rows"] == 4500
    assert "training_accuracy_score" in run.data.metrics
    assert run.data.tags["team"] == "medicine"
    assert run.inputs.dataset_inputs, "autolog records the training data"
    assert [m.value for m in client.get_metric_history(scenario.job, "auc")] == [run.data.metrics["auc"]]


def test_system_metrics_of_the_job_are_there(scenario: Scenario, client: MlflowClient) -> None:
    assert any(name.startswith("system/") for name in client.get_run(scenario.job).data.metrics)


def test_artifacts_are_listed_and_come_down(scenario: Scenario, client: MlflowClient, tmp_path: Path) -> None:
    names = {item.path for item in client.list_artifacts(scenario.job)}
    assert {"roc_curve.png", "summary.json", "outputs", "user_logs"} <= names
    text = Path(client.download_artifacts(scenario.job, "user_logs/std_log.txt", str(tmp_path))).read_text()
    assert "read 15000 rows" in text


def test_the_model_predicts(scenario: Scenario, client: MlflowClient) -> None:
    version = client.get_model_version("diabetes", "1")
    assert version.status == "READY"
    rows = pd.read_csv(scenario.folder / "diabetes.csv").head(200)
    features = rows.drop(columns=["Diabetic", "PatientID"]).astype(float)
    by_registry = mlflow.sklearn.load_model("models:/diabetes/1").predict(features)
    by_run = mlflow.sklearn.load_model(f"runs:/{scenario.job}/model").predict(features)
    assert list(by_registry) == list(by_run)
    assert (by_registry == rows["Diabetic"]).mean() > 0.7


def test_the_client_can_do_what_its_interface_offers(scenario: Scenario, client: MlflowClient) -> None:
    experiment = client.create_experiment(f"outside-{uuid4().hex[:8]}", tags={"kind": "test"})
    run = client.create_run(experiment, run_name="by hand", tags={"a": "1"})
    run_id = run.info.run_id
    for step in range(5):
        client.log_metric(run_id, "loss", 1 / (step + 1), step=step)
    client.log_batch(run_id, [Metric("acc", 0.5, 1, 0)], [Param("p", "v")], [RunTag("b", "2")])
    client.set_tag(run_id, "c", "3")
    client.delete_tag(run_id, "a")
    client.log_text(run_id, "hello", "notes/a.txt")
    client.set_terminated(run_id)
    assert [m.value for m in client.get_metric_history(run_id, "loss")] == [1 / (s + 1) for s in range(5)]
    found = client.search_runs([experiment], "metrics.loss < 0.3 and params.p = 'v' and tags.c = '3'")
    assert [r.info.run_id for r in found] == [run_id]
    assert "a" not in found[0].data.tags
    client.delete_run(run_id)
    assert client.search_runs([experiment]) == []
    client.restore_run(run_id)
    client.rename_experiment(experiment, "renamed-" + experiment)
    client.delete_experiment(experiment)
    client.restore_experiment(experiment)


def test_registered_models_versions_and_aliases(scenario: Scenario, client: MlflowClient) -> None:
    name = f"outside-{uuid4().hex[:8]}"
    client.create_registered_model(name, tags={"k": "v"}, description="by the client")
    version = client.create_model_version(name, f"runs:/{scenario.job}/model", run_id=scenario.job)
    client.set_registered_model_alias(name, "champion", version.version)
    assert client.get_model_version_by_alias(name, "champion").version == version.version
    client.set_model_version_tag(name, version.version, "checked", "yes")
    client.update_model_version(name, version.version, "second look")
    found = client.search_model_versions(f"name = '{name}'")
    assert [(v.description, v.tags) for v in found] == [("second look", {"checked": "yes"})]
    shown = scenario.type("model show", "model", "show", "-n", name, "-v", str(version.version), "-o", "json")
    assert "second look" in shown.stdout, "one registry: the command sees it too"
    client.delete_registered_model_alias(name, "champion")
    client.delete_registered_model(name)
