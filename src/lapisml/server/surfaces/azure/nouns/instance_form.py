"""What compute instances alone have, in the REST API's form and back: schedules, scripts, applications."""

from __future__ import annotations

import re
from typing import Any

from lapisml.server.surfaces.azure.casing import without_none

Body = dict[str, Any]

_MINUTES = re.compile(r"PT(\d+)M\Z")

_FLAGS = {
    "enable_sso": "enableSSO",
    "enable_root_access": "enableRootAccess",
    "enable_os_patching": "enableOSPatching",
    "release_quota_on_stop": "releaseQuotaOnStop",
}


def read(inner: Body) -> Body:
    """Read the inner ``properties`` of a body."""
    ssh: Body = inner.get("sshSettings") or {}
    login = without_none(
        {
            "admin_username": ssh.get("adminUserName"),
            "ssh_key_value": ssh.get("adminPublicKey"),
            "ssh_port": ssh.get("sshPort"),
        }
    )
    user = (inner.get("personalComputeInstanceSettings") or {}).get("assignedUser")
    flags = {own: inner.get(theirs, inner.get(theirs.replace("SSO", "Sso"))) for own, theirs in _FLAGS.items()}
    return {
        **flags,
        "ssh_settings": login or None,
        "ssh_public_access_enabled": ssh["sshPublicAccess"] == "Enabled" if ssh.get("sshPublicAccess") else None,
        "create_on_behalf_of": (
            without_none({"user_object_id": user.get("objectId"), "user_tenant_id": user.get("tenantId")})
            if user
            else None
        ),
        "schedules": _read_schedules(inner.get("schedules")),
        "setup_scripts": _read_scripts((inner.get("setupScripts") or {}).get("scripts")),
        "custom_applications": [_read_application(each) for each in inner.get("customServices") or []] or None,
        **_read_idle(inner.get("idleTimeBeforeShutdown")),
    }


def write(document: Body, state: str) -> Body:
    """Write the inner ``properties``.

    Args:
        state: ``Running`` or ``Stopped``.
    """
    ssh: Body = document.get("ssh_settings") or {}
    user = document.get("create_on_behalf_of")
    minutes = document.get("idle_time_before_shutdown_minutes")
    return {
        **{theirs: document.get(own) for own, theirs in _FLAGS.items()},
        "state": state,
        "sshSettings": {
            "sshPublicAccess": "Enabled" if document.get("ssh_public_access_enabled") else "Disabled",
            "adminUserName": ssh.get("admin_username") or "azureuser",
            "sshPort": ssh.get("ssh_port"),
            "adminPublicKey": ssh.get("ssh_key_value"),
        },
        "personalComputeInstanceSettings": (
            {"assignedUser": {"objectId": user.get("user_object_id"), "tenantId": user.get("user_tenant_id")}}
            if user
            else None
        ),
        "idleTimeBeforeShutdown": f"PT{minutes}M" if minutes else document.get("idle_time_before_shutdown"),
        "schedules": _schedules(document.get("schedules")),
        "setupScripts": _scripts(document.get("setup_scripts")),
        "customServices": [_application(each) for each in document.get("custom_applications") or []] or None,
        "applicationSharingPolicy": "Shared",
        "computeInstanceAuthorizationType": "personal",
        "applications": [],
        "errors": [],
    }


def _read_idle(text: Any) -> Body:
    match = _MINUTES.match(text) if isinstance(text, str) else None
    if match:
        return {"idle_time_before_shutdown_minutes": int(match[1])}
    return {"idle_time_before_shutdown": text}


def _read_schedules(body: Any) -> Body | None:
    given = (body or {}).get("computeStartStop") or []
    return {"compute_start_stop": [_read_schedule(each) for each in given]} if given else None


