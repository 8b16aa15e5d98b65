"""Makes skl2onnx write trees through `ensemble`: alone, as steps of pipelines, and within other estimators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..report import RefusedError
from . import of_lightgbm, of_sklearn, of_xgboost
from .answer import TreeAnswer
from .ensemble import DOMAIN

Read = Any


def register(libraries: Any) -> None:
    """Register the trees of scikit-learn, and of the other libraries that are named.

    Args:
        libraries: top packages of the model's parts; only these are imported.
    """
    from skl2onnx import update_registered_converter
    from skl2onnx.common import shape_calculator

    shapes = {
        True: shape_calculator.calculate_linear_classifier_output_shapes,
        False: shape_calculator.calculate_linear_regressor_output_shapes,
    }
    options: dict[bool, Any] = {
        True: {"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]},
        False: None,
    }
    for kind, read in _kinds(libraries):
        classifies = hasattr(kind, "predict_proba")
        update_registered_converter(
            kind, "Lapis" + kind.__name__, shapes[classifies], _converter(read), options=options[classifies]
        )


def _kinds(libraries: Any) -> list[tuple[type, Read]]:
    from sklearn import ensemble, tree

    found: list[tuple[type, Read]] = []
    for name in ("RandomForest", "ExtraTrees"):
        found += [(getattr(ensemble, name + end), of_sklearn.forest) for end in ("Classifier", "Regressor")]
    for name in ("DecisionTree", "ExtraTree"):
        found += [(getattr(tree, name + end), of_sklearn.forest) for end in ("Classifier", "Regressor")]
    for end in ("Classifier", "Regressor"):
        found.append((getattr(ensemble, "GradientBoosting" + end), of_sklearn.boosting))
        histogram = getattr(ensemble, "HistGradientBoosting" + end, None)
        found += [(histogram, of_sklearn.histogram)] if histogram is not None else []
    if "lightgbm" in libraries:
        import lightgbm

        found += [(lightgbm.LGBMClassifier, _lightgbm), (lightgbm.LGBMRegressor, _lightgbm)]
    if "xgboost" in libraries:
        import xgboost

        found += [(xgboost.XGBClassifier, _xgboost), (xgboost.XGBRegressor, _xgboost)]
        found += [(xgboost.XGBRFClassifier, _xgboost), (xgboost.XGBRFRegressor, _xgboost)]
    return found


def _lightgbm(model: Any) -> TreeAnswer:
    return of_lightgbm.booster(model.booster_, getattr(model, "classes_", None))


def _xgboost(model: Any) -> TreeAnswer:
    missing = getattr(model, "missing", np.nan)
    if missing is not None and not np.isnan(missing):
        raise RefusedError(f"it takes {missing} for missing values")
    best = getattr(model, "best_iteration", None) if getattr(model, "early_stopping_rounds", None) else None
    rounds = None if best is None else int(best) + 1
    return of_xgboost.booster(model.get_booster(), getattr(model, "classes_", None), rounds)


def _converter(read: Read) -> Callable[[Any, Any, Any], None]:
    def convert(scope: Any, operator: Any, container: Any) -> None:
        answer = read(operator.raw_operator)
        Writer(_Names(scope), container).write(
            answer, operator.inputs[0].full_name, [one.full_name for one in operator.outputs]
        )

    return convert


class _Names:
    """Unique names from skl2onnx's scope."""

    def __init__(self, scope: Any) -> None:
        self._scope = scope

    def __call__(self, name: str) -> str:
        found: str = self._scope.get_unique_variable_name(name)
        return found


class Writer:
    """Writes the nodes of an answer.

    Args:
        names: gives a name that nothing else has.
        container: takes nodes and constants, as skl2onnx's containers do.
    """

    def __init__(self, names: Callable[[str], str], container: Any) -> None:
        self._names = names
        self._container = container

    def write(self, answer: TreeAnswer, rows: str, outputs: list[str]) -> None:
        """Write what leads from `rows` to the outputs: label and probabilities, or the value.

        Raises:
            RefusedError: the labels are neither whole numbers nor texts.
        """
        sums = self._sums(answer, rows)
        if answer.classes is None:
            self._linked(answer, sums, outputs[0])
            return
        probabilities = self._linked(answer, sums, outputs[1])
        self._label(answer.classes, probabilities, outputs[0])

    def _sums(self, answer: TreeAnswer, rows: str) -> str:
        from onnx import TensorProto

        rows = self._cast(rows, TensorProto.FLOAT) if answer.in_float else rows
        rows = self._cast(rows, TensorProto.DOUBLE)
        operator, attributes = answer.ensemble.node()
        sums = self._names("sums")
        self._container.add_node(
            operator, [rows], [sums], op_domain=DOMAIN, op_version=3, name=self._names(operator), **attributes
        )
        if operator != "TreeEnsemble":
            sums = self._cast(sums, TensorProto.DOUBLE)
        if answer.divide != 1.0:
            sums = self._with_constant("Div", sums, np.array([answer.divide]))
        return sums if answer.add is None or not answer.add.any() else self._with_constant("Add", sums, answer.add)

    def _linked(self, answer: TreeAnswer, sums: str, output: str) -> str:
        if answer.scale != 1.0:
            sums = self._with_constant("Mul", sums, np.array([answer.scale]))
        if answer.link in ("sigmoid", "rest"):
            second = self._node("Sigmoid", [sums], 13) if answer.link == "sigmoid" else sums
            if answer.classes is None:
                return self._node("Identity", [second], 13, output)
            first = self._node("Sub", [self._constant(np.array([1.0])), second], 13)
            return self._node("Concat", [first, second], 13, output, axis=1)
        operator = {"identity": "Identity", "exp": "Exp", "softmax": "Softmax"}[answer.link]
        return self._node(operator, [sums], 13, output, **({"axis": 1} if answer.link == "softmax" else {}))

    def _label(self, classes: Any, probabilities: str, output: str) -> None:
        classes = np.asarray(classes)
        largest = self._node("ArgMax", [probabilities], 13, axis=1, keepdims=0)
        if np.array_equal(classes, np.arange(len(classes))):
            self._node("Identity", [largest], 13, output)
            return
        if classes.dtype.kind in "biu":
            known = self._constant(classes.astype(np.int64))
        elif all(isinstance(one, str) for one in classes.tolist()):
            known = self._texts(classes.tolist())
        else:
            raise RefusedError("its labels are neither whole numbers nor texts")
        self._node("Gather", [known, largest], 13, output, axis=0)

    def _cast(self, name: str, to: int) -> str:
        return self._node("Cast", [name], 13, to=to)

    def _with_constant(self, operator: str, name: str, values: np.ndarray) -> str:
        return self._node(operator, [name, self._constant(values)], 13)

    def _constant(self, values: np.ndarray) -> str:
        from onnx import TensorProto

        kind = TensorProto.INT64 if values.dtype.kind == "i" else TensorProto.DOUBLE
        name = self._names("constant")
        self._container.add_initializer(name, kind, list(values.shape), values.ravel().tolist())
        return name

    def _texts(self, values: list[str]) -> str:
        from onnx import TensorProto

        name = self._names("classes")
        self._container.add_initializer(name, TensorProto.STRING, [len(values)], [one.encode() for one in values])
        return name

    def _node(self, operator: str, inputs: list[str], version: int, output: str = "", **attributes: Any) -> str:
        output = output or self._names(operator.lower())
        self._container.add_node(
            operator, inputs, [output], op_version=version, name=self._names(operator + "_node"), **attributes
        )
        return output
