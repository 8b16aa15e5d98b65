"""Parts the table of patients into one to train on and one to test with."""

import argparse
from pathlib import Path

import pandas as pd

parser = argparse.ArgumentParser()
parser.add_argument("--table", type=Path, required=True)
parser.add_argument("--data", type=Path, required=True)
args = parser.parse_args()

patients = pd.read_csv(args.table)
test = patients.sample(frac=0.25, random_state=0)
patients.drop(test.index).to_csv(args.data / "train.csv", index=False)
test.to_csv(args.data / "test.csv", index=False)
print(f"\x1b[32m{len(patients) - len(test)}\x1b[0m patients to train on, \x1b[36m{len(test)}\x1b[0m to test with")
