"""Fits a ridge regression step by step, logs how well it foretells, and leaves it as an MLflow model."""

import argparse
from pathlib import Path

import mlflow
import mlflow.sklearn
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True)
parser.add_argument("--alpha", type=float, required=True)
parser.add_argument("--positive", choices=["no", "yes"], required=True)
parser.add_argument("--model", type=Path, required=True)
args = parser.parse_args()

train, test = (pd.read_csv(args.data / f"{name}.csv") for name in ("train", "test"))
features = [name for name in train.columns if name != "progression"]
shown = test[features].astype("float64")
mlflow.log_params({"alpha": round(args.alpha, 5), "positive": args.positive})
for step, share in enumerate((0.1, 0.2, 0.4, 0.6, 0.8, 1.0)):
    part = train.sample(frac=share, random_state=1)
    model = Ridge(alpha=args.alpha, positive=args.positive == "yes").fit(part[features], part["progression"])
    found = model.predict(shown)
    error = mean_squared_error(test["progression"], found)
    mlflow.log_metrics(
        {"r2": r2_score(test["progression"], found), "rmse": error**0.5,
         "mae": mean_absolute_error(test["progression"], found)}, step=step,
    )  # fmt: skip
    print(f"step {step}: {len(part)} patients, mean squared error {error:.1f}")
mlflow.log_table(shown.head(20), "tables/first-patients.json")
signature = infer_signature(shown, found)
mlflow.sklearn.save_model(
    model, str(args.model), signature=signature, input_example=shown.head(2), pip_requirements=["scikit-learn"]
)
