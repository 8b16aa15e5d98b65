"""Attached computes in the form of Azure's resource manager and back.

A machine reached by SSH is Azure's ``VirtualMachine``. Slurm and Ray clusters have no type of Azure's; they are
shown under their own word, and clients that do not know it show what all types have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.kinds.attached import SSH_PORT
from lapisml.documents.machines import address_of
from lapisml.ports.compute import Standing
from lapisml.server.surfaces.azure.casing import without_none

Body = dict[str, Any]

MACHINE = "virtualmachine"

TYPES = {MACHINE: "VirtualMachine", "slurm": "Slurm", "ray": "Ray"}
"""Our word for a type → the REST API's, or our own."""

UNREACHABLE = "ComputeUnreachable"
"""Code of the error that a compute has which can't be used now."""

_STATES = {"ready": "Succeeded", "unreachable": "Failed", "unknown": "Unknown"}


def read(inner: Body) -> Body:
    """Read the inner ``properties`` of a ``VirtualMachine``; absent keys stay absent."""
    login: Body = inner.get("administratorAccount") or {}
    settings = without_none(
        {
            "admin_username": login.get("username"),
            "admin_password": login.get("password"),
            "ssh_private_key": login.get("privateKeyData"),
            "ssh_port": inner.get("sshPort"),
        }
    )
    return {"address": inner.get("address"), "ssh_settings": settings or None}


def over(before: Mapping[str, Any], given: Body) -> Body:
    """Lay what a client sent over a document: it knows few of its keys, and none of its secrets.

    What it sends back as it was shown changes nothing, since of several machines only the first is shown.
    """
    shown = _first(before)
    settings = given.get("ssh_settings") or {}
    changed = {key: value for key, value in settings.items() if shown.get(key) != value}
    kept, new = dict(before), {key: value for key, value in given.items() if key != "ssh_settings"}
    if new.get("address") == shown["address"]:
        del new["address"]
    if "address" in new:
        kept.pop("hosts", None)
    whole = {**(before.get("ssh_settings") or {}), **changed}
    return {**kept, **new, **({"ssh_settings": whole} if whole else {})}


def properties(document: Mapping[str, Any], standing: Standing) -> Body:
    """Write ``properties`` of a body: no secret is among them.

    Args:
        standing: how the compute is.
    """
    kind = str(document["type"])
    failed = standing.state == "unreachable"
    return {
        "computeType": TYPES[kind],
        "computeLocation": document.get("location", "local"),
        "provisioningState": _STATES.get(standing.state, "Unknown"),
        "provisioningErrors": [{"error": {"code": UNREACHABLE, "message": standing.sentence}}] if failed else None,
        "description": document.get("description"),
        "resourceId": document.get("resource_id"),
        "isAttachedCompute": True,
        "disableLocalAuth": False,
        "properties": _machine(document) if kind == MACHINE else _cluster(standing),
    }


def _first(document: Mapping[str, Any]) -> Body:
    """Give address, port and user of the machine that is shown: the first."""
    settings: Mapping[str, Any] = document.get("ssh_settings") or {}
    hosts = document.get("hosts") or [document.get("address") or address_of(document)]
    host = hosts[0] if isinstance(hosts[0], Mapping) else {"address": hosts[0]}
    return {
        "address": host["address"],
        "ssh_port": host.get("port") or settings.get("ssh_port") or SSH_PORT,
        "admin_username": host.get("username") or settings.get("admin_username"),
    }


def _machine(document: Mapping[str, Any]) -> Body:
    shown = _first(document)
    secret = {"password": None, "publicKeyData": None, "privateKeyData": None}
    return {
        "virtualMachineSize": None,
        "sshPort": shown["ssh_port"],
        "notebookServerPort": None,
        "address": shown["address"],
        "administratorAccount": {"username": shown["admin_username"], **secret},
        "isNotebookInstanceCompute": False,
    }


def _cluster(standing: Standing) -> Body:
    return {"engine": dict(standing.engine), "nodeCount": len(standing.nodes)}
