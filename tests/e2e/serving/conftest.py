"""A server, two models of the diabetes data, and an endpoint that serves them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import run_lapis
from tests.support.data import real_diabetes_csv, write_stand_in
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.server import LapisServer, end_everything

ENDPOINT = "diabetes"
SETTINGS = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ACCELERATE": "0"}


@dataclass
class Endpoint:
    """An endpoint on a real server, handled by the command line.

    Attributes:
        folder: holds the documents and the models.
        rows: the request: a few patients.
        expected: deployment → the labels that its model gives them.
    """

    server: LapisServer
    folder: Path
    rows: dict[str, Any]
    expected: dict[str, list[Any]]

    def lapis(self, *words: str) -> str:
        """Run a command that must succeed; return what it prints."""
        return run_lapis(*words, home=self.server.home, cwd=self.folder, check=True, env=SETTINGS).stdout.strip()

    def show(self, query: str) -> str:
        """Return a value of the endpoint's document."""
        return self.lapis("online-endpoint", "show", "-n", ENDPOINT, "--query", query, "-o", "tsv")

    @property
    def url(self) -> str:
        """The scoring address."""
        return self.show("scoring_uri")

    @property
    def key(self) -> str:
        """The primary key."""
        words = ("online-endpoint", "get-credentials", "-n", ENDPOINT, "--query", "primaryKey", "-o", "tsv")
        return self.lapis(*words)

    def deploy(self, name: str, *words: str) -> None:
        """Create a deployment and wait until it is ready."""
        self.lapis("online-deployment", "create", "-f", f"{name}.yml", *words)

    def traffic(self, **percent: int) -> None:
        """Set the traffic."""
        said = " ".join(f"{name}={value}" for name, value in percent.items())
        self.lapis("online-endpoint", "update", "-n", ENDPOINT, "--traffic", said)

    def serving(self, name: str) -> dict[str, Any]:
        """Return what the keeper of a deployment's revision reports."""
        routes = json.loads((self.server.home / "serving" / "routes.json").read_text())
        deployments = next(r for r in routes["endpoints"] if r["name"] == ENDPOINT)["deployments"]
        file = self.server.home / "serving" / "replicas" / f"{deployments[name]['revision']}.json"
        found: dict[str, Any] = json.loads(file.read_text())
        return found

    def gateway(self) -> dict[str, Any]:
        """Return who the gateway is."""
        found: dict[str, Any] = json.loads((self.server.home / "serving" / "gateway.json").read_text())
        return found

    def replicas_ready(self, name: str, count: int) -> list[int]:
        """Wait for replicas and return their pids."""

        def ready() -> list[int]:
            pids = [replica["pid"] for replica in self.serving(name)["replicas"] if replica["ready"]]
            return pids if len(pids) == count else []

        return eventually(ready, 60, what=f"{count} ready replicas of {name}")


@dataclass(frozen=True)
class Models:
    """Two models and what they say.

    Attributes:
        folder: holds ``blue`` and ``green``, and every patient's features in ``patients.csv``.
        rows: a request: a few patients.
        expected: deployment → its answer to that request.
        labels: deployment → the labels of all patients.
    """

    folder: Path
    rows: dict[str, Any]
    expected: dict[str, list[Any]]
    labels: dict[str, list[Any]]


def write_models(folder: Path) -> Models:
    """Train blue and green, save them as MLflow models."""
    import mlflow.sklearn
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    data = pd.read_csv(real_diabetes_csv() or write_stand_in(folder / "diabetes.csv"))
    features = data.drop(columns=["PatientID", "Diabetic"]).astype("float64")
    models = {
        "blue": make_pipeline(StandardScaler(), LogisticRegression()),
        "green": DecisionTreeClassifier(max_depth=3, random_state=0),
    }
    features.to_csv(folder / "patients.csv", index=False)
    rows, labels = features.head(20), {}
    for name, model in models.items():
        model.fit(features, data["Diabetic"])
        signature = mlflow.models.infer_signature(features, model.predict(features))
        mlflow.sklearn.save_model(model, folder / name, signature=signature, serialization_format="cloudpickle")
        labels[name] = model.predict(features).tolist()
    expected = {name: found[: len(rows)] for name, found in labels.items()}
    assert expected["blue"] != expected["green"]
    return Models(folder, {"input_data": rows.to_dict(orient="split")}, expected, labels)


def deployment(name: str, model: Path, **more: Any) -> dict[str, Any]:
    """Write the document of a deployment."""
    return {
        "name": name,
        "endpoint_name": ENDPOINT,
        "model": {"path": str(model), "type": "mlflow_model"},
        "instance_type": "Standard_DS3_v2",
        "instance_count": 1,
        **more,
    }


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    """The two models; made once, since that takes longer than anything here."""
    return write_models(tmp_path_factory.mktemp("models"))


@pytest.fixture
def endpoint(models: Models, tmp_path: Path) -> Iterator[Endpoint]:
    """The endpoint, with no deployment yet."""
    port = str(free_port())  # its own: another gateway on this machine must not take it while this one is replaced
    server = LapisServer(tmp_path / "home", {**SETTINGS, "LAPIS_GATEWAY_PORT": port}).start()
    made = Endpoint(server, tmp_path, models.rows, models.expected)
    (tmp_path / "endpoint.yml").write_text(json.dumps({"name": ENDPOINT, "auth_mode": "key"}))
    for name in ("blue", "green"):
        (tmp_path / f"{name}.yml").write_text(json.dumps(deployment(name, models.folder / name)))
    made.lapis("online-endpoint", "create", "-f", "endpoint.yml")
    yield made
    server.stop()
    end_everything(server.home)
