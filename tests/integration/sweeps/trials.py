"""What the trials of these tests run: a script that speaks MLflow's protocol with the standard library alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PYTHON = sys.executable

LOG = """
import json, os, sys, time, urllib.request

def log(key, value, step=0, kind="log-metric"):
    body = {"run_id": os.environ["MLFLOW_RUN_ID"], "key": key, "value": value}
    if kind == "log-metric":
        body |= {"timestamp": time.time_ns() // 1_000_000, "step": step}
    headers = {"Content-Type": "application/json"}
    if os.environ.get("MLFLOW_TRACKING_TOKEN"):
        headers["Authorization"] = "Bearer " + os.environ["MLFLOW_TRACKING_TOKEN"]
    url = os.environ["MLFLOW_TRACKING_URI"] + "/api/2.0/mlflow/runs/" + kind
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=30).read()
"""


def script(folder: Path, body: str) -> str:
    """Write a trial's script beside the test and give the command that runs it, ready for arguments."""
    path = folder / "trial.py"
    path.write_text(LOG + body)
    return f"{PYTHON} {path}"


def sweep(command: str, space: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """Give a sweep's document."""
    limits = {"max_total_trials": 4, "max_concurrent_trials": 2, **keys.pop("limits", {})}
    return {
        "type": "sweep",
        "trial": {"command": command, "environment": {"image": "python"}, **keys.pop("trial", {})},
        "search_space": space,
        "sampling_algorithm": keys.pop("sampling_algorithm", "random"),
        "objective": keys.pop("objective", {"goal": "maximize", "primary_metric": "accuracy"}),
        "limits": {key: value for key, value in limits.items() if value is not None},
        **keys,
    }


def parameters(job: dict[str, Any]) -> dict[str, Any]:
    """Give the parameters of a trial."""
    return dict(json.loads(job["properties"]["hyperparameters"]))
