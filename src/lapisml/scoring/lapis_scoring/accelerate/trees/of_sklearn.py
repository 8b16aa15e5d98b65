"""The trees of scikit-learn's estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..report import RefusedError
from .answer import TreeAnswer
from .ensemble import Ensemble, Tree


def forest(model: Any) -> TreeAnswer:
    """Read a decision tree, a forest or extra trees."""
    estimators = getattr(model, "estimators_", None)
    members = [model] if estimators is None else list(estimators)
    if int(model.n_outputs_) != 1:
        raise RefusedError("it predicts several outputs at once")
    classes = getattr(model, "classes_", None)
    trees = [_tree(one.tree_, classes) for one in members]
    count = float(len(members))
    if classes is None:
        return TreeAnswer(Ensemble(trees), in_float=True, divide=count)
    if len(classes) == 2:
        return TreeAnswer(Ensemble(trees), in_float=True, divide=count, link="rest", classes=classes)
    return TreeAnswer(Ensemble(trees, targets=len(classes)), in_float=True, divide=count, classes=classes)


def boosting(model: Any) -> TreeAnswer:
    """Read gradient boosting.

    Raises:
        RefusedError: it begins with another estimator's predictions, or has a loss that is not known.
    """
    rounds = model.estimators_
    constant = type(model.init_).__name__ in ("DummyClassifier", "DummyRegressor") or isinstance(model.init_, str)
    if not constant:
        raise RefusedError("gradient boosting begins with another estimator's predictions")
    width = int(model.n_features_in_)
    first = np.asarray(model._raw_predict_init(np.zeros((1, width), dtype=np.float32)))[0]  # noqa: SLF001
    trees: list[Tree] = []
    for members in rounds:
        for target, one in enumerate(members):
            tree = _tree(one.tree_, None)
            tree.values, tree.target = tree.values * float(model.learning_rate), target
            trees.append(tree)
    classes = getattr(model, "classes_", None)
    link, scale = _link(model, classes)
    return TreeAnswer(
        Ensemble(trees, targets=rounds.shape[1]), in_float=True, add=first, link=link, scale=scale, classes=classes
    )


def histogram(model: Any) -> TreeAnswer:
    """Read histogram-based gradient boosting.

    Raises:
        RefusedError: it has categorical columns, or a loss that is not known.
    """
    if getattr(model, "is_categorical_", None) is not None and np.any(model.is_categorical_):
        raise RefusedError("histogram gradient boosting with categorical columns encodes them in its own way")
    trees = []
    for members in model._predictors:  # noqa: SLF001 - the trees have no public name
        for target, one in enumerate(members):
            nodes = one.nodes
            trees.append(
                Tree(
                    nodes["feature_idx"], nodes["num_threshold"], nodes["left"], nodes["right"],
                    nodes["missing_go_to_left"], nodes["is_leaf"], nodes["value"], target,
                )
            )  # fmt: skip
    first = np.asarray(model._baseline_prediction).reshape(-1)  # noqa: SLF001
    classes = getattr(model, "classes_", None)
    link, scale = _link(model, classes)
    return TreeAnswer(
        Ensemble(trees, targets=len(first)), in_float=False, add=first, link=link, scale=scale, classes=classes
    )


def _tree(tree: Any, classes: Any) -> Tree:
    leaf = tree.children_left == -1
    missing = getattr(tree, "missing_go_to_left", np.zeros(len(leaf), dtype=np.uint8))
    values = tree.value[:, 0, :]
    if classes is None:
        values = values[:, 0]
    else:
        totals = values.sum(axis=1, keepdims=True)  # before scikit-learn 1.3, leaves hold counts
        values = values / np.where(totals == 0.0, 1.0, totals)
        values = values[:, 1] if len(classes) == 2 else values
    return Tree(tree.feature, tree.threshold, tree.children_left, tree.children_right, missing, leaf, values)


_LINKS = {
    "HalfBinomialLoss": ("sigmoid", 1.0),
    "BinomialDeviance": ("sigmoid", 1.0),
    "BinaryCrossEntropy": ("sigmoid", 1.0),
    "ExponentialLoss": ("sigmoid", 2.0),
    "HalfMultinomialLoss": ("softmax", 1.0),
    "MultinomialDeviance": ("softmax", 1.0),
    "CategoricalCrossEntropy": ("softmax", 1.0),
    "HalfPoissonLoss": ("exp", 1.0),
    "HalfGammaLoss": ("exp", 1.0),
    "Poisson": ("exp", 1.0),
}


def _link(model: Any, classes: Any) -> Any:
    loss = type(getattr(model, "_loss", None)).__name__
    if loss in _LINKS:
        return _LINKS[loss]
    if classes is None:
        return "identity", 1.0
    raise RefusedError(f"its loss {loss} is not known")
