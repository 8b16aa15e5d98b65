"""Ordinary training code: the fluent API, autologging, figures, datasets, models."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from tests.compat.mlflow.conftest import Lapis
from tests.support.processes import clean_environment

SCRIPT = """
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import mlflow
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

mlflow.set_experiment("{name}")
X, y = load_iris(return_X_y=True, as_frame=True)
mlflow.autolog(silent=True, log_models=False)  # its way of logging models is that of log_model, and slow
with mlflow.start_run(run_name="train") as run:
    model = LogisticRegression(max_iter=200).fit(X, y)
    mlflow.log_metric("my", 0.5)
    mlflow.log_metrics({{"a": 1, "b": 2}}, step=3)
    mlflow.log_param("seed", 7)
    mlflow.log_params({{"x": 1}})
    mlflow.log_dict({{"k": [1, 2]}}, "conf/c.json")
    figure, axes = plt.subplots()
    axes.plot([1, 2])
    mlflow.log_figure(figure, "plots/f.png")
    mlflow.log_input(mlflow.data.from_pandas(X, name="iris-data"), context="training")
    with mlflow.start_run(nested=True, run_name="child"):
        mlflow.log_metric("c", 1)
    mlflow.sklearn.log_model(model, name="net", registered_model_name="{name}", pip_requirements=["scikit-learn"])
print(run.info.run_id)
"""


@pytest.fixture(scope="module")
def trained(lapis: Lapis, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Run the script in a process of its own; (experiment's and model's name, run id)."""
    name = f"script-{tmp_path_factory.mktemp('x').name}-{lapis.server.port}"
    folder = tmp_path_factory.mktemp("train")
    env = clean_environment(**lapis.server.mlflow_environment(), MLFLOW_DISABLE_TELEMETRY="true")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(name=name)],
        env=env,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return name, done.stdout.strip().split("\n")[-1]


def test_everything_of_the_run_is_there(client: MlflowClient, trained: tuple[str, str]) -> None:
    name, run_id = trained
    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["training_accuracy_score"] > 0.9
    assert {"my", "a", "b"} <= set(run.data.metrics)
    assert {"seed", "x", "max_iter"} <= set(run.data.params)
    contexts = {tag.value for entry in run.inputs.dataset_inputs for tag in entry.tags}
    assert "training" in contexts
    assert "iris-data" in {entry.dataset.name for entry in run.inputs.dataset_inputs}
    assert len(run.outputs.model_outputs) == 1
    [child] = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run_id}'")
    assert child.data.metrics == {"c": 1.0}
    table = mlflow.search_runs(experiment_names=[name], filter_string="params.seed = '7'", order_by=["metrics.my"])
    assert list(table["run_id"]) == [run_id]


def test_its_artifacts(client: MlflowClient, trained: tuple[str, str], tmp_path: Path) -> None:
    _, run_id = trained
    assert {f.path for f in client.list_artifacts(run_id)} >= {"conf", "plots"}
    assert [(f.path, f.is_dir) for f in client.list_artifacts(run_id, "conf")] == [("conf/c.json", False)]
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf/c.json") == {"k": [1, 2]}
    local = mlflow.artifacts.download_artifacts(run_id=run_id, artifact_path="plots", dst_path=str(tmp_path))
    assert (Path(local) / "f.png").read_bytes().startswith(b"\x89PNG")


def test_its_model_under_every_name(lapis: Lapis, client: MlflowClient, trained: tuple[str, str]) -> None:
    from sklearn.datasets import load_iris

    name, run_id = trained
    data = load_iris(as_frame=True).data.head(3)
    client.set_registered_model_alias(name, "champion", "1")
    [logged] = mlflow.search_logged_models(
        experiment_ids=[client.get_run(run_id).info.experiment_id], filter_string="name = 'net'", output_format="list"
    )
    for uri in (f"runs:/{run_id}/net", logged.model_uri, f"models:/{name}/1", f"models:/{name}@champion"):
        assert list(mlflow.pyfunc.load_model(uri).predict(data)) == [0, 0, 0]
    files = [f.path for f in client.list_artifacts(run_id, "net")]
    assert files.count("net/MLmodel") == 1
    assert client.get_model_version(name, "1").run_id == run_id
    status, listed = lapis.server.request(
        "GET", f"/mlflow/default/api/2.0/mlflow/artifacts/list?run_id={run_id}&path=conf"
    )
    assert (status, [f["path"] for f in listed["files"]]) == (200, ["conf/c.json"])
    mirrored = lapis.server.home / "storage" / "default" / "workspaceartifactstore" / "ExperimentRun"
    assert (mirrored / f"dcid.{run_id}" / "net" / "MLmodel").is_file()


def test_a_run_is_continued_by_its_id(
    lapis: Lapis, client: MlflowClient, experiment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = client.create_run(experiment, run_name="job").info.run_id
    client.set_terminated(run_id)
    script = "import mlflow\nwith mlflow.start_run() as r:\n    mlflow.log_metric('m', 1)\nprint(r.info.run_id)"
    env = clean_environment(**lapis.server.mlflow_environment(), MLFLOW_RUN_ID=run_id, MLFLOW_DISABLE_TELEMETRY="true")
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, text=True, check=True)
    assert run_id in done.stdout
    found = client.get_run(run_id)
    assert (found.info.status, found.data.metrics, found.info.run_name) == ("FINISHED", {"m": 1.0}, "job")


def test_a_model_logged_again_under_its_name_replaces_what_the_run_shows(
    lapis: Lapis, client: MlflowClient, experiment: str, tmp_path: Path
) -> None:
    run_id = client.create_run(experiment).info.run_id
    shown = lapis.server.home / "storage/default/workspaceartifactstore/ExperimentRun" / f"dcid.{run_id}" / "m"
    made = []
    for number, names in enumerate((("a", "both"), ("b", "both"))):
        model = client.create_logged_model(experiment, name="m", source_run_id=run_id)
        made.append(model.model_id)
        for file in names:
            (tmp_path / file).write_text(f"{file}{number}")
            client.log_model_artifact(model.model_id, str(tmp_path / file))
        client.finalize_logged_model(model.model_id, "READY")
    assert sorted(p.name for p in shown.iterdir()) == ["b", "both"]
    assert (shown / "both").read_text() == "both1"
    first = mlflow.artifacts.download_artifacts(f"models:/{made[0]}", dst_path=str(tmp_path / "first"))
    assert (Path(first) / "both").read_text() == "both0"
    (tmp_path / "own.txt").write_text("own")
    assert client.list_artifacts(run_id) == []
    client.log_artifact(run_id, str(tmp_path / "own.txt"), "m")
    assert [f.path for f in client.list_artifacts(run_id)] == ["m"]
    assert "m/own.txt" in [f.path for f in client.list_artifacts(run_id, "m")]
