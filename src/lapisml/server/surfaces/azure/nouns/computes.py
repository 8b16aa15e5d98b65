"""Computes: clusters and instances, their nodes, sizes and usage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lapisml.server.features.compute.service import ComputeRecord, capacity, sizes
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.arm import (
    LOCATION,
    ArmAnswer,
    ArmCall,
    Handler,
    Operation,
    OperationReader,
    Routes,
    long_running,
    ok,
    paged,
    settled,
    system_data,
)
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns.compute_form import compute_document, compute_properties
from lapisml.server.surfaces.azure.nouns.identity_form import write_identity
from lapisml.server.surfaces.azure.routing import PROVIDER
from lapisml.server.surfaces.azure.services import AzureServices

KIND = "compute"
_LOCATIONS = f"SUB:providers/{PROVIDER}/locations/*"
_STATES = {"start": "Running", "stop": "Stopped", "restart": "Running"}


class Computes:
    """The handlers."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._computes = services.computes

    def list(self, call: ArmCall) -> ArmAnswer:
        """Answer one page of a workspace's computes."""
        return paged(call, self._computes.all_of(call.workspace), lambda record: self._body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Answer one compute."""
        return ok(self._body(call, self._computes.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create or change one."""
        name = call.names[0]
        known = {record.name for record in self._computes.all_of(call.workspace)}
        document = compute_document(name, call.json_object())
        record = self._computes.create_or_update(call.workspace, document, call.by)
        return settled(call, self._body(call, record), record.name not in known)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what a cluster's size follows."""
        record = self._computes.get(call.workspace, call.names[0])
        body = call.json_object()
        asked: dict[str, Any] = body.get("properties") or {}
        whole = {**body, "properties": {**asked, "computeType": record.document["type"]}}
        changes = compute_document(record.name, whole)
        for key in ("name", "type"):
            changes.pop(key)
        return ok(self._body(call, self._computes.update(call.workspace, record.name, changes)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one; to detach it is the same here."""
        self._computes.delete(call.workspace, call.names[0])
        return ArmAnswer(200)

    def turn(self, verb: str) -> Handler:
        """Make the handler that starts, stops or restarts one."""

        def handle(call: ArmCall) -> ArmAnswer:
            self._computes.set_state(call.workspace, call.names[0], _STATES[verb])
            return long_running(call, KIND, (call.workspace.name, call.names[0]), None, 202)

        return handle

    def nodes(self, call: ArmCall) -> ArmAnswer:
        """Answer the nodes of a cluster, and which job runs on each."""
        found = self._computes.nodes(call.workspace, call.names[0])
        return ok({"nodes": [_node(each) for each in found], "nextLink": None})

    def keys(self, call: ArmCall) -> ArmAnswer:
        """Refuse: nothing here is reached with a compute's keys."""
        name = self._computes.get(call.workspace, call.names[0]).name
        raise not_supported(f"Compute '{name}' has no keys: its nodes are processes of this machine.")

    def single_sign_on(self, call: ArmCall) -> ArmAnswer:
        """Keep whether an instance has single sign-on."""
        record = self._computes.get(call.workspace, call.names[0])
        wanted = bool(call.json_object().get("enableSSO", True))
        self._computes.create_or_update(call.workspace, {**record.document, "enable_sso": wanted}, call.by)
        return ArmAnswer(200)

    def usages(self, call: ArmCall) -> ArmAnswer:
        """Answer how many nodes of each compute are in use, in every workspace."""
        everywhere = [
            (workspace, record)
            for workspace in self._services.workspaces.list()
            for record in self._computes.all_of(workspace)
        ]
        return paged(call, everywhere, lambda each: self._usage(call, *each))

    def _usage(self, call: ArmCall, workspace: Workspace, record: ComputeRecord) -> dict[str, Any]:
        scope = f"/subscriptions/{call.subscription}/resourceGroups/{call.group}/providers/{PROVIDER}"
        return {
            "id": f"{scope}/workspaces/{workspace.name}/computes/{record.name}",
            "type": f"{PROVIDER}/workspaces/computes/usages",
            "amlWorkspaceLocation": LOCATION,
            "unit": "Count",
            "currentValue": self._busy(workspace, record),
            "limit": capacity(record),
            "name": {"value": f"{workspace.name}/{record.name}", "localizedValue": f"{workspace.name}/{record.name}"},
        }

    def _busy(self, workspace: Workspace, record: ComputeRecord) -> int:
        return len({index for holder in self._computes.occupancy(workspace, record.name) for index in holder.nodes})

    def _body(self, call: ArmCall, record: ComputeRecord) -> dict[str, Any]:
        document = record.document
        properties = compute_properties(document, record.state, self._busy(call.workspace, record), capacity(record))
        data = system_data(record.created_by, record.created_at, record.updated_at)
        properties |= {"createdOn": data["createdAt"], "modifiedOn": data["lastModifiedAt"]}
        return call.resource(
            "workspaces/computes",
            ("computes", record.name),
            properties,
            location=document.get("location", LOCATION),
            tags=document.get("tags") or {},
            identity=write_identity(document.get("identity")),
            systemData=data,
        )


def _node(node: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "nodeId": node["node_id"],
        "privateIpAddress": "127.0.0.1",
        "publicIpAddress": None,
        "port": None,
        "nodeState": node["node_state"],
        "runId": node["current_job_name"],
    }


def _size(size: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": size["name"],
        "family": size["name"],
        "vCPUs": size["v_cp_us"],
        "gpus": size["gpus"],
        "memoryGB": size["memory_gb"],
        "osVhdSizeMB": 0,
        "maxResourceVolumeMB": 0,
        "lowPriorityCapable": False,
        "premiumIO": False,
        "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
    }


def _list_sizes(_call: ArmCall) -> ArmAnswer:
    return ok({"value": [_size(size) for size in sizes()]})


def _quotas(call: ArmCall) -> ArmAnswer:
    name = {"value": "Cores of this machine", "localizedValue": "Cores of this machine"}
    quota = {"id": call.path, "type": f"{PROVIDER}/quotas", "limit": os.cpu_count() or 1, "unit": "Count", "name": name}
    return ok({"value": [quota]})


def routes(services: AzureServices) -> Routes:
    """Make the routes."""
    computes = Computes(services)
    turns = {("POST", f"computes/*/{verb}"): computes.turn(verb) for verb in _STATES}
    return {
        ("GET", "computes"): computes.list,
        ("GET", "computes/*"): computes.get,
        ("PUT", "computes/*"): computes.put,
        ("PATCH", "computes/*"): computes.patch,
        ("DELETE", "computes/*"): computes.delete,
        ("POST", "computes/*/listNodes"): computes.nodes,
        ("POST", "computes/*/listKeys"): computes.keys,
        ("POST", "computes/*/enableSso"): computes.single_sign_on,
        **turns,
        ("GET", f"{_LOCATIONS}/usages"): computes.usages,
        ("GET", f"{_LOCATIONS}/vmSizes"): _list_sizes,
        ("GET", f"{_LOCATIONS}/quotas"): _quotas,
    }


def operations(services: AzureServices) -> dict[str, OperationReader]:
    """Make what tells how far a start or a stop is: it is over at once, as long as the compute exists."""

    def read(_call: ArmCall, words: tuple[str, ...]) -> Operation:
        workspace, name = words
        services.computes.get(services.workspaces.get(workspace), name)
        return Operation("Succeeded")

    return {KIND: read}
