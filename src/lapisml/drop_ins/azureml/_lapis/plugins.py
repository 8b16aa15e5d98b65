"""What MLflow's client calls for addresses of scheme ``azureml``: each leads to the job's own tracking server."""

from __future__ import annotations

import os
from typing import Any, Optional

from . import rest

OWN = "azureml._lapis.plugins"


def tracking_store(store_uri: Optional[str] = None, artifact_uri: Optional[str] = None, **named: Any) -> Any:
    """Make the tracking store for an ``azureml://`` address."""
    theirs = _installed("mlflow.tracking_store")
    if theirs is not None:
        return theirs(store_uri=store_uri, artifact_uri=artifact_uri, **named)
    from mlflow.store.tracking.rest_store import RestStore

    return RestStore(_credentials)  # type: ignore[no-untyped-call]


def registry_store(store_uri: Optional[str] = None, **named: Any) -> Any:
    """Make the registry store for an ``azureml://`` address."""
    theirs = _installed("mlflow.model_registry_store")
    if theirs is not None:
        return theirs(store_uri=store_uri, **named)
    from mlflow.store.model_registry.rest_store import RestStore

    return RestStore(_credentials)  # type: ignore[no-untyped-call]


def artifact_repository(artifact_uri: str, **named: Any) -> Any:
    """Make the repository for an ``mlflow-artifacts:`` address of a client whose tracking address is ours."""
    import mlflow
    from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
    from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

    tracking = named.get("tracking_uri") or mlflow.get_tracking_uri()
    if not str(tracking).startswith("azureml:"):
        return MlflowArtifactsRepository(artifact_uri, **named)
    resolve: Any = MlflowArtifactsRepository.resolve_uri
    repository: Any = HttpArtifactRepository
    return repository(resolve(artifact_uri, rest.server()))


def _credentials() -> Any:
    from mlflow.utils.rest_utils import MlflowHostCreds

    return MlflowHostCreds(host=rest.server(), token=os.environ.get("MLFLOW_TRACKING_TOKEN"))  # type: ignore[no-untyped-call]


def _installed(group: str) -> Any:
    """Give what a real package offers for the scheme, None when there is none."""
    from importlib import metadata

    found: Any = metadata.entry_points()
    every = found.select(group=group) if hasattr(found, "select") else found.get(group, ())
    for entry in every:
        if entry.name == "azureml" and not entry.value.startswith(OWN):
            return entry.load()
    return None
