"""Schedules: ARM's body ⇄ our document. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/schedules/create-or-update (`Schedule`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.surfaces.azure.nouns.jobs.documents import read_job, write_job
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import invalid, mapping, read, texts, write

_PARTS = {
    "displayName": "display_name",
    "description": "description",
    "tags": "tags",
    "properties": "properties",
    "trigger": "trigger",
    "action": "action",
    "isEnabled": "is_enabled",
}
_ASIDE = ("id", "name", "type", "systemData")
_TRIGGER = {
    "triggerType": "type",
    "startTime": "start_time",
    "endTime": "end_time",
    "timeZone": "time_zone",
    "expression": "expression",
    "frequency": "frequency",
    "interval": "interval",
    "schedule": "schedule",
}
_PATTERN = {"hours": "hours", "minutes": "minutes", "weekDays": "week_days", "monthDays": "month_days"}
_JOB = "create_job"
_KEPT = {"createmonitor": ("CreateMonitor", "create_monitor"), "importdata": ("ImportData", "import_data")}
"""Actions that are kept and shown, and do not run here."""
_SOURCE = "sourceJobId"
_WORK = ("jobs", "component", "command", "code", "trial", "entry", "task")
"""Keys of which a job in place has at least one."""
NOTE = "lapis.note"
"""Property of a schedule that says why it does not run."""


def document_of(body: Any, references: References) -> tuple[dict[str, Any], bool | None]:
    """Make the document that a body means, without the name; and whether the schedule is to be enabled.

    Raises:
        LapisError: DocumentInvalid, NotSupported; NotFound for what a job refers to.
    """
    top = read(mapping(body, ""), {"properties": "properties"}, "", _ASIDE)
    given = read(mapping(top.get("properties"), "properties"), _PARTS, "properties", ("provisioningState",))
    made = {key: given[key] for key in ("display_name", "description") if given.get(key)}
    for key in ("tags", "properties"):
        if key in given:
            made[key] = _without_own(texts(given[key], f"properties.{key}"))
    made["trigger"] = _read_trigger(given.get("trigger"))
    enabled = given.get("is_enabled")
    if not isinstance(enabled, bool | None):
        raise invalid(Problem("it is no truth value", "properties.isEnabled", expected="true or false"))
    return {**made, **_read_action(given.get("action"), references)}, enabled


def properties_of(document: Mapping[str, Any], job: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the part of a body's `properties` that the document says.

    Args:
        job: the document that its jobs are made from.
    """
    made = {
        "displayName": document.get("display_name"),
        "description": document.get("description"),
        "tags": document.get("tags") or {},
        "properties": document.get("properties") or {},
        "trigger": _write_trigger(document["trigger"]),
        "action": _write_action(document, job, references),
    }
    return {key: value for key, value in made.items() if value is not None}


def kept_action(document: Mapping[str, Any]) -> str | None:
    """Give the type of an action that is kept and does not run here; None for a schedule of jobs."""
    return next((word for word, key in _KEPT.values() if document.get(key) is not None), None)


def _read_trigger(value: Any) -> dict[str, Any]:
    path = "properties.trigger"
    found = read(mapping(value, path), _TRIGGER, path)
    if "schedule" in found:
        pattern = read(mapping(found["schedule"], f"{path}.schedule"), _PATTERN, f"{path}.schedule")
        found["schedule"] = {key: inner for key, inner in pattern.items() if inner != []}
        if not found["schedule"]:
            del found["schedule"]
    return found


def _write_trigger(document: Mapping[str, Any]) -> dict[str, Any]:
    made = write(document, _TRIGGER) | {"triggerType": str(document["type"]).capitalize()}
    made.setdefault("timeZone", "UTC")
    if "frequency" in made:
        made["frequency"] = str(made["frequency"]).capitalize()
        pattern = write(made.get("schedule"), _PATTERN)
        days = pattern.get("weekDays")
        if days:
            pattern["weekDays"] = [str(day).capitalize() for day in days]
        made["schedule"] = {"hours": [], "minutes": [], **pattern}
    return made


def _read_action(value: Any, references: References) -> dict[str, Any]:
    path = "properties.action"
    given = mapping(value, path)
    kind = str(given.get("actionType") or "").lower()
    if kind == "createjob":
        return {_JOB: _read_job(mapping(given.get("jobDefinition"), f"{path}.jobDefinition"), references)}
    if kind in _KEPT:
        return {_KEPT[kind][1]: {key: inner for key, inner in given.items() if key != "actionType"}}
    if kind == "invokebatchendpoint":
        sentence = "A schedule does not invoke a batch endpoint here."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Let it make the job itself: actionType CreateJob.")
    word = str(given.get("actionType"))[:80]
    raise invalid(Problem(f"`{word}` is not known here", f"{path}.actionType", expected="CreateJob"))


def _read_job(definition: dict[str, Any], references: References) -> Any:
    """Read the job: in place; or the name of one that exists, perhaps with what is to be different."""
    source = definition.pop(_SOURCE, None)
    job = read_job(definition, references)
    if not source or any(key in job for key in _WORK):
        return job
    name = f"azureml:{str(source).removeprefix('azureml:').rstrip('/').rsplit('/', 1)[-1]}"
    changes = {key: value for key, value in job.items() if key != "type" and value not in ({}, [], "")}
    return {"job": name, **changes} if changes else name


def _write_action(document: Mapping[str, Any], job: Mapping[str, Any], references: References) -> dict[str, Any]:
    word = kept_action(document)
    if word is not None:
        return {"actionType": word, **document[_KEPT[word.lower()][1]]}
    return {"actionType": "CreateJob", "jobDefinition": write_job(job, references)}


def _without_own(given: dict[str, str | None]) -> dict[str, str | None]:
    return {key: value for key, value in given.items() if key != NOTE}
