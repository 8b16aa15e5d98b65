"""Print what the stock MLflow client sees of an experiment: each run below its parent, with its metrics.

Usage: MLFLOW_TRACKING_URI=$(lapis workspace show --query mlflow_tracking_uri -o tsv) \
       MLFLOW_TRACKING_TOKEN=$(lapis auth token) python show_runs.py <name of the pipeline job>
"""

import sys

from mlflow import MlflowClient
from mlflow.entities import Run

client = MlflowClient()


def show(run: Run, runs: list[Run], depth: int = 0) -> None:
    logged = [(name, value) for name, value in sorted(run.data.metrics.items()) if not name.startswith("system/")]
    metrics = "  ".join(f"{name} {value:.4g}" for name, value in logged)
    print(f"{'  ' * depth}{run.info.run_name:<{18 - 2 * depth}}{metrics}".rstrip())
    for child in runs:
        if child.data.tags.get("mlflow.parentRunId") == run.info.run_id:
            show(child, runs, depth + 1)


top = client.get_run(sys.argv[1])
show(top, client.search_runs([top.info.experiment_id], order_by=["attributes.start_time ASC"]))
