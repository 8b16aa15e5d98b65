"""The environment that an MLflow model brings along, as its folder describes it.

Forms: https://mlflow.org/docs/latest/ml/model/dependencies/ — a conda file, or ``python_env.yaml`` with
``requirements.txt``. They are read as plain text; nothing of the model is loaded.
"""

from __future__ import annotations

from typing import Any

from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.safe_yaml import MOST_BYTES, read_mapping


def model_environment(storage: Storage, model: StorageLocation) -> dict[str, Any] | None:
    """Give an environment document with what the model says it needs; None when it says nothing.

    Raises:
        LapisError: DocumentInvalid for a file that can't be read; what the storage raises.
    """
    conda = read_mapping(storage, model.child("conda.yaml"))
    if conda is not None and conda.get("dependencies"):
        return {"conda_file": conda}
    requirements = _lines(storage, model.child("requirements.txt"))
    if not requirements:
        return None
    python = (read_mapping(storage, model.child("python_env.yaml")) or {}).get("python")
    if not isinstance(python, str):
        return {"requirements": requirements}
    return {"conda_file": {"dependencies": [f"python={python}", "pip", {"pip": requirements}]}}


def _lines(storage: Storage, location: StorageLocation) -> list[str]:
    found = storage.info(location)
    if found is None or found.is_dir:
        return []
    text = storage.read_range(location, 0, MOST_BYTES).decode("utf-8", "replace")
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
