"""Online endpoints: which address does what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.endpoints.records import EndpointRecord, Provisioning
from lapisml.server.surfaces.azure.arm import (
    LOCATION,
    ArmAnswer,
    ArmCall,
    Operation,
    OperationReader,
    Routes,
    created,
    long_running,
    ok,
    paged,
    system_data,
)
from lapisml.server.surfaces.azure.nouns.endpoint_parts import read_identity
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.online_endpoint_form import document_of, properties_of, top_of
from lapisml.server.surfaces.azure.nouns.tables import invalid, mapping, texts

if TYPE_CHECKING:
    from lapisml.server.features.endpoints.service import EndpointService
    from lapisml.server.features.workspaces.service import WorkspaceService
    from lapisml.server.surfaces.azure.services import AzureServices

KIND = "onlineEndpoints"
PUT, DELETE = "online-endpoint-put", "online-endpoint-delete"
_PENDING = (Provisioning.CREATING, Provisioning.UPDATING)


def routes(services: AzureServices) -> Routes:
    """Give the addresses of online endpoints."""
    noun = OnlineEndpoints(services.endpoints, services.workspaces)
    return {
        ("GET", KIND): noun.list,
        ("GET", f"{KIND}/*"): noun.get,
        ("PUT", f"{KIND}/*"): noun.put,
        ("PATCH", f"{KIND}/*"): noun.patch,
        ("DELETE", f"{KIND}/*"): noun.delete,
        ("POST", f"{KIND}/*/listKeys"): noun.keys,
        ("POST", f"{KIND}/*/token"): noun.token,
        ("POST", f"{KIND}/*/regenerateKeys"): noun.regenerate,
    }


def operations(services: AzureServices) -> dict[str, OperationReader]:
    """Give what says how far creations and deletions are."""
    noun = OnlineEndpoints(services.endpoints, services.workspaces)
    return {PUT: noun.putting, DELETE: noun.deleting}


class OnlineEndpoints:
    """Does what requests ask of online endpoints."""

    def __init__(self, endpoints: EndpointService, workspaces: WorkspaceService) -> None:
        self._endpoints = endpoints
        self._workspaces = workspaces

    def list(self, call: ArmCall) -> ArmAnswer:
        """List them by name; `name`, `computeType`, `tags` and `properties` narrow the list."""
        found = self._endpoints.all_of(call.workspace)
        name, kind = call.query.get("name"), call.query.get("computeType", "").lower()
        chosen = [
            one for one in found
            if name in (None, one.name) and (not kind or kind == _compute_type(one).lower()) and _is_tagged(call, one)
        ]  # fmt: skip
        return paged(call, chosen, lambda record: endpoint_body(call, record))

    def get(self, call: ArmCall) -> ArmAnswer:
        """Read one."""
        return ok(endpoint_body(call, self._endpoints.get(call.workspace, call.names[0])))

    def put(self, call: ArmCall) -> ArmAnswer:
        """Create one, or give it another document."""
        name = call.names[0]
        before = self._find(call)
        document = document_of(call.json_object(), References(call.scope_id), LOCATION)
        record = self._endpoints.create_or_update(call.workspace, name, document, call.by)
        return self._answer(call, record, is_new=before is None)

    def patch(self, call: ArmCall) -> ArmAnswer:
        """Change tags and identity; nothing else of an endpoint is changed this way."""
        record = self._endpoints.get(call.workspace, call.names[0])
        given = call.json_object()
        foreign = [key for key in given if key not in ("tags", "identity")]
        if foreign:
            raise invalid(Problem("it can't be patched", foreign[0], expected="tags or identity; else PUT the whole"))
        tags = {**(record.document.get("tags") or {}), **texts(given.get("tags"), "tags")}
        document = {**record.document, "tags": {key: value for key, value in tags.items() if value is not None}}
        if "identity" in given:
            document = {**document, "identity": read_identity(given["identity"])}
        return self._answer(call, self._endpoints.create_or_update(call.workspace, record.name, document, call.by))

    def delete(self, call: ArmCall) -> ArmAnswer:
        """Have one deleted with its deployments; 204 when there is none."""
        record = self._find(call)
        if record is None:
            return ArmAnswer(204)
        self._endpoints.delete(call.workspace, record.name)
        return long_running(call, DELETE, (call.workspace.name, record.name, str(record.id)), None, status=202)

    def keys(self, call: ArmCall) -> ArmAnswer:
        """Give the two keys."""
        return ok(self._endpoints.keys(call.workspace, call.names[0]))

    def token(self, call: ArmCall) -> ArmAnswer:
        """Make a token."""
        return ok(self._endpoints.token(call.workspace, call.names[0]))

    def regenerate(self, call: ArmCall) -> ArmAnswer:
        """Replace one of the keys by a random one."""
        given = mapping(call.json_object(), "")
        word = str(given.get("keyType") or "Primary").lower()
        present = self._endpoints.keys(call.workspace, call.names[0])
        wanted = given.get("keyValue")
        if wanted not in (None, "", present.get(f"{word}Key")):
            sentence = "A key can't be chosen: each new key is random."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Leave keyValue out.")
        self._endpoints.regenerate_key(call.workspace, call.names[0], word)
        return ArmAnswer(200)

    def putting(self, _call: ArmCall, words: tuple[str, ...]) -> Operation:
        """Say how far a creation or change is; it is over when the gateway goes by it."""
        workspace = self._workspaces.get(words[0])
        record = self._endpoints.get(workspace, words[1])
        if str(record.id) != words[2] or record.state is Provisioning.DELETING:
            return Operation("Canceled", LapisError(ErrorCode.CONFLICT, f"Endpoint '{words[1]}' is being deleted."))
        if record.state in _PENDING:
            return Operation("InProgress")
        if record.state is Provisioning.FAILED:
            return Operation("Failed", LapisError(ErrorCode.DEPLOYMENT_FAILED, record.error or "It failed."))
        return Operation("Succeeded")

    def deleting(self, _call: ArmCall, words: tuple[str, ...]) -> Operation:
        """Say how far a deletion is."""
        workspace = self._workspaces.get(words[0])
        try:
            record = self._endpoints.get(workspace, words[1])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return Operation("Succeeded")
        return Operation("InProgress" if str(record.id) == words[2] else "Succeeded")

    def _find(self, call: ArmCall) -> EndpointRecord | None:
        try:
            return self._endpoints.get(call.workspace, call.names[0])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    def _answer(self, call: ArmCall, record: EndpointRecord, *, is_new: bool = False) -> ArmAnswer:
        body = endpoint_body(call, record)
        if record.state in _PENDING:
            words = (call.workspace.name, record.name, str(record.id))
            return long_running(call, PUT, words, body, status=201 if is_new else 200)
        return created(body, is_new)


def endpoint_body(call: ArmCall, record: EndpointRecord) -> dict[str, Any]:
    """Write an endpoint."""
    document = {**record.document, "traffic": record.traffic, "mirror_traffic": record.mirror}
    properties = properties_of(document, References(call.scope_id))
    base = f"{record.url}/{call.workspace.name}/{record.name}" if record.url else None
    properties |= {
        "properties": {**properties["properties"], "azureml.onlineendpointid": call.id(KIND, record.name)},
        "provisioningState": record.state.value,
        "scoringUri": f"{base}/score" if base else None,
        "swaggerUri": f"{base}/swagger.json" if base else None,
    }
    return call.resource(
        "workspaces/onlineEndpoints",
        (KIND, record.name),
        properties,
        kind=_compute_type(record),
        systemData=system_data(record.created_by, record.created_at, record.updated_at),
        **top_of(document, call.scope_id, record.name, LOCATION),
    )


def _compute_type(record: EndpointRecord) -> str:
    return "Kubernetes" if record.document.get("compute") else "Managed"


def _is_tagged(call: ArmCall, record: EndpointRecord) -> bool:
    """Say whether an endpoint has the tags and properties that a list asks for: ``a,b=c``."""
    return all(
        _has(record.document.get(key) or {}, part)
        for key in ("tags", "properties")
        for part in call.query.get(key, "").split(",")
        if part
    )


def _has(given: Mapping[str, Any], wanted: str) -> bool:
    key, equals, value = wanted.partition("=")
    return key in given and (not equals or given[key] == value)
