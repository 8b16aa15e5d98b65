"""Jobs as resources of ARM: the addresses below ``…/workspaces/<w>/jobs``."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.jobs.intake import digest_of
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.surfaces.azure.arm import PAGE, ArmAnswer, ArmCall, Handler, created, no_content, ok
from lapisml.server.surfaces.azure.nouns.jobs.documents import read_job, type_named, write_job
from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.shown import job_resource
from lapisml.server.surfaces.azure.nouns.jobs.words import filled, mapping
from lapisml.server.surfaces.azure.services import AzureServices

_VIEWS = {"activeonly": False, "archivedonly": True, "all": None}
_CHANGEABLE = ("display_name", "description", "tags", "experiment_name")
_ASIDE = (*_CHANGEABLE, "properties", "services", "name", "parent_job_name")
"""Keys that do not say what runs."""

_MOST = 1000
_UNKNOWN_QUERIES = ("scheduled", "scheduleId", "assetName", "properties")


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the addresses of jobs."""
    jobs = _Jobs(services)
    return {
        ("GET", "jobs"): jobs.list,
        ("GET", "jobs/*"): jobs.get,
        ("PUT", "jobs/*"): jobs.put,
        ("PATCH", "jobs/*"): jobs.patch,
        ("DELETE", "jobs/*"): jobs.delete,
        ("POST", "jobs/*/cancel"): jobs.cancel,
    }


class _Jobs:
    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._jobs = services.jobs

    def list(self, call: ArmCall) -> ArmAnswer:
        """List jobs that nobody but a person or a schedule started, the last first."""
        wanted = JobFilter(_view(call), tag=_tag(call), types=_types(call))
        top = call.query.number("$top")
        limit = PAGE if top is None else max(1, min(top, _MOST))
        before = call.query.number("$skipToken") or call.query.number("$skip")
        found = self._jobs.find(call.workspace, wanted, limit, before or None)
        references = workspace_references(self._services, call)
        standings = self._jobs.standings(call.workspace, found)
        url = self._services.url
        values = [
            job_resource(call, job, standing, references, url) for job, standing in zip(found, standings, strict=True)
        ]
        body: dict[str, Any] = {"value": values}
        if top is None and len(found) == limit:
            body["nextLink"] = call.next_link(str(found[-1].seq))
        return ok(body)

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read a job."""
        return ok(self._body(call, self._jobs.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Submit a job; of one that is there, change what may change."""
        references = workspace_references(self._services, call)
        properties = call.properties()
        document = read_job(properties, references)
        name = call.names[0]
        present = self._present(call, name)
        if present is None:
            job = self._jobs.submit(call.workspace, name, document, None, call.by)
        else:
            job = self._changed(call, present, document, references)
        hidden = properties.get("isArchived")
        if isinstance(hidden, bool) and hidden != job.archived:
            job = self._jobs.set_archived(call.workspace, name, archived=hidden)
        return created(self._body(call, job, references), is_new=present is None)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what may change of a job: names, description, tags, whether it is archived."""
        properties = call.properties()
        known = {"displayName", "description", "tags", "properties", "experimentName", "isArchived"}
        others = sorted(key for key, value in properties.items() if key not in known and value is not None)
        if others:
            sentence = f"{', '.join(others)} of a job can't change: it is submitted."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, f"These can: {', '.join(sorted(known))}.")
        name, workspace = call.names[0], call.workspace
        job = self._jobs.get(workspace, name)
        changes = {
            "display_name": properties.get("displayName"),
            "description": properties.get("description"),
            "tags": properties.get("tags"),
            "experiment_name": properties.get("experimentName"),
        }
        job = self._updated(call, job, changes, mapping(properties.get("properties"), "properties.properties"))
        if isinstance(properties.get("isArchived"), bool):
            job = self._jobs.set_archived(workspace, name, archived=properties["isArchived"])
        return ok(self._body(call, job))

    def cancel(self, call: ArmCall) -> ArmAnswer:
        """Ask for the end of a job."""
        self._jobs.cancel(call.workspace, call.names[0])
        return ArmAnswer(200)

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Remove a job that is over, with all that it started; one that is not there counts as removed."""
        if self._present(call, call.names[0]) is None:
            return no_content()
        self._jobs.delete(call.workspace, call.names[0])
        return ArmAnswer(200)

    def _present(self, call: ArmCall, name: str) -> JobRecord | None:
        try:
            return self._jobs.get(call.workspace, name)
        except LapisError as error:
            if error.code is ErrorCode.NOT_FOUND:
                return None
            raise

    def _changed(
        self, call: ArmCall, present: JobRecord, document: dict[str, Any], references: References
    ) -> JobRecord:
        """Take a body for a job that is there: the same again, or what was read with other words around it.

        Raises:
            LapisError: Conflict when it asks for something else to run.
        """
        if digest_of(document) == present.submitted_digest:
            return present
        if _work(document) != _work(read_job(write_job(present.document, references), references)):
            return self._jobs.submit(call.workspace, present.name, document, None, call.by)  # says that it is taken
        changes = {key: document.get(key) for key in _CHANGEABLE}
        return self._updated(call, present, changes, document.get("properties") or {})

    def _updated(self, call: ArmCall, job: JobRecord, changes: dict[str, Any], properties: dict[str, Any]) -> JobRecord:
        given = {key: value for key, value in changes.items() if value is not None}
        if properties:
            job = self._jobs.add_properties(call.workspace, job.name, {k: str(v) for k, v in properties.items()})
        return self._jobs.update(call.workspace, job.name, given) if given else job

    def _body(self, call: ArmCall, job: JobRecord, references: References | None = None) -> dict[str, Any]:
        found = references or workspace_references(self._services, call)
        standing = self._jobs.standing(call.workspace, job)
        return job_resource(call, job, standing, found, self._services.url)


def _work(document: dict[str, Any]) -> dict[str, Any]:
    return filled({key: value for key, value in document.items() if key not in _ASIDE})


def _view(call: ArmCall) -> bool | None:
    word = call.query.get("listViewType", "ActiveOnly").lower()
    if word not in _VIEWS:
        raise LapisError(ErrorCode.USAGE, f"listViewType={word} is none of ActiveOnly, ArchivedOnly, All.")
    return _VIEWS[word]


def _types(call: ArmCall) -> tuple[str, ...] | None:
    word = call.query.get("jobType")
    for key in _UNKNOWN_QUERIES:
        if call.query.get(key):
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"Jobs are not listed by {key} here.", "List them by tag.")
    if not word:
        return None
    return ("pipeline", "parallel") if type_named(word) == "pipeline" else (type_named(word),)


def _tag(call: ArmCall) -> tuple[str, str | None] | None:
    text = call.query.get("tag")
    if not text:
        return None
    key, equals, value = text.partition("=")
    return key, value if equals else None
