"""Experiments in MLflow's protocol."""

from __future__ import annotations

from typing import Any

from lapisml.server.features.tracking.experiments import Experiments
from lapisml.server.surfaces.mlflow import statuses, wire
from lapisml.server.surfaces.mlflow.call import Call, Handler

Routes = dict[tuple[str, str], Handler]

_MOST = 50_000


def experiment_routes(experiments: Experiments) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``."""
    return {**_read_routes(experiments), **_write_routes(experiments)}


def _read_routes(experiments: Experiments) -> Routes:
    def get(call: Call) -> dict[str, Any]:
        return {"experiment": wire.experiment(experiments.get(call.caller, call.fields.required("experiment_id")))}

    def get_by_name(call: Call) -> dict[str, Any]:
        found = experiments.get_by_name(call.caller, call.fields.required("experiment_name"))
        return {"experiment": wire.experiment(found)}

    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        page = experiments.search(
            call.caller,
            fields.text("filter"),
            fields.texts("order_by"),
            statuses.view(fields.get("view_type")),
            fields.integer("max_results", 1000, 1, _MOST),
            fields.text("page_token"),
        )
        found: dict[str, Any] = {"experiments": [wire.experiment(one) for one in page.items]}
        return found | ({"next_page_token": page.token} if page.token else {})

    return {
        ("GET", "experiments/get"): get,
        ("GET", "experiments/get-by-name"): get_by_name,
        ("POST", "experiments/search"): search,
        ("GET", "experiments/search"): search,
    }


def _write_routes(experiments: Experiments) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        made = experiments.create(
            call.caller, fields.required("name"), fields.text("artifact_location") or None, dict(fields.pairs("tags"))
        )
        return {"experiment_id": made}

    def delete(call: Call) -> dict[str, Any]:
        experiments.delete(call.caller, call.fields.required("experiment_id"))
        return {}

    def restore(call: Call) -> dict[str, Any]:
        experiments.restore(call.caller, call.fields.required("experiment_id"))
        return {}

    def update(call: Call) -> dict[str, Any]:
        experiments.rename(call.caller, call.fields.required("experiment_id"), call.fields.required("new_name"))
        return {}

    def set_tag(call: Call) -> dict[str, Any]:
        fields = call.fields
        tag = {fields.required("key"): fields.text("value")}
        experiments.set_tags(call.caller, fields.required("experiment_id"), tag)
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        experiments.delete_tag(call.caller, call.fields.required("experiment_id"), call.fields.required("key"))
        return {}

    return {
        ("POST", "experiments/create"): create,
        ("POST", "experiments/delete"): delete,
        ("POST", "experiments/restore"): restore,
        ("POST", "experiments/update"): update,
        ("POST", "experiments/set-experiment-tag"): set_tag,
        ("POST", "experiments/delete-experiment-tag"): delete_tag,
    }
