"""Invocations of batch endpoints: one address takes them and lists the jobs that they made.

Form: https://learn.microsoft.com/rest/api/azureml/batch-job-endpoint (`BatchJobResource`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.batch_endpoints import asked as invocations
from lapisml.server.features.batch_endpoints import azure_form
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.surfaces.azure.arm import PAGE, ArmAnswer, ArmCall, Routes, ok, system_data
from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references
from lapisml.server.surfaces.azure.nouns.jobs.references import References

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices

_PREFIX = "/mferp/managementfrontend"
_ENDPOINT = "ROOT:mferp/managementfrontend/WS/batchEndpoints/*/jobs"
_DEPLOYMENT = "ROOT:mferp/managementfrontend/WS/batchEndpoints/*/deployments/*/jobs"
_HEADER = "azureml-model-deployment"
_REPEATED = "repeatability_request-id"


def scoring_path(call: ArmCall, endpoint: str) -> str:
    """Give the path that takes the invocations of an endpoint."""
    return f"{_PREFIX}{quote(call.scope_id)}/batchEndpoints/{quote(endpoint, safe='')}/jobs"


def routes(services: AzureServices) -> Routes:
    """Give the addresses of invocations."""
    noun = BatchJobs(services)
    return {
        ("GET", _ENDPOINT): noun.list,
        ("POST", _ENDPOINT): noun.invoke,
        ("GET", f"{_ENDPOINT}/*"): noun.get,
        ("GET", _DEPLOYMENT): noun.list,
        ("POST", _DEPLOYMENT): noun.invoke,
    }


class BatchJobs:
    """Starts and lists the jobs of batch endpoints."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._endpoints = services.batch_endpoints

    def invoke(self, call: ArmCall) -> ArmAnswer:
        """Start a job; the same request once more, as its header says, means the same job."""
        body = call.json_object()
        given = azure_form.translated(body) if azure_form.is_azure_form(body) else dict(body)
        references = workspace_references(self._services, call)
        for key in ("inputs", "outputs"):
            if given.get(key):
                given[key] = _own_data(given[key], references)
        wanted = invocations.read(given)
        request = call.headers.get(_REPEATED)
        if request and wanted.job_name is None:
            mark = hashlib.sha256(f"{call.scope_id.lower()}/{call.names[0]}/{request}".encode()).hexdigest()[:16]
            wanted = replace(wanted, job_name=f"batchjob-{mark}")
        named = self._deployment(call)
        if named is not None:
            wanted = replace(wanted, deployment_name=named)
        job = self._endpoints.invoke(call.workspace, call.names[0], wanted, call.by)
        return ArmAnswer(201, job_body(call, job))

    def list(self, call: ArmCall) -> ArmAnswer:
        """List the jobs of an endpoint, or of one of its deployments, the last first."""
        deployment = call.names[1] if len(call.names) > 1 else None
        size = call.query.number("$top", PAGE) or PAGE
        before = call.query.number("$skipToken") or call.query.number("$skip")
        found, following = self._endpoints.jobs(call.workspace, call.names[0], deployment, min(size, PAGE), before)
        body: dict[str, Any] = {"value": [job_body(call, job) for job in found]}
        if following is not None:
            body["nextLink"] = call.next_link(str(following))
        return ok(body)

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read one of an endpoint's jobs."""
        return ok(job_body(call, self._endpoints.job(call.workspace, *call.names)))

    def _deployment(self, call: ArmCall) -> str | None:
        """Give the deployment that a request names; None means the endpoint's default.

        The SDK keeps the header of an earlier invocation and sends it to other endpoints too. It makes sure itself
        that a deployment exists before it names one, so a name that this endpoint has not is such a leftover.
        """
        if len(call.names) > 1:
            return call.names[1]
        named = call.headers.get(_HEADER)
        if not named:
            return None
        try:
            return self._endpoints.deployment(call.workspace, call.names[0], named).name
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND or not is_sdk(call.headers):
                raise
            return None


def is_sdk(headers: Mapping[str, str]) -> bool:
    """Say whether a request comes from the SDK."""
    agent = headers.get("user-agent", "").lower()
    return "azure-ai-ml" in agent or "azsdk-python" in agent


def job_body(call: ArmCall, job: JobRecord) -> dict[str, Any]:
    """Write a job as invocations show it."""
    made = {
        "name": job.name,
        "displayName": job.display_name,
        "description": job.document.get("description"),
        "experimentName": job.experiment_name,
        "status": job.status.value,
        "provisioningState": "Succeeded",
        "tags": job.document.get("tags") or {},
        "properties": job.properties,
        "interactionEndpoints": {},
    }
    return call.resource(
        "workspaces/jobs",
        ("jobs", job.name),
        {key: value for key, value in made.items() if value is not None},
        systemData=system_data(job.created_by, job.created_at),
    )


def _own_data(given: Any, references: References) -> Any:
    """Give inputs or outputs with the addresses of this server's content, and ids, as documents name them."""
    if not isinstance(given, Mapping):
        return given
    return {
        name: {**one, "path": references.read_uri(one["path"])} if isinstance(one, Mapping) and "path" in one else one
        for name, one in given.items()
    }
