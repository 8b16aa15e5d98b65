"""The model of a deployment: found, registered when it stands in the deployment itself, asked what it needs to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.storage import Storage
from lapisml.server.features.assets.given_models import given_model
from lapisml.server.features.assets.model_environment import model_environment
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.safe_yaml import read_mapping
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.workspaces.service import Workspace

_PYFUNC = "python_function"


class Models:
    """Finds models and what they say of their environments."""

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage

    def of(self, workspace: Workspace, given: str | Mapping[str, Any], by: str) -> AssetRecord:
        """Give the model of a deployment; arguments and errors as `given_model`."""
        return given_model(self._assets, workspace, given, by)

    def environment(self, workspace: Workspace, model: AssetRecord) -> dict[str, Any]:
        """Give the environment that an MLflow model says it needs, in place.

        Raises:
            LapisError: NotSupported when it can't be used as a function, or does not say.
        """
        location = self._assets.location(workspace, str(model.uri), AssetKind.MODELS)
        flavors = (read_mapping(self._storage, location.child("MLmodel")) or {}).get("flavors")
        if not isinstance(flavors, Mapping) or not isinstance(flavors.get(_PYFUNC), Mapping):
            raise _unusable(model, "has no flavour `python_function`, so it can't be used without a scoring script")
        found = model_environment(self._storage, location)
        if found is None:
            raise _unusable(model, "does not say what it needs to run (no conda.yaml); give an `environment`")
        return found


def _unusable(model: AssetRecord, why: str) -> LapisError:
    problem = Problem(f"the model {model.name}:{model.version} {why}", "model")
    return LapisError(ErrorCode.NOT_SUPPORTED, "The deployment's model can't be used.", None, [problem])
