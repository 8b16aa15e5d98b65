"""Runs, their metrics' histories and their inputs in MLflow's protocol."""

from __future__ import annotations

from typing import Any

import orjson

from lapisml.server.features.tracking import grammars, limits
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.records import DatasetInput, LogEntry, RunModel
from lapisml.server.features.tracking.run_states import by_mlflow_words
from lapisml.server.features.tracking.runs import Runs
from lapisml.server.surfaces.mlflow import statuses, wire
from lapisml.server.surfaces.mlflow.call import Call
from lapisml.server.surfaces.mlflow.experiment_routes import Routes
from lapisml.server.surfaces.mlflow.fields import Fields

LOGGED_MODELS_TAG = "mlflow.log-model.history"

_MOST_RUNS = 50_000
_MOST_RUNS_IN_HISTORY = 100
_MOST_POINTS = 25_000


def run_routes(runs: Runs) -> Routes:
    """Make the routes, by method and address below ``/mlflow/``."""
    return {**_life_routes(runs), **_search_routes(runs), **_history_routes(runs), **_input_routes(runs)}


def _life_routes(runs: Runs) -> Routes:
    def create(call: Call) -> dict[str, Any]:
        fields = call.fields
        made = runs.create(
            call.caller,
            fields.text("experiment_id") or "0",
            name=fields.text("run_name"),
            tags=dict(fields.pairs("tags")),
            start_time=fields.optional_integer("start_time"),
            user_id=fields.text("user_id"),
        )
        return {"run": wire.run(made)}

    def get(call: Call) -> dict[str, Any]:
        return {"run": wire.run(runs.get(call.caller, _run_id(call)))}

    def update(call: Call) -> dict[str, Any]:
        word = call.fields.get("status")
        changed = runs.update(
            call.caller,
            _run_id(call),
            status=None if word is None else statuses.run_status(word),
            end_time=call.fields.optional_integer("end_time"),
            name=call.fields.text("run_name") or None,
        )
        return {"run_info": wire.run_info(changed)}

    def delete(call: Call) -> dict[str, Any]:
        runs.delete(call.caller, _run_id(call))
        return {}

    def restore(call: Call) -> dict[str, Any]:
        runs.restore(call.caller, _run_id(call))
        return {}

    def delete_tag(call: Call) -> dict[str, Any]:
        runs.delete_tag(call.caller, _run_id(call), call.fields.required("key"))
        return {}

    return {
        ("POST", "runs/create"): create,
        ("GET", "runs/get"): get,
        ("POST", "runs/update"): update,
        ("POST", "runs/delete"): delete,
        ("POST", "runs/restore"): restore,
        ("POST", "runs/delete-tag"): delete_tag,
    }


def _search_routes(runs: Runs) -> Routes:
    def search(call: Call) -> dict[str, Any]:
        fields = call.fields
        clauses = [by_mlflow_words(c) for c in parse_filter(fields.text("filter"), grammars.RUNS)]
        page = runs.search(
            call.caller,
            fields.texts("experiment_ids"),
            clauses,
            [parse_order(text, grammars.RUNS) for text in fields.texts("order_by")],
            statuses.view(fields.get("run_view_type")),
            fields.integer("max_results", 1000, 1, _MOST_RUNS),
            fields.text("page_token"),
        )
        found: dict[str, Any] = {"runs": [wire.run(one) for one in page.items]}
        return found | ({"next_page_token": page.token} if page.token else {})

    def search_datasets(call: Call) -> dict[str, Any]:
        found = runs.dataset_summaries(call.caller, call.fields.texts("experiment_ids"))
        summaries = [
            {"experiment_id": experiment, "name": name, "digest": digest} | ({"context": context} if context else {})
            for experiment, name, digest, context in found
        ]
        return {"dataset_summaries": summaries}

    return {
        ("POST", "runs/search"): search,
        ("POST", "experiments/search-datasets"): search_datasets,
    }


