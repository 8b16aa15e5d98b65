"""Which models may be given bare arrays, and several requests at once."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from lapisml.scoring.lapis_scoring import flavours, readers
from lapisml.scoring.lapis_scoring.errors import LoadError
from lapisml.scoring.lapis_scoring.estimators import Anatomy
from lapisml.scoring.lapis_scoring.flavours import FRAME, MATRIX, OBJECTS
from lapisml.scoring.lapis_scoring.forms import read
from lapisml.scoring.lapis_scoring.model_engine import taking
from lapisml.scoring.lapis_scoring.signature import ModelFile, find
from tests.support.replicas import save_model

FRAME_AB = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40.0)[::-1], "t": ["x", "y"] * 20})
NUMBERS = FRAME_AB[["a", "b"]]
LABELS = NUMBERS.a > 20
COLUMNS = [{"name": "a", "type": "double"}, {"name": "b", "type": "double"}]
TEXTS = [*COLUMNS, {"name": "t", "type": "string"}]


def shifted(rows: Any) -> Any:
    return rows - rows.mean(axis=0)


def loaded(folder: Path, model: Any, inputs: Any) -> tuple[Any, Any]:
    file = ModelFile(str(save_model(folder, model, inputs)))
    found = flavours.load(file, 1)
    return found, readers.choose(file, found)


def test_a_function_of_the_users_may_look_at_other_rows() -> None:
    own = make_pipeline(FunctionTransformer(shifted), LinearRegression()).fit(NUMBERS, NUMBERS.a)
    ufunc = make_pipeline(FunctionTransformer(np.log1p), LinearRegression()).fit(NUMBERS, NUMBERS.a)
    assert not Anatomy(own).known
    assert Anatomy(ufunc).known


def test_threads_of_parts_are_one() -> None:
    forest = RandomForestClassifier(5, n_jobs=4).fit(NUMBERS, LABELS)
    model = flavours.of_estimator(make_pipeline(StandardScaler(), forest))
    assert forest.n_jobs == 1
    assert model.rowwise


@pytest.mark.parametrize("names", [["a", "b"], ["b", "a"]], ids=["the signature's", "another"])
def test_an_array_only_for_columns_in_the_order_of_the_fit(tmp_path: Path, names: list[str]) -> None:
    fitted = LogisticRegression().fit(NUMBERS[names], LABELS)
    model, _ = loaded(tmp_path / "m", fitted, COLUMNS)
    assert model.wants == (MATRIX if names == ["a", "b"] else FRAME)


def test_columns_picked_by_name_are_picked_by_place(tmp_path: Path) -> None:
    columns = ColumnTransformer([("b", StandardScaler(), ["b"])], remainder="passthrough")
    fitted = make_pipeline(columns, LogisticRegression()).fit(NUMBERS, LABELS)
    wanted = fitted.predict(NUMBERS).tolist()
    model, reader = loaded(tmp_path / "m", fitted, COLUMNS)
    assert model.wants == MATRIX
    assert model.predict(reader.read(read({"input_data": NUMBERS.values.tolist()}))).tolist() == wanted


def test_texts_go_as_objects_and_frames_where_parts_hand_frames_on(tmp_path: Path) -> None:
    def fitted(out: str) -> Any:
        columns = ColumnTransformer([("t", OneHotEncoder(sparse_output=False), ["t"])], remainder="passthrough")
        return make_pipeline(columns.set_output(transform=out), LogisticRegression()).fit(FRAME_AB, LABELS)

    rows = read({"input_data": {"columns": list(FRAME_AB), "data": FRAME_AB.values.tolist()}})
    for out, wants in (("default", OBJECTS), ("pandas", FRAME)):
        pipeline = fitted(out)
        wanted = pipeline.predict(FRAME_AB).tolist()
        model, reader = loaded(tmp_path / out, pipeline, TEXTS)
        assert model.wants == wants
        assert taking(model)(reader.read(rows)).tolist() == wanted


def test_a_model_lies_in_its_folder_or_one_below(tmp_path: Path) -> None:
    save_model(tmp_path / "outer" / "inner", LinearRegression().fit([[1]], [1]), None)
    assert find(str(tmp_path / "outer")) == find(str(tmp_path / "outer" / "inner"))
    with pytest.raises(LoadError, match="has no file MLmodel"):
        find(str(tmp_path))


@pytest.mark.parametrize(
    "kind", [RandomForestClassifier, ExtraTreesClassifier, RandomForestRegressor, ExtraTreesRegressor]
)
def test_a_forest_answers_the_same_without_a_pool_of_threads(kind: Any) -> None:
    drawn = np.random.default_rng(2).normal(size=(200, 4))
    labels = (drawn[:, 0] > 0).astype(int) + (drawn[:, 1] > 1) if "Classifier" in kind.__name__ else drawn[:, 0]
    forest = kind(20, random_state=0).fit(drawn, labels)
    names = [name for name in ("predict", "predict_proba") if hasattr(forest, name)]
    wanted = {name: getattr(forest, name)(drawn) for name in names}
    model = flavours.of_estimator(make_pipeline(StandardScaler(with_mean=False, with_std=False).fit(drawn), forest))
    assert {"predict_proba", "predict"} & set(vars(forest)), "the quicker way was taken"
    assert flavours.of_estimator(forest).predict(drawn).tolist() == wanted["predict"].tolist()
    assert np.array_equal(model.predict(drawn), wanted["predict"])
    for name in names:
        assert np.array_equal(getattr(forest, name)(drawn), wanted[name])
    with pytest.raises(ValueError, match="features"):
        forest.predict(drawn[:, :2])
