"""Computes: clusters, instances and attached machines, their nodes, sizes and usage."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode
from lapisml.ports.compute import Standing
from lapisml.server.features.compute.service import ComputeRecord, ComputeService, capacity, is_attached, sizes
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
from lapisml.server.surfaces.azure.errors import ArmError, not_supported
from lapisml.server.surfaces.azure.nouns import attached_form
from lapisml.server.surfaces.azure.nouns.attached_form import UNREACHABLE
from lapisml.server.surfaces.azure.nouns.compute_form import compute_document, compute_properties
from lapisml.server.surfaces.azure.nouns.identity_form import write_identity
from lapisml.server.surfaces.azure.routing import PROVIDER
from lapisml.server.surfaces.azure.services import AzureServices

KIND, ATTACH = "compute", "attach"
_LOCATIONS = f"SUB:providers/{PROVIDER}/locations/*"
_ANSWERS_WITHIN_S = 2.0
_STATES = {"start": "Running", "stop": "Stopped", "restart": "Running"}


def known_standing(computes: ComputeService, workspace: Workspace, record: ComputeRecord) -> Standing:
    """Say how an attached compute is: what it said last, or, when it has said nothing yet, what it answers in time."""
    found = computes.standing(workspace, record)
    return found if found.state != "unknown" else computes.standing(workspace, record, wait_s=_ANSWERS_WITHIN_S)


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
        known = {record.name: record for record in self._computes.all_of(call.workspace)}
        document = compute_document(name, call.json_object())
        before = known.get(name.lower())
        if document["type"] in attached_form.TYPES:
            document = _attachable(document, before)
        record = self._computes.create_or_update(call.workspace, document, call.by)
        body = self._body(call, record)
        if is_attached(record.document):
            return long_running(call, ATTACH, (call.workspace.name, record.name), body, 200 if before else 201)
        return settled(call, body, before is None)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change what a cluster's size follows."""
        record = self._computes.get(call.workspace, call.names[0])
        body = call.json_object()
        asked: dict[str, Any] = body.get("properties") or {}
        whole = {**body, "properties": {**asked, "computeType": record.document["type"]}}
        changes = compute_document(record.name, whole)
        if is_attached(record.document):
            changes = attached_form.over(record.document, changes)
        for key in ("name", "type"):
            changes.pop(key)
        return ok(self._body(call, self._computes.update(call.workspace, record.name, changes)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Delete one; to detach it is the same here, and a machine that was attached stays as it is."""
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
        is_here = not is_attached(self._computes.get(call.workspace, call.names[0]).document)
        found = self._computes.nodes(call.workspace, call.names[0])
        return ok({"nodes": [_node(each, is_here) for each in found], "nextLink": None})

    def keys(self, call: ArmCall) -> ArmAnswer:
        """Refuse: nothing here is reached with a compute's keys."""
        record = self._computes.get(call.workspace, call.names[0])
        if is_attached(record.document):
            raise not_supported(f"The keys of compute '{record.name}' are kept encrypted and never shown.")
        raise not_supported(f"Compute '{record.name}' has no keys: its nodes are processes of this machine.")

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
            "limit": self._limit(workspace, record),
            "name": {"value": f"{workspace.name}/{record.name}", "localizedValue": f"{workspace.name}/{record.name}"},
        }

    def _busy(self, workspace: Workspace, record: ComputeRecord) -> int:
        return len({index for holder in self._computes.occupancy(workspace, record.name) for index in holder.nodes})

    def _limit(self, workspace: Workspace, record: ComputeRecord) -> int:
        pool = self._computes.pool(workspace, record.name)
        return capacity(record) if pool is None else pool.shown

    def _body(self, call: ArmCall, record: ComputeRecord) -> dict[str, Any]:
        document, workspace = record.document, call.workspace
        if is_attached(document):
            properties = attached_form.properties(document, known_standing(self._computes, workspace, record))
        else:
            properties = compute_properties(document, record.state, self._busy(workspace, record), capacity(record))
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


def _attachable(document: dict[str, Any], before: ComputeRecord | None) -> dict[str, Any]:
    """Give the document of an attached compute, with what Azure's form has no place for from the one before.

    Raises:
        LapisError: NotSupported for types that Azure's form can't hold.
    """
    kind = str(document["type"])
    if kind != attached_form.MACHINE:
        hint = "Write its document, and attach it: lapis compute attach -f cluster.yml"
        raise not_supported(f"A compute of type {kind} can't be attached by a client of Azure's. {hint}")
    document.pop("location", None)
    is_same = before is not None and before.document["type"] == kind
    return attached_form.over(before.document, document) if before is not None and is_same else document


def _node(node: Mapping[str, Any], is_here: bool) -> dict[str, Any]:
    return {
        "nodeId": node["node_id"],
        "privateIpAddress": "127.0.0.1" if is_here else None,
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
    """Make what tells how far a start or a stop is, and how far an attachment.

    The first is over at once, as long as the compute exists; the second when its machines have answered, and it failed
    when none of them can be reached: as on Azure, the compute stays, and its record says what is wrong with it.
    """

    def read(_call: ArmCall, words: tuple[str, ...]) -> Operation:
        workspace, name = words
        services.computes.get(services.workspaces.get(workspace), name)
        return Operation("Succeeded")

    def attached(_call: ArmCall, words: tuple[str, ...]) -> Operation:
        workspace = services.workspaces.get(words[0])
        standing = services.computes.standing(workspace, services.computes.get(workspace, words[1]))
        if standing.state == "unknown":
            return Operation("InProgress")
        if standing.state == "unreachable":
            return Operation("Failed", ArmError(ErrorCode.SERVER_UNREACHABLE, UNREACHABLE, standing.sentence))
        return Operation("Succeeded")

    return {KIND: read, ATTACH: attached}
