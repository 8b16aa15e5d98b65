"""Evaluation data sets and scorers in MLflow's protocol."""

from __future__ import annotations

from typing import Any

import orjson

from lapisml.server.features.tracking.evaluation.datasets import EvaluationDatasets
from lapisml.server.features.tracking.evaluation.records import EvaluationDataset, EvaluationRecord, ScorerVersion
from lapisml.server.features.tracking.evaluation.scorers import Scorers
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.fields import Fields

_MOST = 1000
_MOST_RECORDS = 10_000


def evaluation_routes(datasets: EvaluationDatasets, scorers: Scorers) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``; ``*`` stands for one open part."""
    return {
        **_dataset_routes(datasets),
        **_dataset_change_routes(datasets),
        **_record_routes(datasets),
        **_scorer_routes(scorers),
    }


def _dataset_routes(datasets: EvaluationDatasets) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        tags = _texts(_json(fields, "tags", {}))
        made = datasets.create(call.caller, fields.required("name"), tags, fields.texts("experiment_ids"))
        return {"dataset": _dataset(made)}

    def get(call: Call) -> dict[str, Any]:
        return {"dataset": _dataset(datasets.get(call.caller, call.path[0]))}

    def delete(call: Call) -> dict[str, Any]:
        datasets.delete(call.caller, call.path[0])
        return {}

    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        page = datasets.search(
            call.caller, fields.texts("experiment_ids"), fields.text("filter_string"), fields.texts("order_by"),
            fields.integer("max_results", _MOST, 1, 50_000), fields.text("page_token"),
        )  # fmt: skip
        found: dict[str, Any] = {"datasets": [_dataset(one) for one in page.items]}
        return found | ({"next_page_token": page.token} if page.token else {})

    return {
        ("POST", "datasets/create"): create,
        ("GET", "datasets/*"): get,
        ("DELETE", "datasets/*"): delete,
        ("POST", "datasets/search"): search,
        ("GET", "datasets/search"): search,
    }


def _dataset_change_routes(datasets: EvaluationDatasets) -> Routes:
    def set_tags(call: Call) -> dict[str, Any]:
        tags = {key: None if one is None else str(one) for key, one in _json(call.fields, "tags", {}).items()}
        changed = datasets.set_tags(call.caller, call.path[0], tags)
        return {"dataset": _dataset(changed)}

    def delete_tag(call: Call) -> dict[str, Any]:
        datasets.set_tags(call.caller, call.path[0], {call.path[1]: None})
        return {}

    def experiment_ids(call: Call) -> dict[str, Any]:
        return {"experiment_ids": datasets.get(call.caller, call.path[0]).experiment_ids}

    def add_experiments(call: Call) -> dict[str, Any]:
        changed = datasets.associate(call.caller, call.path[0], added=call.fields.texts("experiment_ids"))
        return {"dataset": _dataset(changed)}

    def remove_experiments(call: Call) -> dict[str, Any]:
        changed = datasets.associate(call.caller, call.path[0], removed=call.fields.texts("experiment_ids"))
        return {"dataset": _dataset(changed)}

    return {
        ("PATCH", "datasets/*/tags"): set_tags,
        ("DELETE", "datasets/*/tags/*"): delete_tag,
        ("GET", "datasets/*/experiment-ids"): experiment_ids,
        ("POST", "datasets/*/add-experiments"): add_experiments,
        ("POST", "datasets/*/remove-experiments"): remove_experiments,
    }


def _record_routes(datasets: EvaluationDatasets) -> Routes:
    def upsert(call: Call) -> dict[str, Any]:
        records = _json(call.fields, "records", None)
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            raise invalid("Invalid value for parameter 'records': expected a JSON list of objects.")
        if len(records) > _MOST_RECORDS:
            raise invalid(f"At most {_MOST_RECORDS} records can be sent at once, got {len(records)}.")
        new, known = datasets.upsert(call.caller, call.path[0], records)
        return {"inserted_count": new, "updated_count": known}

    def records(call: Call) -> dict[str, Any]:
        fields = call.fields
        limit = fields.integer("max_results", _MOST, 1, _MOST_RECORDS)
        page = datasets.records(call.caller, call.path[0], limit, fields.text("page_token"))
        written = orjson.dumps([_record(call.path[0], one) for one in page.items]).decode()
        return {"records": written} | ({"next_page_token": page.token} if page.token else {})

    def delete(call: Call) -> dict[str, Any]:
        gone = datasets.delete_records(call.caller, call.path[0], call.fields.texts("dataset_record_ids"))
        return {"deleted_count": gone}

    return {
        ("POST", "datasets/*/records"): upsert,
        ("GET", "datasets/*/records"): records,
        ("DELETE", "datasets/*/records"): delete,
    }


def _scorer_routes(scorers: Scorers) -> Routes:
    def register(call: Call) -> dict[str, Any]:
        fields = call.fields
        made = scorers.register(
            call.caller, fields.required("experiment_id"), fields.required("name"), fields.required("serialized_scorer")
        )
        return {
            "version": made.version, "scorer_id": made.scorer_id, "experiment_id": made.experiment_id,
            "name": made.name, "serialized_scorer": made.serialized, "creation_time": made.created_at,
        }  # fmt: skip

    def latest(call: Call) -> dict[str, Any]:
        asked = call.fields.texts("experiment_ids") or [call.fields.required("experiment_id")]
        return {"scorers": [_scorer(one) for one in scorers.latest(call.caller, asked)]}

    def versions(call: Call) -> dict[str, Any]:
        fields = call.fields
        found = scorers.versions(call.caller, fields.required("experiment_id"), fields.required("name"))
        return {"scorers": [_scorer(one) for one in found]}

    def get(call: Call) -> dict[str, Any]:
        fields = call.fields
        found = scorers.get(
            call.caller, fields.required("experiment_id"), fields.required("name"), fields.optional_integer("version")
        )
        return {"scorer": _scorer(found)}

    def delete(call: Call) -> dict[str, Any]:
        fields = call.fields
        scorers.delete(
            call.caller, fields.required("experiment_id"), fields.required("name"), fields.optional_integer("version")
        )
        return {}

    def online_configs(_call: Call) -> dict[str, Any]:
        return {"configs": []}  # a scorer runs where its client calls it: none is ever scheduled here

    return {
        ("GET", "scorers/online-configs"): online_configs,
        ("POST", "scorers/register"): register,
        ("GET", "scorers/list"): latest,
        ("GET", "scorers/versions"): versions,
        ("GET", "scorers/get"): get,
        ("DELETE", "scorers/delete"): delete,
    }


def _dataset(found: EvaluationDataset) -> dict[str, Any]:
    written: dict[str, Any] = {
        "dataset_id": found.dataset_id,
        "name": found.name,
        "tags": orjson.dumps(found.tags).decode(),
        "digest": found.digest,
        "created_time": found.created_at,
        "last_update_time": found.updated_at,
        "experiment_ids": found.experiment_ids,
    }
    if found.schema is not None:
        written["schema"] = orjson.dumps(found.schema).decode()
    if found.records:
        written["profile"] = orjson.dumps({"num_records": found.records}).decode()
    people = {"created_by": found.created_by, "last_updated_by": found.updated_by}
    return written | {name: person for name, person in people.items() if person}


def _record(dataset_id: str, found: EvaluationRecord) -> dict[str, Any]:
    return {
        **found.body,
        "dataset_record_id": found.record_id,
        "dataset_id": dataset_id,
        "created_time": found.created_at,
        "last_update_time": found.updated_at,
    }


def _scorer(found: ScorerVersion) -> dict[str, Any]:
    return {
        "experiment_id": int(found.experiment_id), "scorer_name": found.name, "scorer_version": found.version,
        "serialized_scorer": found.serialized, "creation_time": found.created_at, "scorer_id": found.scorer_id,
    }  # fmt: skip


def _json(fields: Fields, name: str, default: Any) -> Any:
    """Read a field that is a text of JSON."""
    text = fields.text(name)
    try:
        return orjson.loads(text) if text else default
    except orjson.JSONDecodeError:
        raise invalid(f"Invalid value for parameter '{name}': it is not valid JSON.") from None


def _texts(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise invalid("Invalid value for parameter 'tags': expected a JSON object.")
    return {str(key): str(value) for key, value in found.items()}
