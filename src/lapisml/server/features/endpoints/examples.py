"""The request that a model was saved with: an MLflow model may bring an example of its input along."""

from __future__ import annotations

import json
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.safe_yaml import read_mapping
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.workspaces.service import Workspace

_LONGEST = 1 << 20
_NAMED, _PLACES = "saved_input_example_info", ("serving_input_path", "artifact_path")


class Examples:
    """Reads examples of requests."""

    def __init__(self, assets: AssetService, storage: Storage) -> None:
        self._assets = assets
        self._storage = storage

    def of(self, workspace: Workspace, revision: Revision | None) -> Any:
        """Give the example of a revision's model as a request; None without one that can be read."""
        reference = revision.document.get("model") if revision is not None else None
        if not isinstance(reference, str):
            return None
        try:
            model = self._assets.resolve(workspace, AssetKind.MODELS, reference)
            folder = self._assets.location(workspace, str(model.uri), AssetKind.MODELS)
            named = (read_mapping(self._storage, folder.child("MLmodel")) or {}).get(_NAMED)
            found = [self._read(folder, str(named[key])) for key in _PLACES if named.get(key)] if named else []
        except (LapisError, OSError, AttributeError):  # the page does without one
            return None
        return next((as_request(one) for one in found if one is not None), None)

    def _read(self, folder: StorageLocation, path: str) -> Any:
        place = folder.child(path)
        found = self._storage.info(place)
        if found is None or found.is_dir or found.size > _LONGEST:
            return None
        try:
            return json.loads(self._storage.read_range(place, 0, _LONGEST))
        except ValueError:
            return None


def as_request(example: Any) -> Any:
    """Give an example the form of Azure ML's requests: rows under ``input_data``. Pure."""
    if isinstance(example, dict) and "dataframe_split" in example:
        return {"input_data": example["dataframe_split"]}
    if isinstance(example, dict) and "data" in example:
        return {"input_data": example}
    if isinstance(example, dict) and "inputs" in example:
        return {"input_data": example["inputs"]}
    return example
