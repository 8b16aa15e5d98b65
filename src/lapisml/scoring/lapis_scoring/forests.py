"""Forests without the cost of a thread pool and of checks for each tree.

scikit-learn asks every tree through joblib, with its input checked each time: for one row, a hundred times the work of
the trees themselves. Here the trees are asked in a loop, in the same order and with the same sums as
``ForestClassifier.predict_proba`` and ``ForestRegressor.predict``; a forest keeps its own way unless both give equal
answers for drawn rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_CLASSIFIERS = ("RandomForestClassifier", "ExtraTreesClassifier")
_REGRESSORS = ("RandomForestRegressor", "ExtraTreesRegressor")
_DRAWN = 32


def quicken(parts: Iterable[Any]) -> None:
    """Give the forests among a model's parts the quicker way, where it gives the same answers."""
    for part in parts:
        kind = type(part)
        if not kind.__module__.startswith("sklearn.ensemble.") or getattr(part, "n_outputs_", 0) != 1:
            continue
        if kind.__name__ in _CLASSIFIERS:
            _replace(part, "predict_proba", _probabilities(part))
        elif kind.__name__ in _REGRESSORS:
            _replace(part, "predict", _values(part))


def _replace(forest: Any, name: str, quick: Callable[[Any], Any]) -> None:
    import numpy as np

    rows = np.random.RandomState(7).normal(0, 10, (_DRAWN, int(forest.n_features_in_)))
    try:
        same = all(np.array_equal(getattr(forest, name)(some), quick(some)) for some in (rows, rows[:1]))
    except Exception:  # noqa: BLE001 - another version of scikit-learn may lack what this relies on
        return
    if same:
        setattr(forest, name, quick)


def _probabilities(forest: Any) -> Callable[[Any], Any]:
    trees = [tree.tree_ for tree in forest.estimators_]
    classes = int(forest.n_classes_)

    def predict_proba(rows: Any) -> Any:
        import numpy as np

        checked = forest._validate_X_predict(rows)  # noqa: SLF001 - as the forest's own does
        total = np.zeros((checked.shape[0], classes))
        for tree in trees:
            total += tree.predict(checked)[:, :classes]
        total /= len(trees)
        return total

    return predict_proba


def _values(forest: Any) -> Callable[[Any], Any]:
    trees = [tree.tree_ for tree in forest.estimators_]

    def predict(rows: Any) -> Any:
        import numpy as np

        checked = forest._validate_X_predict(rows)  # noqa: SLF001 - as the forest's own does
        total = np.zeros(checked.shape[0])
        for tree in trees:
            total += tree.predict(checked)[:, 0]
        total /= len(trees)
        return total

    return predict
