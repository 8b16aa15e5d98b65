"""The settings of a pipeline, and what a nested pipeline has of those around it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.documents.pipelines.graph import Settings


def settings_of(document: Mapping[str, Any], around: Settings) -> Settings:
    """Read the settings of a pipeline job.

    Its `compute` is that of the steps which name none, unless `settings.default_compute` is given.

    Args:
        around: what holds where the document says nothing.
    """
    given = document.get("settings") or {}
    datastore = given.get("default_datastore")
    return Settings(
        default_compute=given.get("default_compute") or document.get("compute") or around.default_compute,
        default_datastore=_bare(datastore) if datastore else around.default_datastore,
        continue_on_step_failure=_first(given.get("continue_on_step_failure"), around.continue_on_step_failure),
        force_rerun=_first(given.get("force_rerun"), around.force_rerun),
    )


def settings_document(settings: Settings) -> dict[str, Any]:
    """Write settings as a document has them, those that say nothing left out."""
    made = {
        "default_compute": settings.default_compute,
        "default_datastore": settings.default_datastore,
        "continue_on_step_failure": settings.continue_on_step_failure or None,
        "force_rerun": settings.force_rerun or None,
    }
    return {key: value for key, value in made.items() if value is not None}


def _bare(datastore: str) -> str:
    """Give the name of a datastore: ``azureml:name``, an address and an ARM id end with it."""
    return datastore.strip().rstrip("/").rsplit("/", 1)[-1].removeprefix("azureml:")


def _first(given: Any, otherwise: bool) -> bool:
    return otherwise if given is None else bool(given)
