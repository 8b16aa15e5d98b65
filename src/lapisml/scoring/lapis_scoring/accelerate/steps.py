"""Steps before the estimator whose usual conversion knows float32 only."""

from __future__ import annotations

from typing import Any

import numpy as np

from .report import RefusedError


def register() -> None:
    """Make skl2onnx write `sklearn.impute.SimpleImputer` in float64."""
    from skl2onnx import update_registered_converter
    from sklearn.impute import SimpleImputer

    update_registered_converter(SimpleImputer, "LapisSimpleImputer", _same_shape, _impute)


def _same_shape(operator: Any) -> None:
    given = operator.inputs[0].type
    operator.outputs[0].type = type(given)([None, sum(int(one.type.shape[1]) for one in operator.inputs)])


def _impute(scope: Any, operator: Any, container: Any) -> None:
    """Write ``where(isnan(x), statistics, x)``."""
    from onnx import TensorProto

    imputer = operator.raw_operator
    statistics = np.asarray(imputer.statistics_)
    plain = statistics.dtype.kind == "f" and np.isfinite(statistics).all()
    missing = imputer.missing_values
    if not plain or imputer.add_indicator or not (isinstance(missing, float) and np.isnan(missing)):
        raise RefusedError("its imputer does more than to put a number for NaN")
    inputs = [one.full_name for one in operator.inputs]
    rows, known, absent = (scope.get_unique_variable_name(name) for name in ("rows", "statistics", "absent"))
    if len(inputs) > 1:
        container.add_node("Concat", inputs, [rows], op_version=13, name=scope.get_unique_operator_name("join"), axis=1)
    else:
        rows = inputs[0]
    container.add_initializer(known, TensorProto.DOUBLE, [1, len(statistics)], statistics.tolist())
    container.add_node("IsNaN", [rows], [absent], op_version=13, name=scope.get_unique_operator_name("absent"))
    container.add_node(
        "Where",
        [absent, known, rows],
        [operator.outputs[0].full_name],
        op_version=9,
        name=scope.get_unique_operator_name("impute"),
    )