def _read_schedule(body: Body) -> Body:
    kind = str(body.get("triggerType", "")).lower()
    given: Body = body.get(kind) or {}
    pattern: Body = given.get("schedule") or {}
    trigger = without_none(
        {
            "type": kind,
            "expression": given.get("expression"),
            "frequency": str(given["frequency"]).lower() if given.get("frequency") else None,
            "interval": given.get("interval"),
            "start_time": given.get("startTime"),
            "time_zone": given.get("timeZone"),
        }
    )
    if pattern:
        days = [str(day).lower() for day in pattern.get("weekDays") or []]
        hours, minutes = pattern.get("hours"), pattern.get("minutes")
        trigger["schedule"] = without_none({"hours": hours, "minutes": minutes, "week_days": days or None})
    found = {"trigger": trigger, "action": str(body.get("action", "")).lower()}
    return {**found, "state": str(body["status"]).lower()} if body.get("status") else found


def _schedules(document: Any) -> Body | None:
    given = (document or {}).get("compute_start_stop") or []
    return {"computeStartStop": [_schedule(str(n), each) for n, each in enumerate(given)]} if given else None


def _schedule(number: str, document: Body) -> Body:
    trigger: Body = document["trigger"]
    kind = str(trigger["type"])
    times = {"startTime": trigger.get("start_time"), "timeZone": trigger.get("time_zone") or "UTC"}
    if kind == "cron":
        body: Body = {"expression": trigger.get("expression"), **times}
    else:
        body = {"frequency": str(trigger["frequency"]).capitalize(), "interval": trigger.get("interval", 1), **times}
        pattern = trigger.get("schedule")
        if pattern:
            days = [str(day).capitalize() for day in pattern.get("week_days") or []]
            body["schedule"] = {
                "hours": pattern.get("hours") or [],
                "minutes": pattern.get("minutes") or [],
                "weekDays": days or None,
            }
    return {
        "id": number,
        "provisioningStatus": "Completed",
        "status": str(document.get("state") or "enabled").capitalize(),
        "action": str(document["action"]).capitalize(),
        "triggerType": kind.capitalize(),
        kind: body,
    }


def _read_scripts(body: Any) -> Body | None:
    names = {"creationScript": "creation_script", "startupScript": "startup_script"}
    found = {own: _read_script(body[theirs]) for theirs, own in names.items() if body and body.get(theirs)}
    return found or None


def _read_script(body: Body) -> Body:
    minutes = re.match(r"(\d+)m?\Z", str(body.get("timeout") or ""))
    facts = {
        "path": body.get("scriptData"),
        "command": body.get("scriptArguments"),
        "timeout_minutes": int(minutes[1]) if minutes else None,
    }
    return without_none(facts)


def _scripts(document: Any) -> Body | None:
    names = {"creation_script": "creationScript", "startup_script": "startupScript"}
    found = {theirs: _script(document[own]) for own, theirs in names.items() if document and document.get(own)}
    return {"scripts": found} if found else None


def _script(document: Body) -> Body:
    minutes = document.get("timeout_minutes")
    return {
        "scriptSource": "workspaceStorage",
        "scriptData": document.get("path"),
        "scriptArguments": document.get("command"),
        "timeout": f"{minutes}m" if minutes else None,
    }


def _read_application(body: Body) -> Body:
    variables = {name: each.get("value") for name, each in (body.get("environmentVariables") or {}).items()}
    facts = {
        "name": body.get("name"),
        "type": "docker",
        "image": {"reference": (body.get("image") or {}).get("reference")},
        "endpoints": [
            {"target": each.get("target"), "published": each.get("published")} for each in body.get("endpoints") or []
        ],
        "environment_variables": variables or None,
        "bind_mounts": [
            {"source": each.get("source"), "target": each.get("target")} for each in body.get("volumes") or []
        ]
        or None,
    }
    return without_none(facts)


def _application(document: Body) -> Body:
    return {
        "name": document["name"],
        "image": {"type": "docker", "reference": (document.get("image") or {}).get("reference")},
        "environmentVariables": {
            name: {"type": "local", "value": value}
            for name, value in (document.get("environment_variables") or {}).items()
        },
        "docker": {"privileged": True},
        "endpoints": [
            {"protocol": "http", "name": "connect", "target": each["target"], "published": each["published"]}
            for each in document.get("endpoints") or []
        ],
        "volumes": [
            {"type": "bind", "readOnly": False, "source": each["source"], "target": each["target"]}
            for each in document.get("bind_mounts") or []
        ],
    }
