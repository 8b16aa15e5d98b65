"""An MLflow model with texts and numbers is converted as a whole and answers requests in both forms."""

from __future__ import annotations

import json
from pathlib import Path

import mlflow.sklearn
import numpy as np
import pandas as pd
from mlflow.models import infer_signature
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lapisml.scoring.lapis_scoring import flavours, forms, readers
from lapisml.scoring.lapis_scoring.accelerate import serving
from lapisml.scoring.lapis_scoring.accelerate.main import accelerate
from lapisml.scoring.lapis_scoring.model_engine import taking
from lapisml.scoring.lapis_scoring.signature import ModelFile

REQUESTS = (
    [{"age": 30.0, "weight": 70.0, "town": "Bern"}, {"age": 61.0, "weight": 55.5, "town": "Rome"}],
    [{"age": None, "weight": 70.0, "town": "Oslo"}],
    [{"age": 30.0, "weight": 70.0, "town": "nowhere"}],
)


def _saved(place: Path) -> None:
    random = np.random.default_rng(1)
    frame = pd.DataFrame({"age": random.uniform(20, 80, 300), "weight": random.uniform(50, 100, 300)})
    frame["town"] = random.choice(["Bern", "Oslo", "Rome"], 300)
    sick = (frame["age"] + 20 * (frame["town"] == "Rome") > 60).astype(int)
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    towns = OneHotEncoder(handle_unknown="ignore")
    picked = ColumnTransformer([("numbers", numbers, ["age", "weight"]), ("towns", towns, ["town"])])
    model = make_pipeline(picked, LogisticRegression()).fit(frame, sick)
    signature = infer_signature(frame, model.predict(frame))
    mlflow.sklearn.save_model(model, str(place), signature=signature, serialization_format="cloudpickle")


def test_texts_and_numbers(tmp_path: Path) -> None:
    _saved(tmp_path / "model")
    report = accelerate(str(tmp_path / "model"), str(tmp_path / "made"))
    assert report.accelerated, report.reason
    assert report.nan
    assert report.texts == {"town": ["Bern", "Oslo", "Rome"]}

    file = ModelFile(str(tmp_path / "model"))
    model = flavours.load(file, 1)
    reader = readers.choose(file, model)
    original = taking(model)
    given = {"model": str(tmp_path / "made" / "model.onnx"), "report": str(tmp_path / "made" / "report.json")}
    fast_reader, fast = serving.attach(given, file, model, reader, original)
    for records in REQUESTS:
        body = json.dumps({"input_data": records}).encode()
        expected = original(reader.read(forms.read(json.loads(body))))
        assert np.asarray(fast(fast_reader.read(forms.read(json.loads(body))))).tolist() == expected.tolist()


def test_a_model_of_another_kind_is_refused_with_a_report(tmp_path: Path) -> None:
    class Doubling(mlflow.pyfunc.PythonModel):
        """Nothing that a converter knows."""

        def predict(self, context: object, model_input: list[float]) -> list[float]:
            return [2 * value for value in model_input]

    mlflow.pyfunc.save_model(str(tmp_path / "model"), python_model=Doubling())
    report = accelerate(str(tmp_path / "model"), str(tmp_path / "made"))
    assert not report.accelerated
    assert "scikit-learn, LightGBM and XGBoost" in report.reason
    assert json.loads((tmp_path / "made" / "report.json").read_text())["reason"] == report.reason
