"""The model registry in MLflow's protocol, over the assets: a registered model is a name of kind models."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.references import PlainUri, parse
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.records import AssetKind, AssetRecord, SearchClause
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.tracking import limits
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.service import TrackingService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.mlflow import registry_wire as wire
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea, Locator
from lapisml.server.surfaces.mlflow.artifact_paths import registered_uri
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.prompt_routes import checked_alias
from lapisml.server.surfaces.mlflow.registry_search import search_routes
from lapisml.server.surfaces.mlflow.registry_sources import JobFolder, Sources

MODELS = AssetKind.MODELS
MAX_TAG_LENGTH = 100_000


class Registry:
    """Registered models of the server; implements `RegisteredFiles`.

    Args:
        assets: keeps the models.
        locator: turns ``azureml://`` addresses into places.
        job_folder: where a job's own files lie on this machine.
    """

    def __init__(
        self,
        assets: AssetService,
        tracking: TrackingService,
        locator: Locator,
        storage: Storage,
        job_folder: JobFolder,
    ) -> None:
        self._assets = assets
        self._tracking = tracking
        self._locator = locator
        self._storage = storage
        self._job_folder = job_folder

    def files(self, workspace: Workspace, name: str, version: str) -> StorageLocation:
        """Return where the files of a version lie.

        Raises:
            LapisError: NotFound; Forbidden when they lie outside the workspace's stores.
        """
        record = self._assets.get(workspace, MODELS, name, version)
        return self._assets.content_location(workspace, record.uri or "")

    def holds(self, workspace: Workspace, model_id: str) -> bool:
        """Say whether a registered version was made from this logged model."""
        clause = SearchClause("source", "=", self._tracking.model_root(workspace, model_id))
        return bool(self._assets.containers.search_versions(workspace, MODELS, [clause], limit=1).value)

    def routes(self, area: ArtifactArea) -> Routes:
        """Make the routes, by method and address below ``/mlflow/``."""
        sources = Sources(self._tracking, area, self._locator, self._storage, self._job_folder)
        return {
            **_model_routes(self._assets),
            **_model_tag_routes(self._assets),
            **_version_routes(self._assets, sources),
            **_version_change_routes(self._assets),
            **_alias_routes(self._assets),
            **search_routes(self._assets, sources),
        }


def _model_routes(assets: AssetService) -> Routes:
    containers = assets.containers

    def shown(call: Call, name: str) -> dict[str, Any]:
        container = containers.get(call.workspace, MODELS, name)
        versions = containers.versions(call.workspace, MODELS, name)
        return {"registered_model": wire.registered_model(container, versions)}

    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        name, tags = fields.required("name"), dict(_checked(fields.pairs("tags")))
        containers.create(call.workspace, MODELS, name, call.caller.user, fields.text("description") or None, tags)
        return shown(call, name)

    def get(call: Call) -> dict[str, Any]:
        return shown(call, call.fields.required("name"))

    def rename(call: Call) -> dict[str, Any]:
        new = call.fields.required("new_name")
        containers.rename(call.workspace, MODELS, call.fields.required("name"), new)
        return shown(call, new)

    def update(call: Call) -> dict[str, Any]:
        name = call.fields.required("name")
        containers.describe(call.workspace, MODELS, name, call.fields.text("description") or None)
        return shown(call, name)

    def delete(call: Call) -> dict[str, Any]:
        assets.delete_container(call.workspace, MODELS, call.fields.required("name"))
        return {}

    def latest(call: Call) -> dict[str, Any]:
        versions = containers.versions(call.workspace, MODELS, call.fields.required("name"))
        wanted = {wire.canonical_stage(stage) for stage in call.fields.texts("stages")}
        found = [r for r in wire.latest_by_stage(versions) if not wanted or (r.stage or wire.NO_STAGE) in wanted]
        return {"model_versions": [wire.model_version(record) for record in found]}

    return {
        ("POST", "registered-models/create"): create,
        ("GET", "registered-models/get"): get,
        ("POST", "registered-models/rename"): rename,
        ("PATCH", "registered-models/update"): update,
        ("DELETE", "registered-models/delete"): delete,
        ("POST", "registered-models/get-latest-versions"): latest,
        ("GET", "registered-models/get-latest-versions"): latest,
    }


def _model_tag_routes(assets: AssetService) -> Routes:
    def set_tag(call: Call) -> dict[str, Any]:
        ((key, value),) = _checked([(call.fields.required("key"), call.fields.text("value"))])
        assets.containers.set_tag(call.workspace, MODELS, call.fields.required("name"), key, value)
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        fields = call.fields
        assets.containers.set_tag(call.workspace, MODELS, fields.required("name"), fields.required("key"), None)
        return {}

    return {
        ("POST", "registered-models/set-tag"): set_tag,
        ("DELETE", "registered-models/delete-tag"): delete_tag,
    }


def _version_routes(assets: AssetService, sources: Sources) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        name, given = fields.required("name"), fields.required("source")
        assets.containers.get(call.workspace, MODELS, name)
        source = sources.read(call, given)
        properties = {
            wire.SOURCE: given,
            wire.MODEL_ID: fields.text("model_id"),
            wire.RUN_LINK: fields.text("run_link"),
        }
        document = {
            "name": name,
            "path": source.path,
            "description": fields.text("description") or None,
            "tags": dict(_checked(fields.pairs("tags"))),
            "properties": {key: value for key, value in properties.items() if value},
        }
        run_id = fields.text("run_id") or source.job_name
        try:
            made = assets.create(call.workspace, MODELS, document, call.caller.user, job_name=run_id, must_exist=False)
        finally:
            sources.forget(source)
        return {"model_version": wire.model_version(made)}

    def get(call: Call) -> dict[str, Any]:
        return {"model_version": wire.model_version(_version(assets, call))}

    def download_uri(call: Call) -> dict[str, Any]:
        record = _version(assets, call)
        reference = parse(record.uri or "")
        outside = isinstance(reference, PlainUri) and reference.scheme != "file"
        return {"artifact_uri": record.uri if outside else registered_uri(record.name, record.version)}

    def delete(call: Call) -> dict[str, Any]:
        record = _version(assets, call)
        assets.delete_version(call.workspace, MODELS, record.name, record.version)
        return {}

    return {
        ("POST", "model-versions/create"): create,
        ("GET", "model-versions/get"): get,
        ("GET", "model-versions/get-download-uri"): download_uri,
        ("DELETE", "model-versions/delete"): delete,
    }


def _version_change_routes(assets: AssetService) -> Routes:
    def changed(call: Call, record: AssetRecord, changes: dict[str, Any]) -> dict[str, Any]:
        made = assets.update(call.workspace, MODELS, record.name, record.version, changes)
        return {"model_version": wire.model_version(made)}

    def update(call: Call) -> dict[str, Any]:
        return changed(call, _version(assets, call), {"description": call.fields.text("description") or None})

    def set_tag(call: Call) -> dict[str, Any]:
        record = _version(assets, call)
        tags = {**(record.document.get("tags") or {}), **_tag(call)}
        changed(call, record, {"tags": tags})
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        record, key = _version(assets, call), call.fields.required("key")
        tags = {name: value for name, value in (record.document.get("tags") or {}).items() if name != key}
        changed(call, record, {"tags": tags})
        return {}

    def transition(call: Call) -> dict[str, Any]:
        record = _version(assets, call)
        stage, others = (
            wire.canonical_stage(call.fields.required("stage")),
            call.fields.flag("archive_existing_versions"),
        )
        if others and stage not in ("Staging", "Production"):
            raise invalid("Existing versions are archived only when the stage is Staging or Production.")
        assets.containers.set_stage(
            call.workspace, record.name, record.version, None if stage == wire.NO_STAGE else stage,
            archive_others=others,
        )  # fmt: skip
        return {"model_version": wire.model_version(_version(assets, call))}

    return {
        ("PATCH", "model-versions/update"): update,
        ("POST", "model-versions/set-tag"): set_tag,
        ("DELETE", "model-versions/delete-tag"): delete_tag,
        ("POST", "model-versions/transition-stage"): transition,
    }


def _alias_routes(assets: AssetService) -> Routes:
    def set_alias(call: Call) -> dict[str, Any]:
        record, alias = _version(assets, call), checked_alias(call)
        assets.containers.set_label(call.workspace, MODELS, record.name, alias, record.version)
        return {}

    def delete_alias(call: Call) -> dict[str, Any]:
        assets.containers.set_label(call.workspace, MODELS, call.fields.required("name"), checked_alias(call), None)
        return {}

    def by_alias(call: Call) -> dict[str, Any]:
        name, alias = call.fields.required("name"), call.fields.required("alias")
        container = assets.containers.get(call.workspace, MODELS, name)
        if alias.lower() != "latest" and alias not in container.labels:
            raise LapisError(ErrorCode.USAGE, f"Registered model alias {alias[:80]} not found.")
        return {"model_version": wire.model_version(assets.by_label(call.workspace, MODELS, name, alias))}

    return {
        ("POST", "registered-models/alias"): set_alias,
        ("DELETE", "registered-models/alias"): delete_alias,
        ("GET", "registered-models/alias"): by_alias,
    }


def _version(assets: AssetService, call: Call) -> AssetRecord:
    """Return the version that a request names.

    Raises:
        LapisError: NotFound, Usage.
    """
    version = call.fields.get("version")
    text = str(version) if isinstance(version, int) else call.fields.required("version")
    return assets.get(call.workspace, MODELS, call.fields.required("name"), text)


def _tag(call: Call) -> dict[str, str]:
    return dict(_checked([(call.fields.required("key"), call.fields.text("value"))]))


def _checked(pairs: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for key, value in pairs:
        limits.check_key(key)
        if len(limits.check_text(value, key)) > MAX_TAG_LENGTH:
            raise invalid(f"'value' exceeds the maximum length of {MAX_TAG_LENGTH} characters")
    return pairs
