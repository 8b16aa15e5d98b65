"""Data, models, environments and components: versions and the containers that hold them.

What differs between the four is how a version's ``properties`` and our document become each other (`FORMS`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind, AssetRecord, ContainerRecord, ListQuery
from lapisml.server.features.assets.validation import checked_changes, checked_document
from lapisml.server.surfaces.azure.arm import ArmAnswer, ArmCall, Handler, created, no_content, ok, system_data
from lapisml.server.surfaces.azure.errors import not_supported
from lapisml.server.surfaces.azure.nouns import components, data, environments, models
from lapisml.server.surfaces.azure.nouns.asset_keys import CHANGEABLE, RECORD, flag
from lapisml.server.surfaces.azure.nouns.asset_lists import archived_of, check_list, listed, tags_of
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.codes import code_reference
from lapisml.server.surfaces.azure.nouns.jobs.references import ANONYMOUS_COMPONENT, ANONYMOUS_ENVIRONMENT
from lapisml.server.surfaces.azure.nouns.registry_scope import RegistryScope
from lapisml.server.surfaces.azure.services import AzureServices

DEFAULT_VERSION = "azureml_default"
"""Stands for a component's default version: the one labelled ``default``, else the latest."""

_ANONYMOUS = (ANONYMOUS_COMPONENT, ANONYMOUS_ENVIRONMENT)
_EMPTY: tuple[Any, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Form:
    """How one kind of asset is written in bodies.

    Attributes:
        read: a version's ``properties`` → document without name and version.
        write: document → a version's ``properties``.
    """

    read: Callable[[Mapping[str, Any], AssetScope], dict[str, Any]]
    write: Callable[[Mapping[str, Any], AssetScope], dict[str, Any]]


FORMS: dict[AssetKind, Form] = {
    AssetKind.MODELS: Form(models.document_of, models.properties_of),
    AssetKind.DATA: Form(data.document_of, data.properties_of),
    AssetKind.ENVIRONMENTS: Form(environments.document_of, environments.properties_of),
    AssetKind.COMPONENTS: Form(components.document_of, components.properties_of),
}


def scope_of(services: AzureServices, call: ArmCall) -> AssetScope:
    """Make what reads and writes the names of a request's workspace."""
    workspace = call.workspace

    def component_of(reference: str) -> dict[str, Any] | None:
        try:
            return services.assets.resolve(workspace, AssetKind.COMPONENTS, reference).document
        except LapisError:
            return None

    def code_of(code_id: str) -> str:
        return code_reference(services, workspace, code_id)

    def job_of(name: str) -> dict[str, Any]:
        return services.jobs.get(workspace, name).document

    kind = AssetScope if workspace.registry is None else RegistryScope
    return kind(call.scope_id, workspace.name, call.url, code_of, component_of, job_of)


def routes(services: AzureServices) -> dict[tuple[str, str], Handler]:
    """Give the addresses of the four kinds below a workspace."""
    found: dict[tuple[str, str], Handler] = {}
    for kind in AssetKind:
        noun, word = AssetNoun(services, kind), kind.value
        found |= {
            ("GET", word): noun.list_containers,
            ("GET", f"{word}/*"): noun.get_container,
            ("PUT", f"{word}/*"): noun.put_container,
            ("DELETE", f"{word}/*"): noun.delete_container,
            ("GET", f"{word}/*/versions"): noun.list_versions,
            ("GET", f"{word}/*/versions/*"): noun.get_version,
            ("PUT", f"{word}/*/versions/*"): noun.put_version,
            ("DELETE", f"{word}/*/versions/*"): noun.delete_version,
            ("GET", f"{word}/*/labels/*"): noun.get_label,
        }
    return {**found, ("POST", "models/*/versions/*/package"): _package}


class AssetNoun:
    """The requests of one kind of asset."""

    def __init__(self, services: AzureServices, kind: AssetKind) -> None:
        self._services = services
        self._assets = services.assets
        self._containers = services.assets.containers
        self._kind = kind
        self._form = FORMS[kind]

    def get_version(self, call: ArmCall) -> ArmAnswer:
        """Answer one version."""
        name, version = call.names
        if self._kind is AssetKind.COMPONENTS and version == DEFAULT_VERSION:
            return ok(self._version(call, self._default(call, name)))
        return ok(self._version(call, self._assets.get(call.workspace, self._kind, name, version)))

    def get_label(self, call: ArmCall) -> ArmAnswer:
        """Answer the version that a label points at."""
        found = self._assets.by_label(call.workspace, self._kind, *call.names)
        return ok(self._version(call, self._assets.get(call.workspace, self._kind, found.name, found.version)))

    def put_version(self, call: ArmCall) -> ArmAnswer:
        """Create a version, change one that exists, archive or restore it."""
        properties, scope = call.properties(), scope_of(self._services, call)
        name, version = call.names
        archived = True if flag(properties, "isAnonymous") else flag(properties, "isArchived")
        existing = self._found(call, name, version)
        if existing is not None and self._is_unchanged(properties, existing, scope):
            record = self._changed(call, existing, properties)
        else:
            document = {"version": version, **self._form.read(properties, scope), "name": name}
            checked = checked_document(self._kind, document)
            job = properties.get("jobName") if self._kind is AssetKind.MODELS else None
            record = self._assets.create(call.workspace, self._kind, checked, call.by, job_name=job)
        record = self._archived(call, record, archived)
        return created(self._version(call, record), record.is_new)

    def delete_version(self, call: ArmCall) -> ArmAnswer:
        """Delete a version; one that is not there is gone already."""
        name, version = call.names
        if self._found(call, name, version) is None:
            return no_content()
        self._assets.delete_version(call.workspace, self._kind, name, version)
        return ArmAnswer(200)

    def list_versions(self, call: ArmCall) -> ArmAnswer:
        """List the versions of a name, the newest first."""
        check_list(call)
        stage = call.query.get("stage")
        query = ListQuery(call.names[0], archived_of(call), tags_of(call))

        def read(limit: int, token: str | None) -> Any:
            page = self._assets.list(call.workspace, self._kind, replace(query, limit=limit, token=token))
            found = page.value or ([] if token else self._curated(call))
            wanted = [record for record in found if not stage or (record.stage or "").lower() == stage.lower()]
            return replace(page, value=wanted)

        return listed(call, read, lambda record: self._version(call, record))

    def list_containers(self, call: ArmCall) -> ArmAnswer:
        """List the names."""
        query = ListQuery(None, archived_of(call))

        def read(limit: int, token: str | None) -> Any:
            wanted = replace(query, limit=limit, token=token)
            return self._containers.page(call.workspace, self._kind, wanted)

        return listed(call, read, lambda record: self._container(call, record))

    def get_container(self, call: ArmCall) -> ArmAnswer:
        """Answer a name."""
        curated = self._curated(call)
        found = _container_of(curated[0]) if curated else None
        return ok(self._container(call, found or self._containers.get(call.workspace, self._kind, call.names[0])))

    def put_container(self, call: ArmCall) -> ArmAnswer:
        """Create a name, describe it, archive or restore it with all its versions."""
        properties, name, containers = call.properties(), call.names[0], self._containers
        where = (call.workspace, self._kind, name)
        wanted = flag(properties, "isArchived")
        is_new = not self._has_container(call, name)
        found = containers.create(*where, call.by) if is_new else containers.get(*where)
        description = properties.get("description")
        if description is not None and description != found.description:
            containers.describe(*where, str(description))
        tags = properties.get("tags")
        if isinstance(tags, dict):
            for key in [key for key in {**found.tags, **tags} if found.tags.get(key) != tags.get(key)]:
                containers.set_tag(*where, key, None if tags.get(key) is None else str(tags[key]))
        if wanted is not None and wanted != found.archived:
            self._assets.archive(*where, archived=wanted)
        return created(self._container(call, containers.get(*where)), is_new)

    def delete_container(self, call: ArmCall) -> ArmAnswer:
        """Delete a name with its versions; one that is not there is gone already."""
        if not self._has_container(call, call.names[0]):
            return no_content()
        self._assets.delete_container(call.workspace, self._kind, call.names[0])
        return ArmAnswer(200)

    def _curated(self, call: ArmCall) -> list[AssetRecord]:
        """Give the version of a curated environment that is not kept here; empty for any other name."""
        if self._kind is not AssetKind.ENVIRONMENTS or self._has_container(call, call.names[0]):
            return []
        try:
            found = self._assets.latest(call.workspace, self._kind, call.names[0])
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return []
        return [self._assets.get(call.workspace, self._kind, found.name, found.version)]

    def _default(self, call: ArmCall, name: str) -> AssetRecord:
        container = self._containers.get(call.workspace, self._kind, name)
        label = "default" if "default" in container.labels else "latest"
        return self._assets.by_label(call.workspace, self._kind, name, label)

    def _found(self, call: ArmCall, name: str, version: str) -> AssetRecord | None:
        try:
            return self._assets.get(call.workspace, self._kind, name, version)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return None

    def _has_container(self, call: ArmCall, name: str) -> bool:
        try:
            self._containers.get(call.workspace, self._kind, name)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            return False
        return True

    def _is_unchanged(self, properties: Mapping[str, Any], record: AssetRecord, scope: AssetScope) -> bool:
        """Say whether a body gives back what an answer said of a version, but for what may change."""
        shown = self._form.write(record.document, scope)
        fixed = {k: v for k, v in properties.items() if k not in CHANGEABLE | RECORD and v not in _EMPTY}
        for told in ("jobName", "environmentType"):
            fixed.pop(told, None)
        return all(shown.get(key) == value for key, value in fixed.items())

    def _changed(self, call: ArmCall, record: AssetRecord, properties: Mapping[str, Any]) -> AssetRecord:
        changes = {key: properties[key] for key in CHANGEABLE if properties.get(key) is not None}
        if changes.get("stage") == "":
            changes.pop("stage")
        checked = checked_changes(self._kind, record.document, changes)
        return self._assets.update(call.workspace, self._kind, record.name, record.version, checked)

    def _archived(self, call: ArmCall, record: AssetRecord, wanted: bool | None) -> AssetRecord:
        """Archive or restore a version as a body says; what nobody named is archived, so that no list shows it."""
        if wanted is None or wanted == record.archived:
            return record
        where = (call.workspace, self._kind, record.name, record.version)
        self._assets.archive(*where, archived=wanted)
        return replace(self._assets.get(*where), is_new=record.is_new)

    def _version(self, call: ArmCall, record: AssetRecord) -> dict[str, Any]:
        anonymous = record.name in _ANONYMOUS
        properties = {
            **self._form.write(record.document, scope_of(self._services, call)),
            "isArchived": record.archived and not anonymous,
            "isAnonymous": anonymous,
            "provisioningState": "Succeeded",
        }
        if record.job_name is not None and self._kind is AssetKind.MODELS:
            properties["jobName"] = record.job_name
        if record.id == 0:
            properties["environmentType"] = "Curated"
        words = (self._kind.value, record.name, "versions", record.version)
        system = system_data(record.created_by, record.created_at, record.updated_at)
        return call.resource(f"workspaces/{self._kind.value}/versions", words, properties, systemData=system)

    def _container(self, call: ArmCall, record: ContainerRecord) -> dict[str, Any]:
        properties: dict[str, Any] = {
            "description": record.description,
            "tags": record.tags,
            "properties": {},
            "isArchived": record.archived,
            "latestVersion": record.latest,
            "nextVersion": str(record.next_version),
            "provisioningState": "Succeeded",
        }
        if self._kind is AssetKind.DATA and record.latest is not None:
            latest = self._assets.get(call.workspace, self._kind, record.name, record.latest)
            properties["dataType"] = latest.document.get("type", "uri_folder")
        system = system_data(record.created_by, record.created_at, record.updated_at)
        words = (self._kind.value, record.name)
        return call.resource(f"workspaces/{self._kind.value}", words, properties, systemData=system)


def _container_of(record: AssetRecord) -> ContainerRecord:
    """Give the container of a curated environment, which has the one version."""
    return ContainerRecord(
        0, record.kind, record.name, None, {}, False, record.created_by, 0, 0, {}, record.version
    )  # fmt: skip


def _package(call: ArmCall) -> ArmAnswer:
    name, version = call.names
    raise not_supported(
        f"The model '{name}:{version}' can't be packaged: images are not built here.",
        "Deploy the model as it is; its deployment prepares the environment.",
    )
