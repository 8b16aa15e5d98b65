"""Assets of a registry: the addresses of a workspace's assets and code, below a registry.

The handlers are those of workspaces; here a registry's place stands where a workspace would, and what a client
uploaded for a version is moved to where the registry keeps its content.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import DatastoreUri, parse
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.assets.intake import UPLOADS
from lapisml.server.features.datastores.service import DEFAULT, datastore_uri
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, Routes, ok
from lapisml.server.surfaces.azure.errors import ArmError
from lapisml.server.surfaces.azure.nouns import assets, codes
from lapisml.server.surfaces.azure.nouns.registries import DATA_PLANE
from lapisml.server.surfaces.azure.services import AzureServices
from lapisml.server.surfaces.blob.addresses import blob_url
from lapisml.server.surfaces.blob.pending import is_pending

_UPLOAD_S = 8 * 3600
_READ_S = 3600
_WRITE = "racwl"
_READ = "rl"
_URIS = ("modelUri", "dataUri")
_SOON = (("retry-after-ms", "20"),)
"""Has a client look again at once: it knows that a version is there when it has read it."""


class RegistryCall(ArmCall):
    """A request below a registry, with ids as registries write them: ``azureml://registries/r/models/…``."""

    def resource(self, kind: str, words: Sequence[str], properties: dict[str, Any], /, **more: Any) -> dict[str, Any]:
        """Give the body of a resource of the registry."""
        return super().resource(kind.replace("workspaces/", "registries/", 1), words, properties, **more)


class RegistryAssets:
    """Sends requests on, and does what only registries do."""

    def __init__(self, services: AzureServices) -> None:
        self._services = services

    def within(self, handler: Handler) -> Handler:
        """Make the handler of a registry out of the handler of a workspace.

        Writing a version is answered as what goes on, and writing a container as what is new, since that is what
        older releases of the SDK take from a registry. What is written is there when the answer comes.
        """

        def handle(call: ArmCall) -> ArmAnswer:
            inner = self._placed(call)
            if call.method != "PUT":
                return handler(inner)
            answer = handler(self._with_content(inner))
            return replace(answer, status=202, headers=_SOON) if len(inner.names) == 2 else replace(answer, status=201)

        return handle

    def start_upload(self, call: ArmCall) -> ArmAnswer:
        """Make a container for the files of one version, with an address that opens it."""
        place = self._services.registries.get(call.registry)
        container = self._services.pending.create(place.name)
        found = self._signed(call, place, container, _WRITE, _UPLOAD_S)
        kind = "TemporaryBlobReference"
        return ok(
            {
                "temporaryDataReferenceId": container,
                "temporaryDataReferenceType": kind,
                "pendingUploadId": container,
                "pendingUploadType": kind,
                "blobReferenceForConsumption": found,
            }
        )

    def read_reference(self, call: ArmCall) -> ArmAnswer:
        """Answer an address that opens the content of the registry for reading."""
        place = self._services.registries.get(call.registry)
        asked = str(call.json_object().get("blobUri") or "")
        reference = _content(asked)
        if reference is None:
            raise ArmError(ErrorCode.USAGE, "InvalidRequestContent", f"'{asked}' is not content of this registry.")
        self._services.datastores.get(place, reference.datastore)
        return ok({"blobReferenceForConsumption": self._signed(call, place, reference.datastore, _READ, _READ_S)})

    def _signed(self, call: ArmCall, place: Workspace, container: str, allowed: str, seconds: int) -> dict[str, Any]:
        address = blob_url(call.url, place.name, container)
        query = self._services.signer.sas(place.name, container, allowed, seconds)
        return {
            "blobUri": address,
            "storageAccountArmId": "",
            "credential": {"credentialType": "SAS", "sasUri": f"{address}?{query}"},
        }

    def _placed(self, call: ArmCall) -> ArmCall:
        place = self._services.registries.get(call.registry)
        own = {field.name: getattr(call, field.name) for field in fields(call)}
        scope = f"azureml://registries/{place.registry}"
        return RegistryCall(**{**own, "found": place, "workspace_name": place.name, "scope_id": scope})

    def _with_content(self, call: ArmCall) -> ArmCall:
        """Put what was uploaded for a version where the registry keeps content, and say so in the body."""
        given = call.body.get("properties") if isinstance(call.body, dict) else None
        if not isinstance(given, dict):
            return call
        changed: dict[str, Any] = {
            key: self._kept(call.workspace, given[key]) for key in _URIS if isinstance(given.get(key), str)
        }
        build = given.get("build")
        if isinstance(build, Mapping) and isinstance(build.get("contextUri"), str):
            changed["build"] = {**build, "contextUri": self._kept(call.workspace, build["contextUri"])}
        return replace(call, body={**call.body, "properties": {**given, **changed}})

    def _kept(self, place: Workspace, uri: str) -> str:
        """Move a finished upload; give the address of what it holds. Other addresses stay as they are."""
        words = [unquote(word) for word in urlsplit(uri).path.split("/") if word]
        start = next((number for number, word in enumerate(words) if is_pending(word)), None)
        if start is None or not uri.startswith(("https://", "http://")):
            return uri
        container, rest = words[start], "/".join(words[start + 1 :])
        target = datastore_uri(DEFAULT, f"{UPLOADS}/{container}", place)
        self._settle(place, container, self._services.datastores.resolve(place, target))
        found = datastore_uri(DEFAULT, f"{UPLOADS}/{container}/{rest}".rstrip("/"), place)
        info = self._services.storage.info(self._services.datastores.resolve(place, found))
        return f"{found}/" if info is not None and info.is_dir else found

    def _settle(self, place: Workspace, container: str, target: StorageLocation) -> None:
        """Move the files of a finished upload to their place; done before, nothing happens."""
        pending, storage = self._services.pending, self._services.storage
        folder = storage.local_path(target)
        if folder is None:
            if storage.info(target) is None or pending.is_there(place.name, container):
                storage.copy(pending.place(place.name, container)[0], target)
        elif not folder.exists():
            source, _ = pending.place(place.name, container)
            folder.parent.mkdir(parents=True, exist_ok=True)
            Path(source.path).rename(folder)
        pending.discard(place.name, container)


def _content(uri: str) -> DatastoreUri | None:
    """Read where content of a registry lies: its own address, or the one that clients are shown."""
    if uri.startswith(("https://", "http://")):
        words = [unquote(word) for word in urlsplit(uri).path.split("/") if word]
        words = words[1:] if words and ".blob." in words[0] else words
        return DatastoreUri(words[0], "/".join(words[1:])) if words else None
    try:
        found = parse(uri)
    except LapisError:
        return None
    return found if isinstance(found, DatastoreUri) else None


def routes(services: AzureServices) -> Routes:
    """Make the routes: those of a workspace's assets and code, at a registry's two addresses."""
    own = RegistryAssets(services)
    found: Routes = {}
    inner = {**assets.routes(services), **codes.routes(services)}
    for prefix in (f"{DATA_PLANE}/", "REG:"):
        for (method, pattern), handler in inner.items():
            if not pattern.endswith("startPendingUpload"):
                found[(method, prefix + pattern)] = own.within(handler)
        for kind in ("models", "data", "environments", "components", "codes"):
            found[("POST", f"{prefix}{kind}/*/versions/*/startPendingUpload")] = own.start_upload
        found[("PUT", f"{prefix}tempdatarefs/*/versions/*")] = own.start_upload
        found[("POST", f"{prefix}tempdatarefs/*/versions/*")] = own.start_upload
        found[("POST", f"{prefix}datarefs/*/versions/*")] = own.read_reference
    return found
