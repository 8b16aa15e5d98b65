"""Trees in one plain form, and the ONNX node that it becomes.

Written as ``TreeEnsemble`` (ai.onnx.ml 5, float64 throughout) where a leaf has one value, which boosted trees,
regression and two classes do; else as ``TreeEnsembleRegressor`` (ai.onnx.ml 3), whose thresholds and leaves are
float64 and whose result is float32. https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from __future__ import annotations

from typing import Any

import numpy as np

DOMAIN = "ai.onnx.ml"
_LEQ, _LT = 0, 1


class Tree:
    """One tree; node 0 is the root, children come after their parents.

    Args:
        feature, threshold, left, right: of each node; a row goes left when its value is not above the threshold
            (or is below it, see `Ensemble`). Not looked at in leaves.
        missing_left: whether NaN goes left.
        leaf: which nodes are leaves.
        values: ``(nodes,)`` or ``(nodes, targets)``: what leaves add.
        target: which result a leaf with one value adds to.
    """

    def __init__(
        self,
        feature: Any,
        threshold: Any,
        left: Any,
        right: Any,
        missing_left: Any,
        leaf: Any,
        values: Any,
        target: int = 0,
    ) -> None:
        self.feature = np.asarray(feature, dtype=np.int64)
        self.threshold = np.asarray(threshold, dtype=np.float64)
        self.left = np.asarray(left, dtype=np.int64)
        self.right = np.asarray(right, dtype=np.int64)
        self.missing_left = np.asarray(missing_left, dtype=np.int64)
        self.leaf = np.asarray(leaf, dtype=bool)
        self.values = np.asarray(values, dtype=np.float64)
        self.target = target


class Ensemble:
    """Trees whose leaves are added up.

    Args:
        trees: in the order of addition.
        targets: number of results for each row.
        below: a row goes left only when its value is below the threshold; else also when it equals it.
    """

    def __init__(self, trees: list[Tree], targets: int = 1, below: bool = False) -> None:
        self.trees = trees
        self.targets = targets
        self.below = below

    @property
    def is_plain(self) -> bool:
        """Whether each leaf has one value."""
        return all(tree.values.ndim == 1 for tree in self.trees)

    def node(self) -> tuple[str, dict[str, Any]]:
        """Return the operator and its attributes."""
        if self.is_plain:
            return "TreeEnsemble", self._plain()
        return "TreeEnsembleRegressor", self._several()

    def _plain(self) -> dict[str, Any]:
        parts: dict[str, list[np.ndarray]] = {name: [] for name in _PLAIN}
        roots, nodes, leaves = [], 0, 0
        for tree in self.trees:
            roots.append(nodes)
            one = _numbered(tree, nodes, leaves)
            for name, values in one.items():
                parts[name].append(values)
            nodes += len(one["nodes_featureids"])
            leaves += len(one["leaf_weights"])
        whole = {name: np.concatenate(values) for name, values in parts.items()}
        made: dict[str, Any] = {name: whole[name].astype(np.int64).tolist() for name in _PLAIN if name not in _TENSORS}
        made.update({name: _tensor(name, whole[name]) for name in _TENSORS})
        modes = np.full(nodes, _LT if self.below else _LEQ, dtype=np.uint8)
        made.update(nodes_modes=_tensor("nodes_modes", modes), tree_roots=roots, n_targets=self.targets)
        return dict(made, aggregate_function=1, post_transform=0)

    def _several(self) -> dict[str, Any]:
        counts = [len(tree.leaf) for tree in self.trees]
        ids = np.repeat(np.arange(len(counts)), counts)
        nodes = np.concatenate([np.arange(count) for count in counts])
        leaf = np.concatenate([tree.leaf for tree in self.trees])
        mode = "BRANCH_LT" if self.below else "BRANCH_LEQ"
        weights = np.concatenate([tree.values for tree in self.trees])[leaf]
        return {
            "nodes_treeids": ids.tolist(),
            "nodes_nodeids": nodes.tolist(),
            "nodes_featureids": self._inner("feature", leaf).tolist(),
            "nodes_modes": np.where(leaf, "LEAF", mode).tolist(),
            "nodes_values_as_tensor": _tensor("nodes_values", self._inner("threshold", leaf)),
            "nodes_truenodeids": self._inner("left", leaf).tolist(),
            "nodes_falsenodeids": self._inner("right", leaf).tolist(),
            "nodes_missing_value_tracks_true": self._inner("missing_left", leaf).tolist(),
            "target_treeids": np.repeat(ids[leaf], self.targets).tolist(),
            "target_nodeids": np.repeat(nodes[leaf], self.targets).tolist(),
            "target_ids": np.tile(np.arange(self.targets), int(leaf.sum())).tolist(),
            "target_weights_as_tensor": _tensor("target_weights", weights.ravel()),
            "n_targets": self.targets,
            "aggregate_function": "SUM",
            "post_transform": "NONE",
        }

    def _inner(self, name: str, leaf: np.ndarray) -> np.ndarray:
        whole = np.concatenate([getattr(tree, name) for tree in self.trees])
        return np.where(leaf, np.zeros_like(whole), whole)


_TENSORS = ("nodes_splits", "leaf_weights")
_PLAIN = (
    "nodes_featureids",
    "nodes_splits",
    "nodes_truenodeids",
    "nodes_trueleafs",
    "nodes_falsenodeids",
    "nodes_falseleafs",
    "nodes_missing_value_tracks_true",
    "leaf_targetids",
    "leaf_weights",
)


def _numbered(tree: Tree, first_node: int, first_leaf: int) -> dict[str, np.ndarray]:
    """Return a tree's part of a ``TreeEnsemble``: inner nodes and leaves each have numbers of their own."""
    inner = ~tree.leaf
    place = np.where(inner, first_node + np.cumsum(inner) - 1, first_leaf + np.cumsum(tree.leaf) - 1)
    weights = tree.values[tree.leaf]
    found = {
        "leaf_targetids": np.full(len(weights), tree.target),
        "leaf_weights": weights,
    }
    if not inner.any():  # a tree that is one leaf: both branches of its only node lead there
        zero, one, to = np.zeros(1), np.ones(1), np.full(1, first_leaf)
        found.update(nodes_featureids=zero, nodes_splits=zero, nodes_missing_value_tracks_true=zero)
        found.update(nodes_truenodeids=to, nodes_falsenodeids=to, nodes_trueleafs=one, nodes_falseleafs=one)
        return found
    left, right = tree.left[inner], tree.right[inner]
    found.update(nodes_featureids=tree.feature[inner], nodes_splits=tree.threshold[inner])
    found.update(nodes_truenodeids=place[left], nodes_falsenodeids=place[right])
    found.update(nodes_trueleafs=tree.leaf[left], nodes_falseleafs=tree.leaf[right])
    found.update(nodes_missing_value_tracks_true=tree.missing_left[inner])
    return found


def _tensor(name: str, values: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(np.ascontiguousarray(values), name)
