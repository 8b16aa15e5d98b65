"""Models of three libraries answer the same as graphs: on thresholds, beside them, and with missing values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import lightgbm
import numpy as np
import pytest
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from lapisml.scoring.lapis_scoring.accelerate.convert import convert
from lapisml.scoring.lapis_scoring.accelerate.report import RefusedError

from .models import FORM, WIDTH, table, verified

Make = Callable[[], Any]

TWO: dict[str, Make] = {
    "regression": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "tree": lambda: DecisionTreeClassifier(random_state=0),
    "forest": lambda: RandomForestClassifier(20, random_state=0),
    "forest of shallow trees": lambda: RandomForestClassifier(20, max_depth=3, random_state=0),
    "scaled forest": lambda: make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0)),
    "extra trees": lambda: ExtraTreesClassifier(5, random_state=0),
    "boosting": lambda: GradientBoostingClassifier(n_estimators=10, random_state=0),
    "exponential boosting": lambda: GradientBoostingClassifier(loss="exponential", n_estimators=5, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=10, random_state=0),
    "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=10, verbose=-1, n_jobs=1),
    "scaled lightgbm": lambda: make_pipeline(
        StandardScaler(), lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)
    ),
    "xgboost": lambda: xgboost.XGBClassifier(n_estimators=10, n_jobs=1),
    "scaled xgboost": lambda: make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=5, n_jobs=1)),
}
NUMBERS: dict[str, Make] = {
    "linear": LinearRegression,
    "tree": lambda: DecisionTreeRegressor(random_state=0),
    "forest": lambda: RandomForestRegressor(5, random_state=0),
    "boosting": lambda: GradientBoostingRegressor(n_estimators=10, random_state=0),
    "histogram": lambda: HistGradientBoostingRegressor(max_iter=10, random_state=0),
    "poisson histogram": lambda: HistGradientBoostingRegressor(loss="poisson", max_iter=10, random_state=0),
    "lightgbm": lambda: lightgbm.LGBMRegressor(n_estimators=10, verbose=-1, n_jobs=1),
    "poisson lightgbm": lambda: lightgbm.LGBMRegressor(objective="poisson", n_estimators=5, verbose=-1, n_jobs=1),
    "xgboost": lambda: xgboost.XGBRegressor(n_estimators=10, n_jobs=1),
    "poisson xgboost": lambda: xgboost.XGBRegressor(objective="count:poisson", n_estimators=5, n_jobs=1),
}
IN_DOUBLES = 1e-12


@pytest.mark.parametrize("name", TWO)
def test_two_classes(name: str) -> None:
    rows, classes = table()
    verdict, _made = verified(TWO[name]().fit(rows, classes > 0))
    assert verdict.rows > 1000
    assert verdict.largest < (1e-5 if "xgboost" in name else IN_DOUBLES)


@pytest.mark.parametrize("name", ["regression", "forest", "boosting", "histogram", "lightgbm", "xgboost"])
def test_three_classes_with_names(name: str) -> None:
    rows, classes = table()
    labels = classes if name == "xgboost" else np.array(["low", "middle", "high"])[classes]
    verdict, _made = verified(TWO[name]().fit(rows, labels))
    assert verdict.output == "label"
    assert verdict.rows > 1000


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers(name: str) -> None:
    rows, classes = table()
    verdict, _made = verified(NUMBERS[name]().fit(rows, classes + np.abs(rows[:, 1]) / 3))
    assert (verdict.output, verdict.take) == ("value", "flat")
    assert verdict.largest < (1e-5 if "xgboost" in name else IN_DOUBLES)


def test_boosters_alone() -> None:
    rows, classes = table()
    of_lightgbm = lightgbm.LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1).fit(rows, classes).booster_
    assert verified(of_lightgbm)[0].nan
    inner = xgboost.XGBClassifier(n_estimators=5, n_jobs=1).fit(rows, classes > 0).get_booster()

    class Booster:
        """Takes arrays, as the flavour's loader makes it."""

        predict = staticmethod(lambda given: inner.predict(xgboost.DMatrix(given)))

    from lapisml.scoring.lapis_scoring.accelerate.drawing import Drawing
    from lapisml.scoring.lapis_scoring.accelerate.session import Graph
    from lapisml.scoring.lapis_scoring.accelerate.verify import Original, verify

    made = convert(inner, FORM)
    drawing = Drawing(inner, made, FORM)
    assert verify(Original(Booster.predict), Graph(made.SerializeToString(), FORM), drawing, None).nan


@pytest.mark.parametrize("name", ["forest", "histogram", "lightgbm", "xgboost"])
def test_models_that_know_missing_values_keep_knowing_them(name: str) -> None:
    rows, classes = table()
    rows[::7, 1] = np.nan
    rows[::5, 3] = np.nan
    assert verified(TWO[name]().fit(rows, classes > 0))[0].nan


def test_missing_values_are_left_to_a_model_that_refuses_them() -> None:
    rows, classes = table()
    assert not verified(TWO["regression"]().fit(rows, classes))[0].nan


def test_imputed_values() -> None:
    rows, classes = table()
    rows[::5, 2] = np.nan
    assert verified(make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()).fit(rows, classes))[0].nan


def test_columns_picked_by_name() -> None:
    pandas = pytest.importorskip("pandas")
    rows, classes = table()
    names = ["a", "b", "c", "d"]
    frame = pandas.DataFrame(rows, columns=names)
    picked = ColumnTransformer([("scaled", StandardScaler(), ["d", "b"]), ("kept", "passthrough", ["a"])])
    model = make_pipeline(picked, LogisticRegression()).fit(frame, classes)
    made = convert(model, {**FORM, "names": names})
    assert [one.name for one in made.graph.input] == ["rows_float64"]


def test_what_cannot_be_converted_is_refused_with_the_reason() -> None:
    rows, classes = table(50)
    model = make_pipeline(FunctionTransformer(np.log1p), LogisticRegression()).fit(np.abs(rows), classes)
    with pytest.raises(RefusedError, match="FunctionTransformer"):
        convert(model, FORM)


def test_categories_that_a_library_encodes_in_its_own_way_are_refused() -> None:
    kinds = np.repeat(np.arange(8.0), 50)
    rows = np.stack([kinds] * WIDTH, axis=1)
    settings = {"verbose": -1, "num_threads": 1, "min_data_per_group": 1, "cat_smooth": 1.0}
    dataset = lightgbm.Dataset(rows, kinds % 2, categorical_feature=list(range(WIDTH)))
    with pytest.raises(RefusedError, match="categorical"):
        convert(lightgbm.train(settings, dataset, 3), FORM)


def test_width_of_the_input_is_the_models() -> None:
    rows, classes = table(50)
    made = convert(LogisticRegression().fit(rows, classes), FORM)
    assert made.graph.input[0].type.tensor_type.shape.dim[1].dim_value == WIDTH
