"""The model of a deployment: found, registered when it stands in the deployment itself, asked what it needs to run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.ports.storage import Storage
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
        """Give the model that a deployment names; one that stands in its document is kept under a name of our own.

        Args:
            given: a reference, or a model in place: ``path``, and perhaps ``type``.

        Raises:
            LapisError: ReferenceNotFound, DocumentInvalid, Conflict.
        """
        if isinstance(given, str):
            return self._assets.resolve(workspace, AssetKind.MODELS, given)
        document = {key: value for key, value in given.items() if value is not None and key not in ("name", "version")}
        mark = hashlib.sha256(json.dumps(document, sort_keys=True, default=str).encode()).hexdigest()[:16]
        document |= {"name": f"anonymous-{mark}", "version": "1"}
        return self._assets.create(workspace, AssetKind.MODELS, document, by)

    def environment(self, workspace: Workspace, model: AssetRecord) -> dict[str, Any]:
        """Give the environment that an MLflow model says it needs, in place.

        Raises:
            LapisError: NotSupported when it can't be used as a function, or does not say.
        """
        location = self._assets.location(workspace, str(model.uri), AssetKind.MODELS)
        content = read_mapping(self._storage, location.child("MLmodel")) or {}
        flavors = content.get("flavors")
        function = flavors.get(_PYFUNC) if isinstance(flavors, Mapping) else None
        if not isinstance(function, Mapping):
            raise _unusable(model, "has no flavour `python_function`, so it can't be used without a scoring script")
        name = function.get("env")
        if isinstance(name, Mapping):
            name = name.get("conda")
        conda = read_mapping(self._storage, location.child(str(name))) if name else None
        if conda is None:
            raise _unusable(model, "does not say what it needs to run (no conda.yaml); give an `environment`")
        return {"conda_file": conda}


def _unusable(model: AssetRecord, why: str) -> LapisError:
    problem = Problem(f"the model {model.name}:{model.version} {why}", "model")
    return LapisError(ErrorCode.NOT_SUPPORTED, "The deployment's model can't be used.", None, [problem])
