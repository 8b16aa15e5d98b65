"""The wire form of jobs and their events."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.jobs.family import FamilyMove
from lapisml.server.features.jobs.records import JobEvent, JobRecord
from lapisml.server.features.jobs.service import Standing
from lapisml.server.platform.wire import arm_id, creation_context, timestamp


def job_body(workspace: str, job: JobRecord, standing: Standing, address: str) -> dict[str, Any]:
    """Make the record of a job: the document's keys and what is known around them.

    Args:
        address: the server's own address, for the job's services.
    """
    services = {
        "Studio": {"endpoint": f"{address}/jobs/{job.name}?workspace={workspace}", "type": "Studio"},
        "Tracking": {"endpoint": f"{address}/mlflow/{workspace}", "type": "Tracking"},
    }
    return {
        **job.document,
        "name": job.name,
        "id": arm_id(workspace, "jobs", job.name),
        "type": job.type,
        "display_name": job.display_name,
        "experiment_name": job.experiment_name,
        "parent_job_name": job.parent_name,
        "step": job.step,
        "status": standing.status.value,
        "status_code": standing.code,
        "status_reason": standing.reason,
        "exit_code": job.exit_code,
        "warnings": job.warnings,
        "properties": job.properties,
        "tags": job.document.get("tags") or {},
        "services": {**(job.document.get("services") or {}), **services},
        "creation_context": creation_context(job.created_by, job.created_at, job.changed_at),
        "start_time": timestamp(job.started_at),
        "end_time": timestamp(job.ended_at),
        "archived": job.archived,
    }


def event_body(event: JobEvent) -> dict[str, Any]:
    """Make the wire form of one move of a job."""
    return {
        "seq": event.seq,
        "at": timestamp(event.at),
        "before": event.before,
        "status": event.after,
        "code": event.code,
        "reason": event.reason,
    }


def move_body(move: FamilyMove) -> dict[str, Any]:
    """Make the wire form of one move of a job, or of one that it started, which then says who moved."""
    body = {
        "seq": move.seq,
        "at": timestamp(move.at),
        "before": move.before,
        "status": move.after,
        "code": move.code,
        "reason": move.reason,
        "name": move.job,
        "step": move.step or move.job,
        "type": move.type,
        "parent": move.parent,
    }
    reused_from = move.properties.get("azureml.reusedrunid")
    return {**body, "reused_from": reused_from} if reused_from else body
