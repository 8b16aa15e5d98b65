"""The scripts of a repository that trains and deploys with ``az``, run as they are: ``examples/mlops-with-az``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.compat.azure.az.conftest import Bash
from tests.support.processes import REPOSITORY


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of the repository."""
    return Path(shutil.copytree(REPOSITORY / "examples" / "mlops-with-az", tmp_path / "repository"))


def test_prepare_train_deploy_and_deploy_again(bash: Bash, repository: Path) -> None:
    scripts = repository / "scripts"
    for _ in range(2):  # a second time changes nothing that is there
        prepared = bash(scripts / "prepare.sh").out.splitlines()
    assert prepared[0] == "subscription: 3e2a9a4f-6f50-4f0c-9a0e-0c8a5d1b7a11"
    assert prepared[1].startswith("workspace: mlw-iris-dev, MLflow at http")
    assert [line.partition(":")[0] for line in prepared[2:]] == ["iris-train", "iris-training"]

    trained = bash(scripts / "train.sh", POLL_SECONDS="1", RATE="0.05").out.splitlines()
    assert trained[0].startswith("job: ")
    assert trained[1:] == ["status: Completed", "1"]
    job = trained[0].split()[1].rstrip(",")
    shown = bash(f"az ml job show -n {job} --query '[experiment_name, tags.branch]' -o tsv").out
    assert shown.split() == ["iris", "main"]

    created = bash(scripts / "deploy.sh").out.splitlines()
    assert created[:2] == ["create online-endpoint iris-online", "create online-deployment blue"]
    assert json.loads(json.loads(created[2])) == json.loads(created[-1]) == [0, 1, 2]

    updated = bash(scripts / "deploy.sh").out.splitlines()
    assert updated[:2] == ["update online-endpoint iris-online", "update online-deployment blue"]
    assert json.loads(updated[-1]) == [0, 1, 2]
