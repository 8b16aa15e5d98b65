"""The trees of LightGBM, from the dump of its booster."""

from __future__ import annotations

from typing import Any

from ..report import RefusedError
from .answer import TreeAnswer
from .ensemble import Ensemble, Tree

_IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
_EXP = ("poisson", "gamma", "tweedie")
_ZERO = 1e-35


def booster(model: Any, classes: Any = None) -> TreeAnswer:
    """Read a booster.

    Args:
        model: a ``lightgbm.Booster``.
        classes: labels of a classifier, None for anything else.

    Raises:
        RefusedError: it has categorical columns, linear leaves or an objective that is not known.
    """
    dump = model.dump_model()
    targets = int(dump["num_tree_per_iteration"])
    trees = [_tree(one["tree_structure"], number % targets) for number, one in enumerate(dump["tree_info"])]
    link, scale = _link(str(dump.get("objective") or ""))
    divide = float(len(trees) // targets or 1) if dump.get("average_output") else 1.0
    return TreeAnswer(
        Ensemble(trees, targets=targets), in_float=False, divide=divide, link=link, scale=scale, classes=classes
    )


def _link(objective: str) -> tuple[str, float]:
    name, *settings = objective.split() or [""]
    known = dict(one.partition(":")[::2] for one in settings)
    if name in _IDENTITY and "sqrt" not in known:
        return "identity", 1.0
    if name in _EXP:
        return "exp", 1.0
    if name == "binary":
        return "sigmoid", float(known.get("sigmoid") or 1.0)
    if name == "multiclass":
        return "softmax", 1.0
    raise RefusedError(f"its objective '{objective}' is not known")


def _tree(root: dict[str, Any], target: int) -> Tree:
    columns: dict[str, list[Any]] = {
        name: [] for name in ("feature", "threshold", "left", "right", "missing", "leaf", "value")
    }
    waiting: list[tuple[dict[str, Any], int, str]] = [(root, -1, "")]
    while waiting:
        node, parent, side = waiting.pop()
        place = len(columns["leaf"])
        if parent >= 0:
            columns[side][parent] = place
        leaf = "split_index" not in node
        if leaf and (node.get("leaf_coeff") or node.get("leaf_features")):
            raise RefusedError("its leaves are linear models")
        columns["leaf"].append(leaf)
        columns["value"].append(float(node.get("leaf_value", 0.0)) if leaf else 0.0)
        columns["feature"].append(0 if leaf else int(node["split_feature"]))
        columns["threshold"].append(0.0 if leaf else _threshold(node))
        columns["missing"].append(False if leaf else _missing_left(node))
        columns["left"].append(0)
        columns["right"].append(0)
        if not leaf:
            waiting += [(node["right_child"], place, "right"), (node["left_child"], place, "left")]
    return Tree(
        columns["feature"], columns["threshold"], columns["left"], columns["right"], columns["missing"],
        columns["leaf"], columns["value"], target,
    )  # fmt: skip


def _threshold(node: dict[str, Any]) -> float:
    if node["decision_type"] != "<=":
        raise RefusedError("it has categorical columns, which its library encodes in its own way")
    return float(node["threshold"])


def _missing_left(node: dict[str, Any]) -> bool:
    """Return where NaN goes: with missing type ``None`` it counts as zero, with ``Zero`` zero goes the same way."""
    kind = node.get("missing_type") or "None"
    below = float(node["threshold"]) >= _ZERO
    if kind == "None":
        return below
    if kind == "Zero" and bool(node["default_left"]) != below:
        raise RefusedError("it takes zeros for missing values")
    return bool(node["default_left"])
