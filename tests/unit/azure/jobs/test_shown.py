"""A job's record in the words of the run history."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.lifecycle import JobState
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import Standing
from lapisml.server.surfaces.azure.nouns.jobs.shown import Shown, details_body, run_body

OUTPUTS = (
    JobOutput("j", "artifacts", "uri_folder", "azureml://datastores/workspaceartifactstore/paths/a/"),
    JobOutput("j", "table", "mltable", "azureml://datastores/workspaceblobstore/paths/t/"),
    JobOutput("j", "model", "custom_model", "azureml://datastores/workspaceblobstore/paths/m/"),
)


def record(**more: Any) -> JobRecord:
    values: dict[str, Any] = {
        "seq": 7, "name": "j", "workspace_id": 1, "document": {"type": "command", "tags": {"a": "b", "alone": None}},
        "submitted_digest": "", "experiment_name": "exp", "display_name": "shown", "parent_name": "p",
        "type": "command", "step": "s", "properties": {"k": "v"}, "warnings": ["mind this"],
        "status": JobState.FAILED, "status_code": "ExitCode", "status_reason": "exit code 3", "compute": "cpu",
        "wanted_nodes": 1, "nodes": [], "priority": 0, "submit_key": "", "site": None, "engine": None,
        "handed_over": True, "cancel_requested_at": None, "created_by": "me", "created_at": 1_000, "changed_at": 9_000,
        "allotted_at": 2_000, "started_at": 3_000, "ended_at": 3_726_500, "exit_code": 3, "archived": True,
    }  # fmt: skip
    return JobRecord(**{**values, **more})


def shown(job: JobRecord, agent: str = "") -> Shown:
    standing = Standing(job.status, job.status_code, job.status_reason)
    return Shown(job, standing, "root", OUTPUTS, "http://127.0.0.1:8787", agent)


def test_a_run_says_what_its_job_is() -> None:
    run = run_body(shown(record()), "default")
    assert (run["runId"], run["parentRunId"], run["rootRunId"], run["experimentId"]) == ("j", "p", "root", "exp")
    assert (run["status"], run["hidden"], run["displayName"], run["duration"]) == (
        "Failed",
        True,
        "shown",
        "01:02:03.500",
    )
    assert run["tags"] == {"a": "b", "alone": ""}
    assert run["startTimeUtc"] == "1970-01-01T00:00:03.000000Z"
    assert run["services"]["Studio"]["endpoint"] == "http://127.0.0.1:8787/studio/default/jobs/j"


def test_details_say_why_it_failed_and_where_its_logs_are() -> None:
    details = details_body(shown(record()), {"user_logs/std_log.txt": "address"})
    assert details["error"]["error"]["message"] == "exit code 3"
    assert details["warnings"] == [{"source": "Lapis", "message": "mind this"}]
    assert details["logFiles"] == {"user_logs/std_log.txt": "address"}
    running = details_body(shown(record(status=JobState.RUNNING, ended_at=None)), {})
    assert "error" not in running
    assert "endTimeUtc" not in running


@pytest.mark.parametrize(
    ("agent", "table", "model"),
    [
        ("azure-ai-ml/1.35.2 azsdk-python-core/1.30", "mltable", "uri_folder"),
        ("azure-ai-ml/1.34.1 azsdk-python-core/1.30", "MLTable", "UriFolder"),
        ("azure-ai-ml/2.0.0", "mltable", "uri_folder"),
        ("curl/8", "mltable", "uri_folder"),
    ],
)
def test_outputs_have_the_words_that_the_client_knows(agent: str, table: str, model: str) -> None:
    outputs = run_body(shown(record(), agent), "default")["outputs"]
    assert outputs == {
        "table": {"assetId": "azureml://jobs/j/outputs/table", "type": table},
        "model": {"assetId": "azureml://jobs/j/outputs/model", "type": model},
    }
