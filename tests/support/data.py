"""Training data for the scenario: the real diabetes table where it is at hand, else one of the same form."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support.processes import REPOSITORY

ROWS = 15_000


def real_diabetes_csv() -> Path | None:
    """Return ``diabetes.csv`` from LAPIS_TEST_DATA or ``shared/data`` beside the repository, None where it is not."""
    folder = Path(os.environ.get("LAPIS_TEST_DATA") or REPOSITORY.parent / "shared" / "data")
    file = folder / "diabetes.csv"
    return file if file.exists() else None


def write_stand_in(file: Path) -> Path:
    """Write a table with the columns, ranges and size of ``diabetes.csv``, the same at every call.

    The label depends on the features through a logistic model whose noise lets a linear model reach about 0.81.
    """
    import numpy as np  # here, since most tests need neither
    import pandas as pd

    random = np.random.default_rng(7)
    frame = pd.DataFrame(
        {
            "PatientID": random.integers(1_000_000, 2_000_000, ROWS),
            "Pregnancies": random.poisson(3.2, ROWS),
            "PlasmaGlucose": random.normal(108, 32, ROWS).clip(44, 192).round(),
            "DiastolicBloodPressure": random.normal(71, 17, ROWS).clip(24, 117).round(),
            "TricepsThickness": random.normal(29, 14, ROWS).clip(7, 93).round(),
            "SerumInsulin": random.gamma(1.1, 125, ROWS).clip(14, 799).round(),
            "BMI": random.normal(31.5, 9.8, ROWS).clip(18, 56),
            "DiabetesPedigree": random.gamma(1.1, 0.36, ROWS).clip(0.07, 2.3),
            "Age": random.gamma(2.5, 12, ROWS).clip(21, 77).round(),
        }
    )
    scaled = (frame.drop(columns="PatientID") - frame.mean()) / frame.std()
    weights = {"Pregnancies": 1.0, "BMI": 0.6, "Age": 0.5, "SerumInsulin": 0.4, "DiabetesPedigree": 0.2}
    score = sum(weight * scaled[name] for name, weight in weights.items()) - 0.9
    frame["Diabetic"] = (random.random(ROWS) < 1 / (1 + np.exp(-1.4 * score))).astype(int)
    frame.to_csv(file, index=False)
    return file
