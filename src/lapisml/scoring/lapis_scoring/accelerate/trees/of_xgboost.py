"""The trees of XGBoost, from its model's JSON form."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from ..report import RefusedError
from .answer import TreeAnswer
from .ensemble import Ensemble, Tree

_LINKS = {
    "reg:squarederror": "identity",
    "reg:absoluteerror": "identity",
    "reg:pseudohubererror": "identity",
    "reg:quantileerror": "identity",
    "binary:logistic": "sigmoid",
    "reg:logistic": "sigmoid",
    "multi:softprob": "softmax",
    "count:poisson": "exp",
    "reg:gamma": "exp",
    "reg:tweedie": "exp",
}


def booster(model: Any, classes: Any = None, rounds: Any = None) -> TreeAnswer:
    """Read a booster.

    Args:
        model: an ``xgboost.Booster``.
        classes: labels of a classifier, None for anything else.
        rounds: how many rounds of boosting count; None for all.

    Raises:
        RefusedError: it is not made of plain trees, or its objective is not known.
    """
    learner = json.loads(bytes(model.save_raw("json")))["learner"]
    inner = learner["gradient_booster"]
    if inner.get("name") != "gbtree":
        raise RefusedError("it is made by '{}', not of plain trees".format(inner.get("name")))
    objective = str(learner["objective"]["name"])
    if objective not in _LINKS:
        raise RefusedError(f"its objective '{objective}' is not known")
    parameters = learner["learner_model_param"]
    if int(parameters.get("num_target") or 1) > 1:
        raise RefusedError("it predicts several outputs at once")
    targets = max(1, int(parameters.get("num_class") or 0))
    trees = _trees(inner["model"], targets, rounds)
    link = _LINKS[objective]
    return TreeAnswer(
        Ensemble(trees, targets=targets, below=True),
        in_float=True,
        add=_margin(parameters["base_score"], link, targets),
        link=link,
        classes=classes,
    )


def _trees(model: dict[str, Any], targets: int, rounds: Any) -> list[Tree]:
    last = None if rounds is None else int(rounds) * targets * _side_by_side(model)
    return [_tree(one, int(target)) for one, target in zip(model["trees"][:last], model["tree_info"])]


def _side_by_side(model: dict[str, Any]) -> int:
    return max(1, int(model.get("gbtree_model_param", {}).get("num_parallel_tree") or 1))


def _tree(one: dict[str, Any], target: int) -> Tree:
    if any(one.get("split_type") or ()):
        raise RefusedError("it has categorical columns, which its library encodes in its own way")
    left = np.asarray(one["left_children"], dtype=np.int64)
    leaf = left == -1
    # In a leaf, the place of the threshold holds its value. Both are float32.
    numbers = np.asarray(one["split_conditions"], dtype=np.float32).astype(np.float64)
    return Tree(
        one["split_indices"], numbers, left, one["right_children"], one["default_left"], leaf,
        np.where(leaf, numbers, 0.0), target,
    )  # fmt: skip


def _margin(base_score: str, link: str, targets: int) -> np.ndarray:
    """Return what sums begin with; the model keeps it as an answer, before the link."""
    found = np.asarray(json.loads(base_score), dtype=np.float64).reshape(-1)
    if link == "sigmoid":
        found = np.log(found / (1.0 - found))
    elif link == "exp":
        found = np.log(found)
    return np.broadcast_to(found, (targets,)) if len(found) == 1 else found
