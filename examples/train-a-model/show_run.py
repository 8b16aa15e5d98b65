"""Print what the stock MLflow client sees of a run: parameters, metrics and artifacts.

Usage: MLFLOW_TRACKING_URI=$(lapis workspace show --query mlflow_tracking_uri -o tsv) \
       MLFLOW_TRACKING_TOKEN=$(lapis auth token) python show_run.py <job name>
"""

import sys

from mlflow import MlflowClient

client = MlflowClient()
run = client.get_run(sys.argv[1])
print(f"run {run.info.run_name} ({run.info.run_id}): {run.info.status}")
for name, value in sorted(run.data.metrics.items()):
    print(f"  {name:<40} {value:.4f}")
for item in client.list_artifacts(run.info.run_id):
    print(f"  artifact {item.path}{'/' if item.is_dir else ''}")
