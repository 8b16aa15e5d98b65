"""A job's record as clients see it: the resource of ARM, and the run of the run history. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lapisml.core.lifecycle import JobState
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.jobs.places import ARTIFACTS
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import Standing
from lapisml.server.platform.wire import studio_address
from lapisml.server.surfaces.azure.arm import ArmCall, arm_time, system_data
from lapisml.server.surfaces.azure.nouns.jobs.documents import write_job
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import filled

_RUN_TYPES = {
    "pipeline": "azureml.PipelineRun",
    "sweep": "hyperdrive",
    "command": "azureml.scriptrun",
    "spark": "SparkRun",
    "parallel": "azureml.scriptrun",
}
_DATA_TYPES = {"uri_file": "UriFile", "uri_folder": "UriFolder", "mltable": "MLTable"}
"""Types by which clients ask where an output lies, and the words of older ones. A model is a folder too: the present
SDK fails in its own code when it asks for one as a model."""

_SDK = re.compile(r"azure-ai-ml/(\d+)\.(\d+)")
_NEWER_WORDS = (1, 35)
"""The release of the SDK that knows the words of data assets here; releases before it know the others."""


@dataclass(frozen=True)
class Shown:
    """A job, and what is said of it beside its record.

    Attributes:
        root: name of the job that the whole family began with.
        outputs: what it put out, with ``artifacts``.
        url: the server's own address.
        agent: the client's name for itself.
    """

    job: JobRecord
    standing: Standing
    root: str
    outputs: tuple[JobOutput, ...]
    url: str
    agent: str = ""


def job_resource(call: ArmCall, job: JobRecord, standing: Standing, references: References, url: str) -> dict[str, Any]:
    """Make the ARM resource of a job.

    Args:
        url: the server's own address.
    """
    asked = {**job.document, "display_name": job.display_name, "experiment_name": job.experiment_name}
    if job.parent_name is not None:
        asked["parent_job_name"] = job.parent_name
    properties = write_job(asked, references)
    properties |= {
        "status": standing.status.value,
        "isArchived": job.archived,
        "properties": dict(job.properties),
        "services": {**properties["services"], **_services(job, call.workspace.name, url)},
    }
    data = system_data(job.created_by, job.created_at, job.changed_at)
    return call.resource("workspaces/jobs", ("jobs", job.name), properties, systemData=data)


def _services(job: JobRecord, workspace: str, url: str) -> dict[str, Any]:
    return {
        "Tracking": {"jobServiceType": "Tracking", "endpoint": f"{url}/mlflow/{quote(workspace)}"},
        "Studio": {"jobServiceType": "Studio", "endpoint": _studio(job, workspace, url)},
    }


def _studio(job: JobRecord, workspace: str, url: str) -> str:
    return studio_address(url, workspace, "jobs", job.name)


def run_body(shown: Shown, workspace: str) -> dict[str, Any]:
    """Make the run of a job as the run history gives it."""
    job = shown.job
    endpoint = {"type": "Studio", "endpoint": _studio(job, workspace, shown.url)}
    return {
        **_facts(shown),
        "runNumber": job.seq,
        "rootRunId": shown.root,
        "runUuid": job.name,
        "experimentId": job.experiment_name,
        "dataContainerId": f"dcid.{job.name}",
        "createdUtc": arm_time(job.created_at),
        "lastModifiedUtc": arm_time(job.changed_at),
        "lastModifiedBy": {"userName": job.created_by},
        "userId": job.created_by,
        "displayName": job.display_name,
        "name": job.display_name,
        "description": job.document.get("description"),
        "hidden": job.archived,
        "runType": _RUN_TYPES.get(job.type, job.type),
        "runTypeV2": {"orchestrator": None, "traits": [], "computeType": "local"},
        "compute": {"target": job.compute} if job.compute else None,
        "services": {"Studio": endpoint},
    }


def details_body(shown: Shown, logs: dict[str, str]) -> dict[str, Any]:
    """Make the details of a run.

    Args:
        logs: path of a log → address to read it at.
    """
    return {**_facts(shown), "createdTimeUtc": arm_time(shown.job.created_at), "logFiles": logs}


def _facts(shown: Shown) -> dict[str, Any]:
    job, state = shown.job, shown.standing.status
    ended = job.ended_at if job.is_over else None
    made = {
        "runId": job.name,
        "parentRunId": job.parent_name,
        "target": job.compute or None,
        "status": state.value,
        "startTimeUtc": arm_time(job.started_at),
        "endTimeUtc": arm_time(ended),
        "duration": _duration(job.started_at, ended),
        "createdBy": {"userName": job.created_by},
        "error": _error(shown) if state == JobState.FAILED else None,
        "warnings": [{"source": "Lapis", "message": sentence} for sentence in job.warnings],
        "tags": {str(key): str(value or "") for key, value in (job.document.get("tags") or {}).items()},
        "properties": {key: str(value) for key, value in job.properties.items()},
        "inputs": {},
        "outputs": _outputs(shown.outputs, shown.agent),
    }
    return filled(made, empty=())


def _error(shown: Shown) -> dict[str, Any]:
    return {"error": {"code": "UserError", "message": shown.standing.reason, "details": [], "target": shown.job.name}}


def _duration(start: int | None, end: int | None) -> str | None:
    if start is None or end is None:
        return None
    seconds, millis = divmod(max(0, end - start), 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{millis:03}"


def _outputs(outputs: Iterable[JobOutput], agent: str) -> dict[str, Any]:
    """Give the named outputs of a job: what to ask for to find where they lie."""
    sdk = _SDK.search(agent)
    is_older = sdk is not None and (int(sdk[1]), int(sdk[2])) < _NEWER_WORDS
    found = {}
    for output in outputs:
        kind = output.type if output.type in _DATA_TYPES else "uri_folder"
        word = _DATA_TYPES[kind] if is_older else kind
        found[output.name] = {"assetId": f"azureml://jobs/{output.job}/outputs/{output.name}", "type": word}
    found.pop(ARTIFACTS, None)
    return found
