"""Logged models in MLflow's protocol."""

from __future__ import annotations

from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import parse_filter
from lapisml.server.features.tracking.models import LoggedModels
from lapisml.server.features.tracking.records import DatasetFilter, ModelStatus
from lapisml.server.surfaces.mlflow import statuses, wire
from lapisml.server.surfaces.mlflow.artifact_area import ArtifactArea
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.fields import Fields

_MOST = 50_000


def logged_model_routes(models: LoggedModels, area: ArtifactArea) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``; ``*`` stands for one open part.

    Args:
        area: where the files of models lie.
    """
    return {**_write_routes(models, area), **_read_routes(models, area)}


def _write_routes(models: LoggedModels, area: ArtifactArea) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        made = models.create(
            call.caller,
            fields.text("experiment_id") or "0",
            fields.text("name"),
            fields.text("model_type") or None,
            fields.text("source_run_id") or None,
            dict(fields.pairs("params")),
            dict(fields.pairs("tags")),
        )
        return {"model": wire.logged_model(made)}

    def finalize(call: Call) -> dict[str, Any]:
        status = statuses.model_status(call.fields.get("status"))
        model = models.check_changeable(call.caller, call.path[0])
        if status is ModelStatus.READY:
            area.mirror(call, model)
        return {"model": wire.logged_model(models.finalize(call.caller, call.path[0], status))}

    def delete(call: Call) -> dict[str, Any]:
        models.delete(call.caller, call.path[0])
        return {}

    def set_tags(call: Call) -> dict[str, Any]:
        changed = models.set_tags(call.caller, call.path[0], dict(call.fields.pairs("tags")))
        return {"model": wire.logged_model(changed)}

    def delete_tag(call: Call) -> dict[str, Any]:
        models.delete_tag(call.caller, call.path[0], call.path[1])
        return {}

    def log_params(call: Call) -> dict[str, Any]:
        models.add_params(call.caller, call.path[0], dict(call.fields.pairs("params")))
        return {}

    return {
        ("POST", "logged-models"): create,
        ("PATCH", "logged-models/*"): finalize,
        ("DELETE", "logged-models/*"): delete,
        ("PATCH", "logged-models/*/tags"): set_tags,
        ("DELETE", "logged-models/*/tags/*"): delete_tag,
        ("POST", "logged-models/*/params"): log_params,
    }


def _read_routes(models: LoggedModels, area: ArtifactArea) -> Routes:
    def get(call: Call) -> dict[str, Any]:
        model = area.check_model_readable(call, call.path[0])
        if model.deleted_at is not None and not call.fields.flag("allow_deleted"):
            raise LapisError(ErrorCode.NOT_FOUND, f"Logged model with ID '{model.model_id}' not found.")
        return {"model": wire.logged_model(model)}

    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        clauses = parse_filter(fields.text("filter"), grammars.LOGGED_MODELS)
        page = models.search(
            call.caller,
            fields.texts("experiment_ids"),
            [statuses.translate_model_clause(clause) for clause in clauses],
            [_dataset(one) for one in fields.objects("datasets")],
            [_order(one) for one in fields.objects("order_by")],
            fields.integer("max_results", 50, 1, _MOST),
            fields.text("page_token"),
        )
        found: dict[str, Any] = {"models": [wire.logged_model(one) for one in page.items]}
        return found | ({"next_page_token": page.token} if page.token else {})

    return {("GET", "logged-models/*"): get, ("POST", "logged-models/search"): search}


def _dataset(fields: Fields) -> DatasetFilter:
    return fields.required("dataset_name"), fields.text("dataset_digest") or None


def _order(fields: Fields) -> tuple[str, bool, DatasetFilter | None]:
    name = fields.text("dataset_name")
    dataset = (name, fields.text("dataset_digest") or None) if name else None
    ascending = fields.get("ascending") is None or fields.flag("ascending")
    return _quoted(fields.required("field_name")), ascending, dataset


def _quoted(field_name: str) -> str:
    """Quote the key of ``metrics.some key``, which stands here alone and may hold any sign."""
    entity, dot, key = field_name.partition(".")
    return f"{entity}.`{key.strip('`')}`" if dot else field_name
