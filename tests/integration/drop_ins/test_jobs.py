"""Scripts written for jobs in the cloud, in jobs of a real server."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

HERE = Path(__file__).parent
PREFIX = "azureml://subscriptions/s/resourcegroups/g/workspaces/default/"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """A server whose environments are the tests' own interpreter."""
    made = LapisServer(tmp_path_factory.mktemp("drop-ins") / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield made
    made.stop()
    end_everything(made.home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with data and the script."""
    data = tmp_path / "data"
    (data / "deep").mkdir(parents=True)
    (data / "a.csv").write_text("n\n1\n")
    (data / "deep" / "b.csv").write_text("n\n2\n")
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "rows.csv").write_text("n\n1\n")
    (tmp_path / "table" / "MLTable").write_text("paths:\n  - file: rows.csv\ntransformations:\n  - read_delimited\n")
    (tmp_path / "code").mkdir()
    shutil.copy(HERE / "script.py", tmp_path / "code" / "script.py")
    (tmp_path / "code" / "weights.bin").write_text("weights")
    return tmp_path


def _run(server: LapisServer, folder: Path, **keys: Any) -> tuple[dict[str, Any], str]:
    """Run a job to its end; return its record and its log."""
    document = {"type": "command", "environment": {"image": "python"}, "experiment_name": "drop-ins", **keys}
    (folder / "job.yml").write_text(yaml.safe_dump(document))
    made = run_lapis("job", "create", "-f", "job.yml", "--stream", home=server.home, cwd=folder)
    name = run_lapis("job", "list", "--query", "[0].name", "-o", "tsv", home=server.home, check=True).stdout.strip()
    shown = run_lapis("job", "show", "-n", name, home=server.home, check=True)
    return json.loads(shown.stdout), made.stdout + made.stderr


def test_a_script_of_the_cloud_runs(server: LapisServer, folder: Path) -> None:
    data = run_lapis("data", "create", "-n", "data", "-p", "data", home=server.home, cwd=folder, check=True)
    path = json.loads(data.stdout)["path"]
    record, log = _run(
        server, folder, code="code",
        inputs={
            "data": {"type": "uri_folder", "path": path, "mode": "direct"},
            "table": {"type": "mltable", "path": "table", "mode": "direct"},
        },
        command="python script.py ${{inputs.data}} ${{inputs.table}} "
        f"{PREFIX}{path.removeprefix('azureml://')} weights.bin",
    )  # fmt: skip
    assert record["status"] == "Completed", log
    assert "all of it works" in log


def test_a_job_that_wants_none_has_none(server: LapisServer, folder: Path) -> None:
    code = "import importlib.util as u; print([n for n in ('azureml', 'mltable') if u.find_spec(n)])"
    record, log = _run(
        server, folder, command=f'python -c "{code}"; pip list 2>/dev/null | grep -c lapis-drop-ins || true',
        environment_variables={"LAPIS_DROP_INS": "off"},
    )  # fmt: skip
    assert record["status"] == "Completed", log
    assert "[]\n0\n" in log, log
