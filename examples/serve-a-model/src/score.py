"""A scoring script: `init` once in each process, `run` for each request."""

import json
import os

import mlflow
import pandas as pd


def init():
    """Load the model, which lies below ``AZUREML_MODEL_DIR``."""
    global model
    folder = os.environ["AZUREML_MODEL_DIR"]
    model = mlflow.sklearn.load_model(os.path.join(folder, os.listdir(folder)[0]))


def run(data):
    """Return how likely each tumour is benign.

    Args:
        data: the request's text: JSON with ``input_data`` (columns, index, data).
    """
    asked = json.loads(data)["input_data"]
    rows = pd.DataFrame(asked["data"], columns=asked["columns"])
    return [round(float(likely), 4) for likely in model.predict_proba(rows)[:, 1]]
