"""Schedules: which address does what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.schedules.records import ScheduleRecord
from lapisml.server.surfaces.azure.arm import (
    ArmAnswer,
    ArmCall,
    Routes,
    no_content,
    ok,
    paged,
    settled,
    system_data,
)
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.schedule_form import NOTE, document_of, kept_action, properties_of
from lapisml.server.surfaces.azure.nouns.tables import invalid

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices

KIND = "schedules"
_ALL = 100_000
_VIEWS = {"enabledonly": True, "disabledonly": False, "all": None}


def routes(services: AzureServices) -> Routes:
    """Give the addresses of schedules."""
    noun = Schedules(services)
    return {
        ("GET", KIND): noun.list,
        ("GET", f"{KIND}/*"): noun.get,
        ("PUT", f"{KIND}/*"): noun.put,
        ("DELETE", f"{KIND}/*"): noun.delete,
        ("POST", f"{KIND}/*/trigger"): noun.trigger,
    }


class Schedules:
    """Does what requests ask of schedules."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._schedules = services.schedules

    def list(self, call: ArmCall) -> ArmAnswer:
        """List them by name; those that are enabled unless `listViewType` says otherwise."""
        word = call.query.get("listViewType", "EnabledOnly")
        if word.lower() not in _VIEWS:
            expected = "EnabledOnly, DisabledOnly or All"
            raise invalid(Problem(f"`{word[:80]}` is not known here", "listViewType", expected=expected))
        found = self._schedules.find(call.workspace, _VIEWS[word.lower()], limit=_ALL)
        return paged(call, found, lambda record: self._body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read one."""
        return ok(self._body(call, self._schedules.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create one, or give it another document; `isEnabled` enables or disables it."""
        before = self._find(call)
        references = workspace_references(self._services, call)
        document, enabled = document_of(call.json_object(), references)
        name = call.names[0]
        kept = kept_action(document)
        if kept is not None:
            return self._keep(call, document, kept, enabled, is_new=before is None)
        record = before
        if before is None or document != _as_sent(before, references):
            record = self._schedules.create_or_update(call.workspace, name, document, call.by)
        if enabled is not None:
            record = self._schedules.set_enabled(call.workspace, name, enabled=enabled)
        assert record is not None
        return settled(call, self._body(call, record), before is None)

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one that is disabled; 204 when there is none."""
        if self._find(call) is None:
            return no_content()
        self._schedules.delete(call.workspace, call.names[0])
        return ArmAnswer(200)

    def trigger(self, call: ArmCall) -> ArmAnswer:
        """Make a job of a schedule now, whether it is enabled or not.

        The request's `scheduleTime` says when the client asked; the job's moment is the server's.
        """
        request = call.headers.get("x-ms-client-request-id")
        job = self._schedules.trigger(call.workspace, call.names[0], request)
        return ok({"submissionId": job, "scheduleActionType": "CreateJob"})

    def _keep(
        self, call: ArmCall, document: dict[str, Any], kept: str, enabled: bool | None, *, is_new: bool
    ) -> ArmAnswer:
        if enabled:
            raise not_supported(
                f"A schedule of type {kept} is kept and can't be enabled: it is not delivered by this version.",
                "Write a schedule with `create_job`, or leave it disabled.",
            )
        record = self._schedules.keep(call.workspace, call.names[0], document, call.by)
        return settled(call, self._body(call, record), is_new)

    def _body(self, call: ArmCall, record: ScheduleRecord) -> dict[str, Any]:
        return schedule_body(call, record, workspace_references(self._services, call))

    def _find(self, call: ArmCall) -> ScheduleRecord | None:
        try:
            return self._schedules.get(call.workspace, call.names[0])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None


def schedule_body(call: ArmCall, record: ScheduleRecord, references: References) -> dict[str, Any]:
    """Write a schedule."""
    properties = properties_of(record.document, record.job, references)
    kept = kept_action(record.document)
    if kept is not None:
        note = f"It is kept and does not run: {kept} is not delivered by this version."
        properties["properties"] = {**properties["properties"], NOTE: note}
    return call.resource(
        "workspaces/schedules",
        (KIND, record.name),
        properties | {"isEnabled": record.is_enabled, "provisioningState": "Succeeded"},
        systemData=system_data(record.created_by, record.created_at, record.updated_at),
    )


def _as_sent(record: ScheduleRecord, references: References) -> dict[str, Any]:
    """Give what a client that read a schedule sends back when it changes nothing but `isEnabled`."""
    body = {"properties": properties_of(record.document, record.job, references)}
    return document_of(body, references)[0]
