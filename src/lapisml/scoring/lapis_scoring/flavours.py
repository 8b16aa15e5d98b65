"""Models as MLflow saved them, loaded without MLflow and pandas where that gives the same answers."""

from __future__ import annotations

import importlib
import os
import pickle
import sys
import warnings
from collections.abc import Callable
from typing import Any

from . import forests
from .errors import LoadError
from .estimators import Anatomy
from .signature import ModelFile

MATRIX, OBJECTS, FRAME, PYFUNC = "matrix", "objects", "frame", "pyfunc"


class Model:
    """A loaded model.

    Attributes:
        wants: what `predict` takes: ``matrix`` (an array of numbers), ``objects`` (an array of objects), ``frame`` (a
            DataFrame), or ``pyfunc`` (what MLflow's own ``predict`` takes).
        predict: rows → predictions.
        rowwise: whether a row's prediction does not depend on the other rows, so that requests may be put together.
        names, width: the model's columns, as far as it knows them.
        pyfunc: MLflow's form of the model, for ``pyfunc``.
        anatomy: the parts of a scikit-learn model.
        native: the estimator or booster itself, where it is one of the known libraries.
    """

    def __init__(self, wants: str, predict: Callable[..., Any], rowwise: bool) -> None:
        self.wants = wants
        self.predict = predict
        self.rowwise = rowwise
        self.names: list[Any] | None = None
        self.width: int | None = None
        self.pyfunc: Any = None
        self.anatomy: Anatomy | None = None
        self.native: Any = None


def load(file: ModelFile, threads: int) -> Model:
    """Load the model.

    Args:
        file: its ``MLmodel``.
        threads: how many threads it may use.

    Raises:
        LoadError: it can't be loaded. Whatever its own code raises.
    """
    _provide_code(file)
    loader = {"mlflow.sklearn": _sklearn, "mlflow.lightgbm": _lightgbm, "mlflow.xgboost": _xgboost}.get(file.loader)
    simple = file.signature is None or file.signature.simple or len(file.signature.tensors) == 1
    if loader is not None and simple and not (file.signature and file.signature.params) and _pickles_allowed():
        model = loader(file, threads)
        if model is not None:
            return model
    return _pyfunc(file)


def _pickles_allowed() -> bool:
    return os.environ.get("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "true").lower() in ("true", "1")


def _provide_code(file: ModelFile) -> None:
    code = (file.flavors.get("python_function") or {}).get("code")
    if code:
        sys.path.insert(0, os.path.join(file.folder, code))


def _sklearn(file: ModelFile, threads: int) -> Model | None:  # noqa: ARG001 - as the other loaders
    flavor = file.flavors.get("sklearn") or {}
    python = file.flavors.get("python_function") or {}
    name = flavor.get("pickled_model") or python.get("model_path") or python.get("data")
    if not name:
        return None
    estimator = unpickled(os.path.join(file.folder, name), flavor.get("serialization_format", "pickle"), flavor)
    return of_estimator(estimator, str(python.get("predict_fn") or "predict"))


def of_estimator(estimator: Any, function: str = "predict") -> Model:
    """Return a fitted estimator with scikit-learn's interface as a model.

    Raises:
        LoadError: it can't predict.
    """
    _quieten()
    anatomy = Anatomy(estimator)
    anatomy.one_thread()
    forests.quicken(anatomy.parts)
    predict = getattr(estimator, function, None)
    if predict is None:
        raise LoadError(f"the model, a {type(estimator).__name__}, has no function {function}")
    model = Model(MATRIX if anatomy.known else FRAME, predict, anatomy.known)
    model.anatomy, model.native = anatomy, estimator
    model.names, model.width = anatomy.names, anatomy.width
    return model


def unpickled(path: str, form: str, flavor: dict[str, Any]) -> Any:
    """Return the object in a file, by pickle, cloudpickle or skops.

    Raises:
        LoadError: the environment lacks what the file needs, or has another version of it.
    """
    try:
        if form == "skops":
            skops: Any = importlib.import_module("skops.io")
            return skops.load(path, trusted=flavor.get("skops_trusted_types"))
        pickles: Any = importlib.import_module("cloudpickle") if form == "cloudpickle" else pickle
        with open(path, "rb") as file:
            return pickles.load(file)
    except ImportError as error:
        raise LoadError(f"the model's environment lacks what the model needs: {error}") from error


def _quieten() -> None:
    warnings.filterwarnings("ignore", message="X does not have valid feature names")
    sklearn = sys.modules.get("sklearn")
    try:
        sklearn.set_config(skip_parameter_validation=True)  # type: ignore[union-attr]
    except (AttributeError, TypeError):
        return


def _lightgbm(file: ModelFile, threads: int) -> Model | None:
    flavor = file.flavors.get("lightgbm") or {}
    path = os.path.join(file.folder, flavor.get("data") or "model.lgb")
    if flavor.get("model_class", "lightgbm.basic.Booster") != "lightgbm.basic.Booster":
        return of_estimator(unpickled(path, flavor.get("serialization_format", "cloudpickle"), flavor))
    lightgbm = _imported("lightgbm")
    booster = lightgbm.Booster(model_file=path)
    plain = not getattr(booster, "pandas_categorical", None)
    model = Model(MATRIX if plain else FRAME, lambda rows: booster.predict(rows, num_threads=threads), True)
    model.width, model.native = int(booster.num_feature()), booster
    found = list(booster.feature_name())
    model.names = None if found == [f"Column_{i}" for i in range(len(found))] else found
    return model


def _xgboost(file: ModelFile, threads: int) -> Model | None:
    flavor = file.flavors.get("xgboost") or {}
    module, _, name = str(flavor.get("model_class", "xgboost.core.Booster")).rpartition(".")
    xgboost = _imported("xgboost")
    found = getattr(importlib.import_module(module), name)()
    found.load_model(os.path.join(file.folder, flavor.get("data") or "model.xgb"))
    booster = found if isinstance(found, xgboost.Booster) else found.get_booster()
    if "c" in (booster.feature_types or ()):
        return None
    if not isinstance(found, xgboost.Booster):
        found.set_params(n_jobs=threads)
        model = Model(MATRIX, found.predict, True)
    else:
        booster.set_param({"nthread": threads})
        names = booster.feature_names
        matrix = xgboost.DMatrix
        model = Model(MATRIX, lambda rows: booster.predict(matrix(rows, feature_names=names, nthread=threads)), True)
    model.names, model.width = booster.feature_names, int(booster.num_features())
    model.native = found
    return model


def _imported(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise LoadError(f"the model's environment lacks {name}: {error}") from error


def _pyfunc(file: ModelFile) -> Model:
    if not file.loader:
        raise LoadError("the model has no flavor python_function, so nothing can score it without a scoring script")
    pyfunc = _imported("mlflow.pyfunc")
    loaded = pyfunc.load_model(file.folder)
    model = Model(PYFUNC, loaded.predict, False)
    model.pyfunc = loaded
    return model
