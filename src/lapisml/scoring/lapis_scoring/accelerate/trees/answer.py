"""What is made of the sums over trees."""

from __future__ import annotations

from typing import Any

import numpy as np

from .ensemble import Ensemble


class TreeAnswer:
    """How an estimator's answer comes from its trees.

    Args:
        ensemble: the trees.
        in_float: the estimator rounds its input to float32 before it compares.
        divide: what the sums are divided by.
        add: what is then added to each sum; None for nothing.
        link: what makes probabilities or values of the sums: ``identity``, ``rest`` (one column is the second
            class's probability), ``sigmoid`` (as well, of the sum), ``softmax``, ``exp``.
        scale: factor before the link.
        classes: labels, in the order of probabilities; None for regression.
    """

    def __init__(
        self,
        ensemble: Ensemble,
        *,
        in_float: bool,
        divide: float = 1.0,
        add: Any = None,
        link: str = "identity",
        scale: float = 1.0,
        classes: Any = None,
    ) -> None:
        self.ensemble = ensemble
        self.in_float = in_float
        self.divide = divide
        self.add: np.ndarray | None = None if add is None else np.asarray(add, dtype=np.float64).reshape(1, -1)
        self.link = link
        self.scale = scale
        self.classes = classes
