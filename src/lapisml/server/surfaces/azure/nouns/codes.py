"""Code: uploads that are pending, versions by name and by the hash of their content, and what documents say of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.documents.references import AssetRef, parse
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.assets.codes import HASH_VERSION, CodeService, NamedCode
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.arm import (
    ArmAnswer,
    ArmCall,
    Handler,
    created,
    no_content,
    ok,
    paged,
    system_data,
)
from lapisml.server.surfaces.azure.nouns.asset_keys import picked
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.addresses import blob_url
from lapisml.server.surfaces.blob.pending import is_pending

_KIND = "workspaces/codes/versions"
_UPLOAD_S = 3600 * 8
_ALLOWED = "racwl"


def code_service(services: AzureServices) -> CodeService:
    """Make what keeps code; it has no state of its own."""
    return CodeService(services.assets.shelf, services.storage, services.clock)


def code_reference(services: AzureServices, workspace: Workspace, code_id: str) -> str:
    """Give what a document says of code that a body names by id; what is no id of code stays as it is.

    Args:
        code_id: ``…/codes/<name>/versions/<version>``, with or without ``azureml:`` in front, or
            ``azureml:<name>:<version>``.

    Raises:
        LapisError: ReferenceNotFound for code that is not there.
    """
    try:
        found = parse(code_id, "code" if code_id.startswith("azureml:") else None)
    except LapisError:
        return code_id
    if not isinstance(found, AssetRef) or found.kind != "code" or found.registry != workspace.registry:
        return code_id
    code = code_service(services).find(workspace, found.name, found.version or "")
    if code is None:
        problem = Problem(f"there is no code '{found.name}:{found.version}'", path="code")
        raise LapisError(
            ErrorCode.REFERENCE_NOT_FOUND, f"'{code_id}' is not code of this workspace.", problems=[problem]
        )
    return code.reference


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the addresses of code."""
    codes = _Codes(services)
    return {
        ("POST", "codes/*/versions/*/startPendingUpload"): codes.start_upload,
        ("GET", "codes/*/versions/*"): codes.get,
        ("PUT", "codes/*/versions/*"): codes.put,
        ("DELETE", "codes/*/versions/*"): codes.delete,
        ("GET", "codes/*/versions"): codes.list_versions,
        ("GET", "codes/*"): codes.get_container,
        ("GET", "codes"): codes.list_containers,
    }


