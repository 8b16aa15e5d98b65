"""The run history: a second view of jobs, that clients follow, change and download them by.

Source: the service's public description of its addresses, ``/history/v1.0/…``, as the SDK calls them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.surfaces.azure.arm import PAGE, ArmAnswer, ArmCall, Handler, ok
from lapisml.server.surfaces.azure.nouns.jobs.log_files import log_addresses
from lapisml.server.surfaces.azure.nouns.jobs.shown import Shown, details_body, run_body
from lapisml.server.surfaces.azure.nouns.jobs.words import mapping
from lapisml.server.surfaces.azure.services import AzureServices

_BASE = "ROOT:history/v1.0/WS"
_PLACES = ("runs/*", "experiments/*/runs/*", "experimentids/*/runs/*")
"""A run is found by its name alone, or within its experiment."""

_DEEPEST = 32
_MOST = 1000
_CHANGES = {"displayName": "display_name", "description": "description"}
_READ_APART = ("hidden", "tags", "properties", "runId", "name")


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the addresses of the run history."""
    runs = _Runs(services)
    found: dict[tuple[str, str], Handler] = {("POST", f"{_BASE}/rundata"): runs.data}
    of_run: dict[tuple[str, str], Callable[[ArmCall], ArmAnswer]] = {
        ("GET", ""): runs.get,
        ("PATCH", ""): runs.change,
        ("GET", "/details"): runs.details,
        ("GET", "/children"): runs.children,
        ("GET", "/serviceinstances/*"): runs.service_instances,
        ("POST", "/cancel"): runs.cancel,
    }
    for place in _PLACES:
        for (method, tail), handler in of_run.items():
            found[method, f"{_BASE}/{place}{tail}"] = handler
    return found


class _Runs:
    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._jobs = services.jobs

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read a run."""
        return ok(run_body(self._shown(call, self._job(call)), call.workspace.name))

    def details(self, call: ArmCall) -> ArmAnswer:
        """Read a run with where its logs are to be had."""
        job = self._job(call)
        return ok(details_body(self._shown(call, job), log_addresses(self._services, call, job)))

    def children(self, call: ArmCall) -> ArmAnswer:
        """List what a run started, the last first."""
        job = self._job(call)
        top = call.query.number("$top")
        limit = PAGE if top is None else max(1, min(top, _MOST))
        before = call.query.number("$skipToken")
        found = self._jobs.find(call.workspace, JobFilter(None, parent_name=job.name), limit, before)
        root = self._root(call, job)
        body: dict[str, Any] = {
            "value": [run_body(self._shown(call, child, root), call.workspace.name) for child in found]
        }
        if top is None and len(found) == limit:
            body["nextLink"] = call.next_link(str(found[-1].seq))
        return ok(body)

    def data(self, call: ArmCall) -> ArmAnswer:
        """Read a run by the name in the body."""
        name = call.json_object().get("runId")
        if not isinstance(name, str) or not name:
            raise LapisError(ErrorCode.USAGE, "The body must hold `runId`.")
        job = self._jobs.get(call.workspace, name)
        body = {"runMetadata": run_body(self._shown(call, job), call.workspace.name)}
        return ok({**body, "runDefinition": None, "jobSpecification": None})

    def change(self, call: ArmCall) -> ArmAnswer:
        """Change names, description and tags, add properties, hide or show again."""
        body = {key: value for key, value in call.json_object().items() if value is not None}
        others = sorted(body.keys() - {*_CHANGES, *_READ_APART})
        if others:
            sentence = f"{', '.join(others)} of a run can't be changed here."
            known = ", ".join(sorted({*_CHANGES, "hidden", "tags", "properties"}))
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, f"These can: {known}.")
        job, workspace = self._job(call), call.workspace
        properties = mapping(body.get("properties"), "properties")
        if properties:
            job = self._jobs.add_properties(workspace, job.name, {k: str(v) for k, v in properties.items()})
        changes = {ours: body[theirs] for theirs, ours in _CHANGES.items() if theirs in body}
        if "tags" in body:
            changes["tags"] = {**(job.document.get("tags") or {}), **mapping(body["tags"], "tags")}
        if changes:
            job = self._jobs.update(workspace, job.name, changes)
        if isinstance(body.get("hidden"), bool):
            job = self._jobs.set_archived(workspace, job.name, archived=body["hidden"])
        return ok(run_body(self._shown(call, job), workspace.name))

    def cancel(self, call: ArmCall) -> ArmAnswer:
        """Ask for the end of a run."""
        job = self._jobs.cancel(call.workspace, self._job(call).name)
        return ok(run_body(self._shown(call, job), call.workspace.name))

    def service_instances(self, call: ArmCall) -> ArmAnswer:
        """Tell what runs beside a run on a node: nothing does here."""
        self._jobs.get(call.workspace, call.names[-2])
        return ok({"instances": {}})

    def _job(self, call: ArmCall) -> JobRecord:
        return self._jobs.get(call.workspace, call.names[-1])

    def _shown(self, call: ArmCall, job: JobRecord, root: str | None = None) -> Shown:
        workspace = call.workspace
        outputs = tuple(self._services.job_outputs.all_of(workspace, job))
        standing = self._jobs.standing(workspace, job)
        agent = call.headers.get("user-agent", "")
        return Shown(job, standing, root or self._root(call, job), outputs, self._services.url, agent)

    def _root(self, call: ArmCall, job: JobRecord) -> str:
        for _ in range(_DEEPEST):
            if job.parent_name is None:
                break
            job = self._jobs.get(call.workspace, job.parent_name)
        return job.name
