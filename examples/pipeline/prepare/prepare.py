"""Write scikit-learn's breast cancer data as ``train.csv`` and ``test.csv``, with the label ``benign``."""

import argparse
from pathlib import Path

import mlflow
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--test-share", type=float, required=True, help="share of the rows that are kept for the test")
parser.add_argument("--seed", type=int, required=True)
parser.add_argument("--data", type=Path, required=True, help="folder for the two tables")
args = parser.parse_args()

frame = load_breast_cancer(as_frame=True).frame.rename(columns={"target": "benign"})
train, test = train_test_split(frame, test_size=args.test_share, random_state=args.seed, stratify=frame["benign"])
args.data.mkdir(parents=True, exist_ok=True)
train.to_csv(args.data / "train.csv", index=False)
test.to_csv(args.data / "test.csv", index=False)
mlflow.log_metrics({"train_rows": len(train), "test_rows": len(test)})
print(f"{len(train)} rows to train on, {len(test)} rows to test with")
