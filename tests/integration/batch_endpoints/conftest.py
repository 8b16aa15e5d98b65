from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer, end_everything

ENVIRONMENT = {"image": "python", "conda_file": {"dependencies": ["python=3.11", {"pip": ["scikit-learn"]}]}}


@dataclass
class World:
    """A server with a compute, and a registered model that takes columns a and b."""

    server: LapisServer
    folder: Path
    rows: pd.DataFrame
    model: Any

    def lapis(self, *words: str) -> str:
        """Run the command in the folder and give what it printed."""
        return run_lapis(*words, home=self.server.home, cwd=self.folder, check=True).stdout.strip()

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request below the workspace."""
        return self.server.request(method, f"/api/v1/workspaces/default/{path}", body)

    def put(self, path: str, document: dict[str, Any]) -> Any:
        """Create something and give its record."""
        status, body = self.request("PUT", path, document)
        assert status == 200, body
        return body

    def ended(self, name: str) -> dict[str, Any]:
        """Wait for the end of a job and give its record."""
        found: dict[str, Any] = {}

        def is_over() -> bool:
            _, body = self.request("GET", f"jobs/{name}")
            found.update(body)
            return body["status"] in ("Completed", "Failed", "Canceled")

        eventually(is_over, 120, what=f"the end of {name}")
        return found

    def invoked(self, endpoint: str, *words: str) -> dict[str, Any]:
        """Invoke an endpoint by the command and give the job once it is over."""
        return self.ended(
            self.lapis("batch-endpoint", "invoke", "-n", endpoint, *words, "--query", "name", "-o", "tsv")
        )

    def scores(self, job: str, name: str = "predictions.csv") -> str:
        """Download what a job scored."""
        self.lapis("job", "download", "-n", job, "--output-name", "score", "--download-path", f"got-{job}")
        return (self.folder / f"got-{job}" / job / "named-outputs" / "score" / name).read_text()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server of these tests' own, whose environments are the tests' interpreter."""
    import mlflow
    from mlflow.models import infer_signature
    from sklearn.tree import DecisionTreeClassifier

    folder = tmp_path_factory.mktemp("batch")
    rows = pd.DataFrame({"a": [0.5 * n for n in range(40)], "b": [float(n % 7) for n in range(40)]})
    model = DecisionTreeClassifier(random_state=0).fit(rows, [n % 3 for n in range(40)])
    signature = infer_signature(rows, model.predict(rows))
    mlflow.sklearn.save_model(model, folder / "model", signature=signature, serialization_format="cloudpickle")
    server = LapisServer(folder / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    made = World(server, folder, rows, model)
    made.lapis("compute", "create", "-n", "cluster", "--type", "amlcompute", "--max-instances", "2")
    made.lapis("model", "create", "-n", "tree", "--type", "mlflow_model", "--path", "model")
    yield made
    server.stop()
    end_everything(server.home)