def _history_routes(runs: Runs) -> Routes:
    def get_history(call: Call) -> dict[str, Any]:
        key = call.fields.required("metric_key")
        limit = call.fields.optional_integer("max_results")
        if limit is not None and limit < 1:
            raise invalid("Invalid value for parameter 'max_results': expected a positive integer.")
        page = runs.history(call.caller, _run_id(call), key, limit, call.fields.text("page_token"))
        found: dict[str, Any] = {"metrics": wire.history(key, page.items)}
        return found | ({"next_page_token": page.token} if page.token else {})

    def get_history_bulk(call: Call) -> dict[str, Any]:
        most = call.fields.integer("max_results", _MOST_POINTS, 1, _MOST_POINTS)
        key = call.fields.required("metric_key")
        found: list[dict[str, Any]] = []
        for run_id in sorted(_run_ids(call)):
            points = runs.history(call.caller, run_id, key, most - len(found)).items if len(found) < most else []
            found += [{**point, "run_id": run_id} for point in wire.history(key, points)]
        return {"metrics": found}

    def get_history_sample(call: Call) -> dict[str, Any]:
        fields = call.fields
        key, most = fields.required("metric_key"), fields.integer("max_results", 320, 1, 2500)
        first, last = fields.optional_integer("start_step"), fields.optional_integer("end_step")
        if (first is None) != (last is None):
            raise invalid("Both start_step and end_step must be specified together, or neither.")
        steps = None if first is None or last is None else (first, last)
        if steps is not None and steps[0] > steps[1]:
            raise invalid("end_step must be greater than start_step.")
        found = runs.history_sample(call.caller, _run_ids(call), key, most, steps)
        return {"metrics": [{**wire.history(key, [point])[0], "run_id": run_id} for run_id, point in found]}

    return {
        ("GET", "metrics/get-history"): get_history,
        ("GET", "metrics/get-history-bulk"): get_history_bulk,
        ("GET", "metrics/get-history-bulk-interval"): get_history_sample,
    }


def _input_routes(runs: Runs) -> Routes:
    def log_inputs(call: Call) -> dict[str, Any]:
        datasets = [_dataset_input(one) for one in call.fields.objects("datasets", limits.MAX_DATASETS_PER_REQUEST)]
        models = [RunModel(one.required("model_id"), "input", 0) for one in call.fields.objects("models")]
        runs.log_inputs(call.caller, _run_id(call), datasets, models)
        return {}

    def log_outputs(call: Call) -> dict[str, Any]:
        models = [
            RunModel(one.required("model_id"), "output", one.integer("step", 0))
            for one in call.fields.objects("models")
        ]
        runs.log_inputs(call.caller, _run_id(call), [], models)
        return {}

    def log_model(call: Call) -> dict[str, Any]:
        run_id = _run_id(call)
        try:
            logged = orjson.loads(call.fields.required("model_json"))
        except orjson.JSONDecodeError:
            raise invalid("Malformed model info: 'model_json' is not valid JSON.") from None
        before = dict(runs.get(call.caller, run_id).tags).get(LOGGED_MODELS_TAG, "[]")
        history = orjson.dumps([*orjson.loads(before), logged]).decode()
        tags = limits.check_pairs([(LOGGED_MODELS_TAG, history)], limits.MAX_TEXT_LENGTH)
        runs.log_and_wait(LogEntry(call.caller, run_id, tags=tags))
        return {}

    return {
        ("POST", "runs/log-inputs"): log_inputs,
        ("POST", "runs/outputs"): log_outputs,
        ("POST", "runs/log-model"): log_model,
    }


def _dataset_input(fields: Fields) -> DatasetInput:
    dataset = fields.object("dataset")
    name, digest = dataset.required("name"), dataset.required("digest")
    if len(name) > limits.MAX_DATASET_NAME_LENGTH or len(digest) > limits.MAX_DATASET_DIGEST_LENGTH:
        raise invalid(
            f"A dataset's name has at most {limits.MAX_DATASET_NAME_LENGTH} characters and its digest "
            f"{limits.MAX_DATASET_DIGEST_LENGTH}."
        )
    texts = {part: dataset.text(part) for part in ("source_type", "source", "schema", "profile")}
    for part, text in texts.items():
        if len(limits.check_text(text, part)) > limits.MAX_TEXT_LENGTH:
            raise invalid(f"A dataset's {part} has at most {limits.MAX_TEXT_LENGTH} characters.")
    return DatasetInput(
        name=limits.check_text(name, "name"),
        digest=limits.check_text(digest, "digest"),
        source_type=texts["source_type"][:36],
        source=texts["source"],
        schema=texts["schema"] or None,
        profile=texts["profile"] or None,
        tags=dict(limits.check_pairs(fields.pairs("tags"), limits.MAX_TAG_LENGTH)),
    )


def _run_id(call: Call) -> str:
    return call.fields.required("run_id", "run_uuid")


def _run_ids(call: Call) -> list[str]:
    run_ids = call.fields.texts("run_ids") or call.fields.texts("run_id")
    if not run_ids:
        raise invalid("Missing value for required parameter 'run_ids'.")
    if len(run_ids) > _MOST_RUNS_IN_HISTORY:
        raise invalid(f"At most {_MOST_RUNS_IN_HISTORY} runs can be asked for at once, got {len(run_ids)}.")
    return run_ids