class _Codes:
    def __init__(self, services: AzureServices) -> None:
        self._services = services
        self._codes = code_service(services)

    def start_upload(self, call: ArmCall) -> ArmAnswer:
        """Make a container for the files of one version, with an address that opens it."""
        workspace = call.workspace.name
        container = self._services.pending.create(workspace)
        address = blob_url(call.url, workspace, container)
        signed = f"{address}?{self._services.signer.sas(workspace, container, _ALLOWED, _UPLOAD_S)}"
        reference = {"blobUri": address, "credential": {"credentialType": "SAS", "sasUri": signed}}
        return ok(
            {
                "pendingUploadType": "TemporaryBlobReference",
                "pendingUploadId": container,
                "blobReferenceForConsumption": reference,
            }
        )

    def put(self, call: ArmCall) -> ArmAnswer:
        name, version = call.names
        properties = call.properties()
        given = picked(properties, {"codeUri": "uri"}, frozenset())
        given.update({key: _texts(given[key]) for key in ("tags", "properties") if key in given})
        if not isinstance(given.get("uri"), str):
            return created(self._changed(call, name, version, given), is_new=False)
        container = _pending_container(given["uri"])
        source = self._source(call, given["uri"], container)
        if source is None:
            return created(self._changed(call, name, version, given), is_new=False)
        code = {**given, "name": name, "version": version}
        made, is_new = self._codes.register(call.workspace, code, source, call.by, private=container is not None)
        if container is not None:
            self._services.pending.discard(call.workspace.name, container)
        return created(_body(call, made), is_new)

    def get(self, call: ArmCall) -> ArmAnswer:
        return ok(_body(call, self._codes.get(call.workspace, *call.names)))

    def delete(self, call: ArmCall) -> ArmAnswer:
        return ArmAnswer(200) if self._codes.delete(call.workspace, *call.names) else no_content()

    def list_versions(self, call: ArmCall) -> ArmAnswer:
        """List a name's versions; with a hash, what has that content under any name."""
        wanted = call.query.get("hash")
        if wanted:
            hash_version = call.query.get("hashVersion") or HASH_VERSION
            found = self._codes.by_hash(call.workspace, wanted, hash_version)
            return ok({"value": [_body(call, found)] if found is not None else []})
        versions = self._codes.versions(call.workspace, call.names[0])
        return paged(call, versions, lambda code: _body(call, code))

    def get_container(self, call: ArmCall) -> ArmAnswer:
        return ok(self._container(call, call.names[0]))

    def list_containers(self, call: ArmCall) -> ArmAnswer:
        return paged(call, self._codes.names(call.workspace), lambda name: self._container(call, name))

    def _container(self, call: ArmCall, name: str) -> dict[str, Any]:
        versions = self._codes.versions(call.workspace, name)
        if not versions:
            raise LapisError(ErrorCode.NOT_FOUND, f"There is no code named '{name}'.")
        numbers = [int(code.version) for code in versions if code.version.isdecimal() and len(code.version) < 10]
        properties = {
            "latestVersion": versions[0].version,
            "nextVersion": str(max(numbers, default=0) + 1),
            "isArchived": False,
            "tags": {},
            "properties": {},
            "provisioningState": "Succeeded",
        }
        return call.resource("workspaces/codes", ("codes", name), properties, systemData=_system(versions[-1]))

    def _changed(self, call: ArmCall, name: str, version: str, given: dict[str, Any]) -> dict[str, Any]:
        """Change a version that exists, of which no files are sent again."""
        found = self._codes.find(call.workspace, name, version)
        if found is None:
            problem = Problem("is missing", path="properties.codeUri", expected="where the files were sent")
            raise LapisError(ErrorCode.DOCUMENT_INVALID, "The code is not valid.", problems=[problem])
        changes = {key: given.get(key) for key in ("description", "tags", "properties")}
        return _body(call, self._codes.change(call.workspace, name, version, changes))

    def _source(self, call: ArmCall, uri: str, container: str | None) -> StorageLocation | None:
        """Say where the files of a version lie; None when they are the ones that it has already."""
        existing = self._codes.find(call.workspace, *call.names)
        if existing is not None and existing.uri == uri:
            return None
        if container is None:
            scope = AssetScope(call.scope_id, call.workspace.name, call.url)
            return self._services.assets.content_location(call.workspace, scope.own_uri(uri))
        place, _ = self._services.pending.place(call.workspace.name, container)
        below = unquote(urlsplit(uri).path).partition(f"/{container}")[2]
        return place.child(below.strip("/"))


def _pending_container(uri: str) -> str | None:
    """Give the container of a pending upload that an address leads into, None when it leads elsewhere."""
    words = unquote(urlsplit(uri).path).split("/")
    return next((word for word in words if is_pending(word)), None)


def _texts(given: Any) -> dict[str, str]:
    """Return tags or properties as text."""
    return {str(key): str(value) for key, value in given.items()} if isinstance(given, dict) else {}


def _body(call: ArmCall, code: NamedCode) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "codeUri": code.uri or code.reference,
        "description": code.description,
        "tags": code.tags,
        "properties": code.properties,
        "isAnonymous": False,
        "isArchived": False,
        "provisioningState": "Succeeded",
    }
    return call.resource(_KIND, ("codes", code.name, "versions", code.version), properties, systemData=_system(code))


def _system(code: NamedCode) -> dict[str, Any]:
    return system_data(code.created_by or "lapis", code.created_at)
