"""Rows of what runs used and made: datasets and logged models."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection

from lapisml.server.features.tracking.records import DATASET_CONTEXT_TAG, DatasetInput, RunModel
from lapisml.server.features.tracking.store.driver import fetch_among, run_many

_DATASET = (
    "INSERT INTO datasets (experiment_id, name, digest, source_type, source, schema, profile) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
)
_INPUT = (
    "INSERT INTO run_datasets (run, dataset, tags, context) "
    "SELECT ?, id, ?, ? FROM datasets WHERE experiment_id = ? AND name = ? AND digest = ? "
    "ON CONFLICT (run, dataset) DO UPDATE SET tags = excluded.tags, context = excluded.context"
)
_MODEL = "INSERT INTO run_models (run, model_id, direction, step) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"


def add_datasets(connection: Connection, run: int, experiment: int, inputs: Sequence[DatasetInput]) -> None:
    """Record that a run used datasets; a dataset is known by name and digest within an experiment."""
    rows = [(experiment, d.name, d.digest, d.source_type, d.source, d.schema, d.profile) for d in inputs]
    run_many(connection, _DATASET, rows)
    uses = [
        (run, orjson.dumps(d.tags).decode(), d.tags.get(DATASET_CONTEXT_TAG), experiment, d.name, d.digest)
        for d in inputs
    ]
    run_many(connection, _INPUT, uses)


def add_models(connection: Connection, run: int, models: Sequence[RunModel]) -> None:
    """Record that a run read or made models."""
    run_many(connection, _MODEL, [(run, *model) for model in models])


def dataset_summaries(
    connection: Connection, workspace_id: int, experiments: Sequence[int], limit: int
) -> list[tuple[str, str, str, str | None]]:
    """Return (public experiment id, name, digest, context) of the datasets that runs of experiments used."""
    sql = (
        "SELECT DISTINCT CASE WHEN e.is_default THEN '0' ELSE CAST(e.id AS TEXT) END, d.name, d.digest, i.context "
        "FROM datasets d JOIN experiments e ON e.id = d.experiment_id "
        "JOIN run_datasets i ON i.dataset = d.id "
        "WHERE e.workspace_id = ? AND e.id AMONG ? ORDER BY d.name, d.digest LIMIT ?"
    )
    return fetch_among(connection, sql, experiments, before=(workspace_id,), after=(limit,))
