"""Registered models and their versions in MLflow's JSON form."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetRecord, ContainerRecord
from lapisml.server.surfaces.mlflow.wire import Json, pairs

SOURCE = "mlflow.source"
MODEL_ID = "mlflow.model_id"
RUN_LINK = "mlflow.run_link"
"""Properties in which a version keeps what only MLflow says of it."""

NO_STAGE = "None"
STAGES = {"none": NO_STAGE, "staging": "Staging", "production": "Production", "archived": "Archived"}


def canonical_stage(word: str) -> str:
    """Return a stage in MLflow's spelling.

    Raises:
        LapisError: Usage.
    """
    found = STAGES.get(word.lower())
    if found is None:
        raise LapisError(
            ErrorCode.USAGE,
            f"Invalid Model Version stage: {word[:80]}. Value must be one of {sorted(STAGES.values())}.",
        )
    return found


def model_version(record: AssetRecord) -> Json:
    """Write a version."""
    properties = _texts(record.document.get("properties"))
    written: dict[str, Any] = {
        "name": record.name,
        "version": record.version,
        "creation_timestamp": record.created_at,
        "last_updated_timestamp": record.updated_at,
        "user_id": record.created_by,
        "current_stage": record.stage or NO_STAGE,
        "description": record.document.get("description") or "",
        "source": properties.get(SOURCE) or record.uri or "",
        "run_id": record.job_name or "",
        "status": "READY",
        "tags": pairs(_texts(record.document.get("tags")).items()),
        "aliases": list(record.labels),
    }
    if properties.get(MODEL_ID):
        written["model_id"] = properties[MODEL_ID]
    if properties.get(RUN_LINK):
        written["run_link"] = properties[RUN_LINK]
    return written


def registered_model(container: ContainerRecord, versions: Iterable[AssetRecord]) -> Json:
    """Write a registered model with the latest of its versions in each stage."""
    return {
        "name": container.name,
        "creation_timestamp": container.created_at,
        "last_updated_timestamp": container.updated_at,
        "user_id": container.created_by,
        "description": container.description or "",
        "latest_versions": [model_version(one) for one in latest_by_stage(versions)],
        "tags": pairs(container.tags.items()),
        "aliases": [{"alias": alias, "version": version} for alias, version in container.labels.items()],
    }


def latest_by_stage(versions: Iterable[AssetRecord]) -> list[AssetRecord]:
    """Return the version made last of each stage; archived versions are left out."""
    latest: dict[str, AssetRecord] = {}
    for record in versions:
        stage = record.stage or NO_STAGE
        if not record.archived and (stage not in latest or record.id > latest[stage].id):
            latest[stage] = record
    return list(latest.values())


def _texts(value: Any) -> dict[str, str]:
    """Return a mapping of a document with its values as text."""
    return {str(key): str(text) for key, text in value.items()} if isinstance(value, dict) else {}
