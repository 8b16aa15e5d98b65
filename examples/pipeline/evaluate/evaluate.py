"""Measure a model on rows that it has not seen. A model that is not good enough ends the pipeline."""

import argparse
import json
import shutil
import sys
from pathlib import Path

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.metrics import accuracy_score, recall_score, roc_auc_score

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True, help="folder with test.csv")
parser.add_argument("--model", type=Path, required=True, help="folder with the model")
parser.add_argument("--least-accuracy", type=float, required=True)
parser.add_argument("--approved", type=Path, required=True, help="folder that the model is copied to")
parser.add_argument("--report", type=Path, required=True, help="folder for metrics.json")
args = parser.parse_args()

table = pd.read_csv(args.data / "test.csv")
features, label = table.drop(columns="benign"), table["benign"]
model = mlflow.sklearn.load_model(str(args.model))
predicted = model.predict(features)
metrics = {
    "test_accuracy": float(accuracy_score(label, predicted)),
    "test_auc": float(roc_auc_score(label, model.predict_proba(features)[:, 1])),
    "malignant_found": float(recall_score(label, predicted, pos_label=0)),
}
mlflow.log_metrics(metrics)
args.report.mkdir(parents=True, exist_ok=True)
(args.report / "metrics.json").write_text(json.dumps(metrics, indent=2))
for name, value in metrics.items():
    print(f"{name} {value:.4f}")
if metrics["test_accuracy"] < args.least_accuracy:
    sys.exit(f"The model is not good enough: at least {args.least_accuracy} is asked for.")
shutil.copytree(args.model, args.approved, dirs_exist_ok=True)
