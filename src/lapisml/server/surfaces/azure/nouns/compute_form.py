"""Computes in the form of Azure's resource manager and back; how attached ones are shown: `attached_form`.

``properties`` of a body holds what all types have, and ``properties`` within it what one type has. Our document is
flat. A password of a node's administrator is not kept: nobody logs in to a node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lapisml.server.surfaces.azure.casing import camel_key, snake_key, without_none
from lapisml.server.surfaces.azure.durations import read_seconds, write_seconds
from lapisml.server.surfaces.azure.nouns import attached_form, instance_form
from lapisml.server.surfaces.azure.nouns.identity_form import read_identity

Body = dict[str, Any]

TYPES = {"amlcompute": "AmlCompute", "computeinstance": "ComputeInstance"}
"""Our word for a type → the REST API's."""

_ACCESS = {True: "Enabled", False: "Disabled"}


def compute_document(name: str, body: Body) -> Body:
    """Read a body; absent keys stay absent."""
    outer: Body = body.get("properties") or {}
    inner: Body = outer.get("properties") or {}
    kind = str(outer.get("computeType", "")).lower()
    read = _READERS.get(kind, _read_nothing)
    return without_none(
        {
            "name": name,
            "type": kind,
            "description": outer.get("description"),
            "location": body.get("location") or outer.get("computeLocation"),
            "tags": body.get("tags"),
            "identity": read_identity(body.get("identity")),
            "resource_id": outer.get("resourceId"),
            "size": inner.get("vmSize"),
            "enable_node_public_ip": inner.get("enableNodePublicIp"),
            "network_settings": _network(inner),
            **read(inner),
        }
    )


def compute_properties(document: Body, state: str, busy: int, capacity: int) -> Body:
    """Write ``properties`` of a body.

    Args:
        document: our document.
        state: ``Running`` or ``Stopped``.
        busy: nodes that jobs hold.
        capacity: all nodes.
    """
    kind = str(document["type"])
    inner = {
        "vmSize": document.get("size") or "host",
        "subnet": _subnet(document),
        "enableNodePublicIp": document.get("enable_node_public_ip", True),
    }
    own = _cluster(document, busy, capacity) if kind == "amlcompute" else instance_form.write(document, state)
    return {
        "computeType": TYPES[kind],
        "computeLocation": document.get("location", "local"),
        "provisioningState": "Succeeded",
        "provisioningErrors": None,
        "description": document.get("description"),
        "resourceId": document.get("resource_id"),
        "isAttachedCompute": False,
        "disableLocalAuth": "ssh_settings" not in document,
        "properties": {**inner, **own},
    }


def _read_nothing(_inner: Body) -> Body:
    return {}


def _read_cluster(inner: Body) -> Body:
    scale: Body = inner.get("scaleSettings") or {}
    login: Body = inner.get("userAccountCredentials") or {}
    access = inner.get("remoteLoginPortPublicAccess")
    ssh = without_none(
        {
            "admin_username": login.get("adminUserName"),
            "ssh_key_value": login.get("adminUserSshPublicKey"),
        }
    )
    return {
        "tier": snake_key(inner["vmPriority"]) if inner.get("vmPriority") else None,
        "min_instances": scale.get("minNodeCount"),
        "max_instances": scale.get("maxNodeCount"),
        "idle_time_before_scale_down": read_seconds(
            scale.get("nodeIdleTimeBeforeScaleDown"), "nodeIdleTimeBeforeScaleDown"
        ),
        "ssh_settings": ssh or None,
        "ssh_public_access_enabled": access == "Enabled" if access in ("Enabled", "Disabled") else None,
    }


_READERS: dict[str, Callable[[Body], Body]] = {
    "amlcompute": _read_cluster,
    "computeinstance": instance_form.read,
    attached_form.MACHINE: attached_form.read,
}


def _cluster(document: Body, busy: int, capacity: int) -> Body:
    low = int(document.get("min_instances") or 0)
    ssh: Body = document.get("ssh_settings") or {}
    access = document.get("ssh_public_access_enabled")
    tier = camel_key(str(document.get("tier") or "dedicated"))
    present = max(low, busy)
    return {
        "osType": "Linux",
        "vmPriority": tier[:1].upper() + tier[1:],
        "scaleSettings": {
            "minNodeCount": low,
            "maxNodeCount": capacity,
            "nodeIdleTimeBeforeScaleDown": write_seconds(document.get("idle_time_before_scale_down")),
        },
        "userAccountCredentials": (
            {"adminUserName": ssh.get("admin_username"), "adminUserSshPublicKey": ssh.get("ssh_key_value")}
            if ssh
            else None
        ),
        "remoteLoginPortPublicAccess": "NotSpecified" if access is None else _ACCESS[access],
        "allocationState": "Steady",
        "currentNodeCount": present,
        "targetNodeCount": present,
        "nodeStateCounts": {
            "idleNodeCount": present - busy,
            "runningNodeCount": busy,
            "preparingNodeCount": 0,
            "unusableNodeCount": 0,
            "leavingNodeCount": 0,
            "preemptedNodeCount": 0,
        },
        "errors": None,
    }


def _network(inner: Body) -> Body | None:
    subnet = inner.get("subnet")
    return {"subnet": subnet["id"]} if isinstance(subnet, dict) and subnet.get("id") else None


def _subnet(document: Body) -> Body | None:
    subnet = (document.get("network_settings") or {}).get("subnet")
    return {"id": subnet} if subnet else None
