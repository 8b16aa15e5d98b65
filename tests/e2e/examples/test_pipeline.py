"""The example of a pipeline as its README types it: it completes, registers its model, and is reused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import run_lapis
from tests.support.processes import REPOSITORY
from tests.support.server import LapisServer, end_everything

HOST = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
CREATE = "job create -f pipeline.yml --set jobs.train.limits.max_total_trials=2 --stream".split()

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LapisServer]:
    made = LapisServer(tmp_path / "home", HOST).start()
    yield made
    made.stop()
    end_everything(made.home)


def test_the_pipeline_completes_registers_its_model_and_is_reused(server: LapisServer, tmp_path: Path) -> None:
    folder = tmp_path / "pipeline"
    shutil.copytree(REPOSITORY / "examples" / "pipeline", folder, ignore=shutil.ignore_patterns("__pycache__"))

    def lapis(*words: str, code: int = 0) -> str:
        done = run_lapis(*words, home=server.home, cwd=folder, env=HOST, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def shown(words: str) -> Any:
        return json.loads(lapis(*words.split()))

    lapis(*CREATE, "-n", "first")
    assert shown("job show -n first")["status"] == "Completed"
    assert [model["version"] for model in shown("model list -n tumour-classifier")] == ["1"]
    assert {job["step"] for job in shown("job list --parent-job-name first--train")} == {"0", "1"}

    lapis(*CREATE, "-n", "second")
    codes = {job["step"]: job["status_code"] for job in shown("job list --parent-job-name second")}
    assert codes == dict.fromkeys(("prepare", "train", "evaluate"), "Reused")

    lapis("job", "create", "-f", "pipeline.yml", "-n", "third", "--stream", "--set",
          "jobs.train.limits.max_total_trials=2", "inputs.least_accuracy=1.01", code=1)  # fmt: skip
    assert "inputs.least_accuracy: 0.9→1.01" in lapis("job", "why", "-n", "third--evaluate")
    assert len(shown("model list -n tumour-classifier")) == 2, "a model that is not good enough was registered"
