"""What the files of a model say of it: its type and, for MLflow models, the flavours in its ``MLmodel`` file.

Form of the file: https://mlflow.org/docs/latest/ml/model/#mlmodel-configuration. It is read as plain YAML;
nothing of the model is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from lapisml.ports.storage import Storage, StorageLocation
from lapisml.server.features.assets.safe_yaml import read_mapping


@dataclass(frozen=True)
class ModelFacts:
    """What was found.

    Attributes:
        type: ``mlflow_model``, ``triton_model`` or ``custom_model``.
        flavors: flavour → its plain settings; empty for other types.
        run_id: the run that logged the model, as the file says.
    """

    type: str
    flavors: dict[str, Any] = field(default_factory=dict)
    run_id: str | None = None


def examine(storage: Storage, location: StorageLocation, is_dir: bool) -> ModelFacts:
    """Look at a model's files.

    Raises:
        LapisError: DocumentInvalid when there is an ``MLmodel`` file that can't be read.
    """
    content = read_mapping(storage, location.child("MLmodel")) if is_dir else None
    if content is None:
        return ModelFacts("custom_model")
    run_id = content.get("run_id")
    return ModelFacts("mlflow_model", _plain(content.get("flavors")), run_id if isinstance(run_id, str) else None)


def _plain(flavors: Any) -> dict[str, Any]:
    """Return the flavours as JSON values; empty when they are no mapping or nested beyond sense."""
    if not isinstance(flavors, dict):
        return {}
    try:
        plain: dict[str, Any] = orjson.loads(orjson.dumps(flavors, default=str, option=orjson.OPT_NON_STR_KEYS))
    except orjson.JSONEncodeError:
        return {}
    return plain
