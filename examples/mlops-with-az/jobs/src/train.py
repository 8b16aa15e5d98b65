"""Train a classifier on a CSV file and log it with MLflow."""

import argparse

import mlflow
import mlflow.sklearn
import pandas as pd
from azureml.core import Run
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score

parser = argparse.ArgumentParser()
parser.add_argument("--data", required=True)
parser.add_argument("--rate", type=float, required=True)
args = parser.parse_args()

run = Run.get_context()
frame = pd.read_csv(args.data)
features, label = frame.drop(columns="species"), frame["species"]
model = LogisticRegression(C=1 / args.rate, max_iter=1000)
accuracy = cross_val_score(model, features, label, cv=3).mean()
run.log("accuracy", accuracy)
run.tag("data", args.data.rsplit("/", 1)[-1])
print(f"run {run.id}: accuracy {accuracy:.3f}")
with mlflow.start_run():
    mlflow.log_param("rate", args.rate)
    mlflow.sklearn.log_model(model.fit(features, label), artifact_path="model", input_example=features.head(2))
