"""What a replica is to serve, as the keeper wrote it down."""

from __future__ import annotations

import json
from typing import Any

MODELS_UNDER_WAY = 64
"""How many requests a model may have under way: what arrives while it is busy becomes one batch."""


class Plan:
    """What to load and how to answer.

    Args:
        document: the plan as JSON.

    Attributes:
        kind: ``mlflow`` (no code) or ``script``.
        model_path: the model's folder or file; None when the deployment has none.
        model_dir: ``AZUREML_MODEL_DIR``, the folder that holds the model.
        script: the scoring script's path, for kind ``script``.
        code: folder that goes on the import path and becomes the working folder.
        max_concurrent: how many calls of ``run()`` may be under way at once.
        timeout_s: longest time for a request, seconds.
        endpoint, deployment, revision: whose replica this is.
        accelerated: ``{"model", "report", "batch_from"}`` of the compiled form of the model, or None.
        collect: the data collector's settings: ``folder``, ``collections``, ``sampling_rate``, ``rolling_rate``.
        swagger: file to which the replica writes its swagger.json.
        threads: how many threads numeric libraries may use.
    """

    def __init__(self, document: dict[str, Any]) -> None:
        self.kind: str = document["kind"]
        self.model_path: str | None = document.get("model_path")
        self.model_dir: str | None = document.get("model_dir")
        self.script: str | None = document.get("script")
        self.code: str | None = document.get("code")
        self.max_concurrent = max(1, int(document.get("max_concurrent") or 1))
        self.timeout_s = float(document.get("timeout_s") or 5.0)
        self.endpoint: str = document.get("endpoint") or ""
        self.deployment: str = document.get("deployment") or ""
        self.revision: str = document.get("revision") or ""
        self.accelerated: dict[str, Any] | None = document.get("accelerated")
        self.collect: dict[str, Any] = document.get("collect") or {}
        self.swagger: str | None = document.get("swagger")
        self.threads = max(1, int(document.get("threads") or 1))


def read(path: str) -> Plan:
    """Read the plan.

    Raises:
        OSError: the file can't be read.
        ValueError, KeyError: it is no plan.
    """
    with open(path, encoding="utf-8") as file:
        return Plan(json.load(file))
