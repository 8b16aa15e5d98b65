"""Mini-batch jobs from the command line, through a real server."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.conftest import ServerFactory
from tests.support.cli import run_lapis
from tests.support.polling import eventually
from tests.support.server import LapisServer

SCRIPT = """
import argparse, os, time
import mltable

def init():
    global factor
    parser = argparse.ArgumentParser()
    parser.add_argument("--factor", type=int)
    factor = parser.parse_known_args()[0].factor

def run(mini_batch):
    time.sleep(float(os.environ.get("PAUSE", "0")))
    return [value * factor for value in mini_batch["n"]]
"""
ROWS = 600


@pytest.fixture
def server(start_server: ServerFactory) -> LapisServer:
    """A server whose environments are the tests' own interpreter."""
    return start_server(env={"LAPIS_ENVIRONMENT_RESOLUTION": "host"})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a table, a script and a document."""
    (tmp_path / "table").mkdir()
    pd.DataFrame({"n": range(ROWS)}).to_csv(tmp_path / "table" / "rows.csv", index=False)
    (tmp_path / "table" / "MLTable").write_text("paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited\n")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "score.py").write_text(SCRIPT)
    return tmp_path


def _submit(server: LapisServer, folder: Path, **keys: Any) -> str:
    document: dict[str, Any] = {
        "type": "parallel",
        "inputs": {"data": {"type": "mltable", "path": "./table", "mode": "direct"}, "factor": 2},
        "outputs": {"scored": {"type": "uri_file"}},
        "input_data": "${{inputs.data}}",
        "mini_batch_size": "100",
        "max_concurrency_per_instance": 2,
        "mini_batch_error_threshold": 0,
        "retry_settings": {"max_retries": 1, "timeout": 30},
        "task": {
            "type": "run_function",
            "code": "./code",
            "entry_script": "score.py",
            "environment": {"image": "python"},
            "program_arguments": "--factor ${{inputs.factor}} --resource_monitor_interval 20",
            "append_row_to": "${{outputs.scored}}",
        },
    }
    (folder / "job.yml").write_text(yaml.safe_dump(document | keys))
    words = ("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv")
    return run_lapis(*words, home=server.home, cwd=folder, check=True).stdout.strip()


def _job(server: LapisServer, name: str) -> dict[str, Any]:
    status, body = server.request("GET", f"/api/v1/workspaces/default/jobs/{name}")
    assert status == 200, body
    return dict(body)


def _ended(server: LapisServer, name: str) -> dict[str, Any]:
    eventually(lambda: _job(server, name)["status"] in ("Completed", "Failed", "Canceled"), 90, what=f"end of {name}")
    return _job(server, name)


def _scored(server: LapisServer, folder: Path, name: str) -> list[str]:
    words = ("job", "download", "--name", name, "--output-name", "scored", "--download-path", str(folder / "got"))
    run_lapis(*words, home=server.home, cwd=folder, check=True)
    files = [path for path in (folder / "got").rglob("*") if path.is_file()]
    assert len(files) == 1, files
    return files[0].read_text().splitlines()


def _metrics(server: LapisServer, name: str) -> dict[str, float]:
    status, body = server.request("GET", f"/mlflow/default/api/2.0/mlflow/runs/get?run_id={name}")
    assert status == 200, body
    return {point["key"]: point["value"] for point in body["run"]["data"]["metrics"]}


def test_a_table_is_scored_and_progress_is_in_the_run(server: LapisServer, folder: Path) -> None:
    name = _submit(server, folder)
    job = _ended(server, name)
    assert job["status"] == "Completed", job
    assert _scored(server, folder, name) == [str(2 * n) for n in range(ROWS)]
    metrics = _metrics(server, name)
    assert metrics["items_processed"] == ROWS
    assert metrics["minibatches_total"] == metrics["minibatches_completed"] > 5
    assert metrics["minibatches_failed"] == 0


def test_it_goes_on_while_the_server_is_killed(server: LapisServer, folder: Path) -> None:
    name = _submit(server, folder, environment_variables={"PAUSE": "0.1"})
    eventually(lambda: _job(server, name)["status"] == "Running", 60, what="running")
    server.kill9()
    server.restart()
    job = _ended(server, name)
    assert job["status"] == "Completed", job
    assert _scored(server, folder, name) == [str(2 * n) for n in range(ROWS)]


def test_a_killed_driver_ends_the_job_and_its_workers(server: LapisServer, folder: Path) -> None:
    name = _submit(server, folder, environment_variables={"PAUSE": "60"})
    record = server.home / "runs" / "default" / name / "process.json"
    eventually(lambda: _children(record), 60, what="workers")
    workers = _children(record)
    os.kill(json.loads(record.read_text())["child"]["pid"], signal.SIGKILL)
    job = _ended(server, name)
    assert job["status"] == "Failed"
    eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), 30, what="no workers")


def _children(record: Path) -> list[str]:
    try:
        pid = json.loads(record.read_text())["child"]["pid"]
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, TypeError, KeyError, ValueError):
        return []


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"input_data": "${{inputs.factor}}"}, "input_data"),
        ({"input_data": "${{inputs.nothing}}"}, "input_data"),
        ({"mini_batch_size": "many"}, "mini_batch_size"),
    ],
)
def test_a_document_that_is_no_good_is_refused(
    server: LapisServer, folder: Path, keys: dict[str, Any], told: str
) -> None:
    with pytest.raises(AssertionError, match=told):
        _submit(server, folder, **keys)
