"""Train a classifier on a CSV file. Ordinary MLflow code: nothing here knows where it runs."""

import argparse
import json
from pathlib import Path

import mlflow
import mlflow.sklearn
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import RocCurveDisplay, accuracy_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def parse_args() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--training-data", required=True, help="CSV file")
    parser.add_argument("--label", required=True, help="column to predict, 0 or 1")
    parser.add_argument("--drop", default="", help="columns to leave out, separated by commas")
    parser.add_argument("--reg-rate", type=float, default=0.01)
    parser.add_argument("--report", required=True, help="folder for the report")
    return parser.parse_args()


def load(path: str, label: str, drop: str) -> tuple[pd.DataFrame, pd.Series]:
    frame = pd.read_csv(path)
    print(f"read {len(frame)} rows from {path}")
    unused = [name for name in drop.split(",") if name]
    return frame.drop(columns=[label, *unused]).astype(float), frame[label]


def main() -> None:
    args = parse_args()
    mlflow.autolog(log_models=False)
    with mlflow.start_run():
        features, label = load(args.training_data, args.label, args.drop)
        x_train, x_test, y_train, y_test = train_test_split(features, label, test_size=0.3, random_state=0)
        mlflow.log_param("reg_rate", args.reg_rate)
        mlflow.log_params({"rows": len(features), "label": args.label})

        model = make_pipeline(StandardScaler(), LogisticRegression(C=1 / args.reg_rate, max_iter=1000))
        model.fit(x_train, y_train)
        scores = model.predict_proba(x_test)[:, 1]
        accuracy = float(accuracy_score(y_test, scores > 0.5))
        auc = float(roc_auc_score(y_test, scores))
        mlflow.log_metric("accuracy", accuracy)
        mlflow.log_metrics({"auc": auc, "test_rows": len(y_test)})
        print(f"accuracy {accuracy:.4f}, AUC {auc:.4f}")

        mlflow.log_figure(RocCurveDisplay.from_predictions(y_test, scores).figure_, "roc_curve.png")
        Path("outputs").mkdir(exist_ok=True)
        summary = Path(args.report) / "summary.json"
        summary.write_text(json.dumps({"accuracy": accuracy, "auc": auc}))
        mlflow.log_artifact(str(summary))
        Path("outputs", "features.txt").write_text("\n".join(features.columns))
        mlflow.sklearn.log_model(model, artifact_path="model", input_example=x_test.head(3))


if __name__ == "__main__":
    main()
