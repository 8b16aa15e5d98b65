"""Forms of assets on the wire."""

from __future__ import annotations

from typing import Any, NotRequired, cast

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from lapisml.server.features.assets.naming import NameRecord
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.workspaces.registries import BUILT_IN
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.wire import CreationContext, arm_id, creation_context


@with_config(ConfigDict(extra="allow"))
class AssetBody(TypedDict):
    """A version of an asset: the keys of its document, which depend on its kind, and what is known around them.

    Attributes:
        job_name: of the job that made it.
        aliases, stage: of models.
        archived: there only when it is.
    """

    name: str
    version: str
    id: str
    tags: dict[str, str]
    properties: dict[str, str]
    creation_context: CreationContext
    type: NotRequired[str]
    description: NotRequired[str]
    path: NotRequired[str]
    job_name: NotRequired[str]
    stage: NotRequired[str]
    aliases: NotRequired[list[str]]
    archived: NotRequired[bool]


def asset_body(workspace: Workspace, record: AssetRecord) -> AssetBody:
    """Give a version: the keys of its document, and those of the record around it."""
    known: dict[str, Any] = {"name": record.name, "version": record.version, **record.document}
    body = cast("AssetBody", known)
    body["tags"] = record.document.get("tags", {})
    body["properties"] = record.document.get("properties", {})
    body["id"] = arm_id(workspace.name, record.kind.value, record.name, record.version)
    body["creation_context"] = creation_context(record.created_by, record.created_at, record.updated_at)
    registry = BUILT_IN if record.id == 0 else workspace.registry
    if registry is not None:
        body["id"] = f"azureml://registries/{registry}/{record.kind.value}/{record.name}/versions/{record.version}"
    if record.id == 0:
        body["creation_context"]["created_at"] = body["creation_context"]["last_modified_at"] = None
    if record.job_name:
        body["job_name"] = record.job_name
    if record.stage:
        body["stage"] = record.stage
    if record.labels and record.kind is AssetKind.MODELS:
        body["aliases"] = list(record.labels)
    if record.archived:
        body["archived"] = True
    return body


class NameBody(TypedDict):
    """A name with what a list shows of all its versions.

    Attributes:
        labels: label (of a model: alias) → version.
        stages: registry stage → the newest version in it; of models.
        versions: how many there are, archived ones too.
        latest: the version made last, of those that are not archived where there are such.
    """

    name: str
    description: str | None
    tags: dict[str, str]
    labels: dict[str, str]
    stages: dict[str, str]
    versions: int
    archived: bool
    latest: AssetBody | None
    creation_context: CreationContext


def name_body(workspace: Workspace, record: NameRecord) -> NameBody:
    """Give a name."""
    known = record.container
    return {
        "name": known.name,
        "description": known.description,
        "tags": known.tags,
        "labels": known.labels,
        "stages": record.stages,
        "versions": record.versions,
        "archived": known.archived,
        "latest": asset_body(workspace, record.newest) if record.newest is not None else None,
        "creation_context": creation_context(known.created_by, known.created_at, known.updated_at),
    }
