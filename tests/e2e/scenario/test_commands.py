"""What the commands of the scenario print and leave behind."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from tests.e2e.scenario.scenario import Scenario


def _json(scenario: Scenario, step: str) -> Any:
    return json.loads(scenario.done[step].stdout)


def test_the_first_command_started_a_server_and_said_so_in_one_line(scenario: Scenario) -> None:
    lines = [line for line in scenario.done["data create"].stderr.splitlines() if "server" in line.lower()]
    assert len(lines) == 1
    assert not any("server" in line.lower() for line in scenario.done["compute create"].stderr.splitlines())


def test_the_data_asset_has_the_name_and_a_version(scenario: Scenario) -> None:
    data = _json(scenario, "data create")
    assert (data["name"], data["version"], data["type"]) == ("diabetes", "1", "uri_file")
    assert data["path"].startswith("azureml://")
    assert data["creation_context"]["created_at"]


def test_the_environment_and_the_cluster_exist(scenario: Scenario) -> None:
    environment = _json(scenario, "environment create")
    assert environment["name"] == "diabetes-env"
    assert "scikit-learn" in str(environment["conda_file"])
    cluster = _json(scenario, "compute create")
    assert (cluster["name"], cluster["type"], cluster["max_instances"]) == ("cpu-cluster", "amlcompute", 4)


def test_job_create_prints_only_the_name(scenario: Scenario) -> None:
    assert scenario.done["job create"].stdout == f"{scenario.job}\n"


def test_streaming_showed_the_log_of_the_training(scenario: Scenario) -> None:
    log = scenario.done["job stream"].stdout
    assert "read 15000 rows" in log
    assert re.search(r"accuracy 0\.[78]", log)


def test_the_job_completed(scenario: Scenario) -> None:
    assert scenario.done["job status"].stdout == "Completed\n"


def test_the_job_says_that_its_image_was_not_run(scenario: Scenario) -> None:
    """A container image without a container engine is never silently ignored."""
    told = scenario.done["job stream"].stdout + scenario.done["job stream"].stderr
    told += scenario.type("job show", "job", "show", "-n", scenario.job).stdout
    assert "openmpi4.1.0" in told


def test_show_has_the_document_and_its_record(scenario: Scenario) -> None:
    job = json.loads(scenario.type("job show", "job", "show", "-n", scenario.job).stdout)
    assert job["experiment_name"] == "diabetes"
    assert job["display_name"] == "diabetes-logistic-regression"
    assert job["tags"]["team"] == "medicine"
    assert job["compute"] == "azureml:cpu-cluster"
    assert job["environment"] in ("azureml:diabetes-env:1", "azureml:diabetes-env@latest")
    assert job["services"]["Studio"]["endpoint"].startswith("http")
    assert job["creation_context"]["created_by"]


def test_the_model_is_registered_and_listed(scenario: Scenario) -> None:
    model = _json(scenario, "model create")
    assert (model["name"], model["version"], model["type"]) == ("diabetes", "1", "mlflow_model")
    assert [m["name"] for m in _json(scenario, "model list")] == ["diabetes"]


def test_download_brings_artifacts_outputs_and_logs(scenario: Scenario) -> None:
    folder = scenario.folder / scenario.job
    assert _one(folder, "features.txt").read_text().split()[0] == "Pregnancies"
    assert "accuracy" in _one(folder, "std_log.txt").read_text()
    assert _one(folder, "roc_curve.png").stat().st_size > 1000
    assert any("model" in found.parts for found in folder.rglob("MLmodel"))
    summaries = [json.loads(found.read_text()) for found in folder.rglob("summary.json")]
    assert summaries, "the named output and the artifact"
    assert all(0.7 < summary["accuracy"] < 0.85 for summary in summaries)


def _one(folder: Path, name: str) -> Path:
    found = sorted(folder.rglob(name))
    assert found, f"no {name} in {sorted(str(p.relative_to(folder)) for p in folder.rglob('*'))}"
    return found[0]


def test_metadata_can_be_updated(scenario: Scenario) -> None:
    words = f"job update -n {scenario.job} --set display_name=renamed tags.reviewed=yes"
    updated = json.loads(scenario.type("job update", *words.split()).stdout)
    assert (updated["display_name"], updated["tags"]["reviewed"]) == ("renamed", "yes")
    again = f"job update -n {scenario.job} --set display_name=diabetes-logistic-regression --remove tags.reviewed"
    assert "reviewed" not in json.loads(scenario.type("job update", *again.split()).stdout)["tags"]


def test_a_failing_script_ends_the_stream_with_an_error_and_shows_why(scenario: Scenario) -> None:
    words = "job create -f job.yml --set inputs.label=Nonsense --stream".split()
    done = scenario.type("failing job", *words, check=False)
    assert done.returncode == 1
    assert "Nonsense" in done.stdout + done.stderr
    failed = json.loads(scenario.type("list", "job", "list", "--query", "[?status=='Failed'] | [0]").stdout)
    shown = scenario.type("show", "job", "show", "-n", failed["name"]).stdout
    assert "KeyError" in shown


def test_unchanged_code_is_not_stored_twice(scenario: Scenario) -> None:
    blobs = sorted(p.name for p in scenario.home.glob("storage/*/snapshots/blobs/**/*") if p.is_file())
    scenario.type("again", *"job create -f job.yml --query name -o tsv --set experiment_name=again".split())
    scenario.type("cancel", "job", "cancel", "-n", scenario.done["again"].stdout.strip())
    after = sorted(p.name for p in scenario.home.glob("storage/*/snapshots/blobs/**/*") if p.is_file())
    assert blobs
    assert after == blobs
