"""From a loaded scikit-learn, LightGBM or XGBoost model to an ONNX graph in doubles.

skl2onnx converts everything but trees, which `trees` writes. Whatever can't be converted is refused; whether what
was made is right is not the converter's word but `verify`'s.
"""

from __future__ import annotations

import contextlib
import io
import warnings
from collections.abc import Mapping
from typing import Any

from . import graphs, steps
from .report import RefusedError
from .trees import of_lightgbm, of_xgboost
from .trees.plain import graph as tree_graph
from .trees.register import register

_SETS = {"": 18, "ai.onnx.ml": 3}
"""The operator sets that the converter may use; runtimes of several years know them."""


def convert(model: Any, form: Mapping[str, Any]) -> Any:
    """Convert a model.

    Args:
        model: a fitted estimator, pipeline or booster.
        form: what the graph is to take; see `Report.form`.

    Returns:
        An ``onnx.ModelProto`` that takes `form` and gives ``label`` and ``probabilities``, or ``value``.

    Raises:
        RefusedError: it can't be converted; the text says why.
    """
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            made = _converted(model, form)
    except RefusedError:
        raise
    except ImportError as error:
        raise RefusedError(f"a package for the conversion is missing: {error}") from error
    except Exception as error:
        raise RefusedError(f"it can't be converted: {_first_line(error)}") from error
    if form["kind"] == "matrix":
        graphs.one_input(made, int(form["width"]))
    return made


def library(model: Any) -> str:
    """Return the top package that a model's class comes from: ``sklearn``, ``lightgbm``, ``xgboost`` …."""
    return str(type(model).__module__).partition(".")[0]


def is_booster(model: Any) -> bool:
    """Return whether this is a bare LightGBM or XGBoost booster, without the estimator around it."""
    return library(model) in ("lightgbm", "xgboost") and type(model).__name__ == "Booster"


def _converted(model: Any, form: Mapping[str, Any]) -> Any:
    if is_booster(model):
        if form["kind"] != "matrix":
            raise RefusedError("it takes text columns, which its library encodes in its own way")
        read = of_lightgbm.booster if library(model) == "lightgbm" else of_xgboost.booster
        return tree_graph(read(model), int(form["width"]))
    made = _sklearn(model, form)
    graphs.name_outputs(made)
    graphs.declare_trees(made)
    if type(_last(model)).__name__ == "RandomForestClassifier":
        graphs.in_doubles(made)  # the converter declares this one class as float32, whatever it is made of
    return made


def _sklearn(model: Any, form: Mapping[str, Any]) -> Any:
    from skl2onnx import convert_sklearn

    steps.register()
    register({library(one) for one in graphs.parts(model)})
    options: dict[Any, Any] = {}
    if hasattr(model, "classes_") and hasattr(model, "predict_proba"):
        options = {id(model): {"zipmap": False}}
    return convert_sklearn(model, "model", _types(model, form), options=options, target_opset=dict(_SETS))


def _last(model: Any) -> Any:
    steps = getattr(model, "steps", None)
    return _last(steps[-1][1]) if steps else model


def _types(model: Any, form: Mapping[str, Any]) -> list[tuple[str, Any]]:
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    if form["kind"] == "columns":
        kinds = {"number": DoubleTensorType, "text": StringTensorType}
        return [(one["name"], kinds[one["type"]]([None, 1])) for one in form["columns"]]
    if form.get("names") and any(_picks_by_name(one) for one in graphs.parts(model)):
        return [(name, DoubleTensorType([None, 1])) for name in form["names"]]
    return [("rows", DoubleTensorType([None, int(form["width"])]))]


def _picks_by_name(model: Any) -> bool:
    """Return whether a step picks its columns by name, which the converter can only do among inputs of that name."""
    for transformer in getattr(model, "transformers_", None) or ():
        columns = transformer[2]
        if isinstance(columns, str):
            return True
        with contextlib.suppress(TypeError):
            if any(isinstance(one, str) for one in columns):
                return True
    return False


def _first_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]
