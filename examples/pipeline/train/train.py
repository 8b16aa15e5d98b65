"""Train a logistic regression and log its accuracy in cross-validation: the number that the sweep looks at."""

import argparse
from pathlib import Path

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=Path, required=True, help="folder with train.csv")
parser.add_argument("--regularization", type=float, required=True)
parser.add_argument("--penalty", choices=["l1", "l2"], required=True)
parser.add_argument("--model", type=Path, required=True, help="folder for the model")
args = parser.parse_args()

table = pd.read_csv(args.data / "train.csv")
features, label = table.drop(columns="benign"), table["benign"]
l1_ratio = 1.0 if args.penalty == "l1" else 0.0
classifier = LogisticRegression(C=1 / args.regularization, l1_ratio=l1_ratio, solver="liblinear", random_state=0)
model = make_pipeline(StandardScaler(), classifier)
accuracy = float(cross_val_score(model, features, label, cv=5).mean())

with mlflow.start_run():
    mlflow.log_params({"regularization": args.regularization, "penalty": args.penalty})
    mlflow.log_metric("accuracy", accuracy)
model.fit(features, label)
mlflow.sklearn.save_model(model, str(args.model), pip_requirements=["scikit-learn", "pandas"])
print(f"{args.penalty}, {args.regularization:.4g}: accuracy {accuracy:.4f}")
