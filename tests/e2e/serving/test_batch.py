"""The models that serve online score every patient in batch, by command and document."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.serving.conftest import SETTINGS, Models
from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

ENDPOINT = "diabetes-batch"
FILES = 4


def deployment(name: str, model: Path) -> dict[str, Any]:
    """Write a deployment that scores on two workers, in mini-batches of one file."""
    return {
        "name": name,
        "endpoint_name": ENDPOINT,
        "type": "model",
        "model": {"path": str(model), "type": "mlflow_model"},
        "compute": "azureml:local",
        "resources": {"instance_count": 1},
        "settings": {
            "max_concurrency_per_instance": 2,
            "mini_batch_size": 1,
            "output_action": "append_row",
            "output_file_name": "predictions.csv",
        },
    }


class Batch:
    """A batch endpoint on a real server, handled by the command line in a folder of its own."""

    def __init__(self, server: LapisServer, folder: Path) -> None:
        self.folder = folder
        self._server = server

    def lapis(self, *words: str) -> str:
        """Run a command that must succeed; return what it prints."""
        return run_lapis(*words, home=self._server.home, cwd=self.folder, check=True, env=SETTINGS).stdout.strip()

    def score(self, *words: str) -> list[list[str]]:
        """Invoke the endpoint over the patients, wait, and return the lines of the predictions."""
        name = self.lapis(
            "batch-endpoint", "invoke", "-n", ENDPOINT, "--input", "patients", "--query", "name", "-o", "tsv", *words
        )
        self.lapis("job", "stream", "-n", name)
        self.lapis("job", "download", "-n", name, "--output-name", "score", "--download-path", f"got-{name}")
        (file,) = (self.folder / f"got-{name}").rglob("predictions.csv")
        with file.open(newline="") as lines:
            return list(csv.reader(lines))


@pytest.fixture
def batch(models: Models, tmp_path: Path) -> Iterator[Batch]:
    """The endpoint with both deployments, blue its default, and the patients in several files."""
    server = LapisServer(tmp_path / "home", SETTINGS).start()
    made = Batch(server, tmp_path)
    split(models.folder / "patients.csv", tmp_path / "patients")
    (tmp_path / "endpoint.yml").write_text(json.dumps({"name": ENDPOINT}))
    made.lapis("batch-endpoint", "create", "-f", "endpoint.yml")
    for name, more in (("blue", ["--set-default"]), ("green", [])):
        (tmp_path / f"{name}.yml").write_text(json.dumps(deployment(name, models.folder / name)))
        made.lapis("batch-deployment", "create", "-f", f"{name}.yml", *more)
    yield made
    server.stop()
    end_everything(server.home)


def split(file: Path, folder: Path) -> None:
    """Cut a CSV file into several of about the same length, each with the header; they sort in its order."""
    header, *lines = file.read_text().splitlines(keepends=True)
    folder.mkdir()
    length = -(-len(lines) // FILES)
    for number in range(FILES):
        part = lines[number * length : (number + 1) * length]
        (folder / f"part-{number}.csv").write_text(header + "".join(part))


def labels_of(found: list[list[str]]) -> list[int]:
    """Return the predictions in the order of the files and of the rows within them."""
    ordered = sorted(found, key=lambda line: (line[2], int(line[0])))
    return [int(line[1]) for line in ordered]


def test_every_patient_is_scored_once_by_the_default_and_by_the_deployment_asked_for(
    batch: Batch, models: Models
) -> None:
    assert labels_of(batch.score()) == models.labels["blue"]
    assert labels_of(batch.score("--deployment-name", "green")) == models.labels["green"]
    jobs = batch.lapis("batch-endpoint", "list-jobs", "-n", ENDPOINT, "--query", "[].name", "-o", "tsv")
    assert len(jobs.splitlines()) == 2
