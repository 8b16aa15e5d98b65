"""Work on ONNX graphs: outputs by one name, one matrix as the input, what trees compare with."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .report import RefusedError

ROWS = "rows_float64"
_TREES, _TREES_IR = 5, 9
"""Version of ai.onnx.ml that has ``TreeEnsemble``, and of the file form that may use it."""
LABEL, PROBABILITIES, VALUE = "label", "probabilities", "value"


def parts(model: Any) -> Iterator[Any]:
    """Yield a model and every estimator within it, the outermost first."""
    yield model
    for inner in _inner(model):
        if inner is not None and not isinstance(inner, str):
            yield from parts(inner)


def _inner(model: Any) -> list[Any]:
    found = [step for _name, step in getattr(model, "steps", None) or ()]
    found += [one[1] for one in getattr(model, "transformers_", None) or ()]
    for name in ("estimator_", "estimator", "best_estimator_", "final_estimator_"):
        one = vars(model).get(name) if hasattr(model, "__dict__") else None
        if one is not None:
            found.append(one)
    several = vars(model).get("estimators_") if hasattr(model, "__dict__") else None
    if isinstance(several, (list, tuple)) and len(several) <= 20:  # a forest's trees are no parts of interest
        found += [one[1] if isinstance(one, tuple) else one for one in several]
    return [one for one in found if hasattr(one, "get_params")]


def name_outputs(made: Any) -> None:
    """Name the outputs ``label`` and ``probabilities``, or ``value``.

    Raises:
        RefusedError: there are others.
    """
    outputs = list(made.graph.output)
    if len(outputs) == 1:
        _rename(made, {outputs[0].name: VALUE})
    elif len(outputs) == 2:
        _rename(made, {outputs[0].name: LABEL, outputs[1].name: PROBABILITIES})
    else:
        raise RefusedError(f"its graph has {len(outputs)} outputs, where one or two are known")


def one_input(made: Any, width: int) -> None:
    """Make the graph take one matrix of float64.

    Args:
        made: the graph, whose inputs are its columns or one matrix; changed in place.
        width: number of columns.
    """
    from onnx import TensorProto, helper

    names = [one.name for one in made.graph.input]
    if len(names) == 1:
        _rename(made, {names[0]: ROWS})
    else:
        # Before operator set 18, Split makes as many as it has outputs and may not be told so.
        told: dict[str, Any] = {"num_outputs": width} if _version(made, "") >= 18 else {}
        split = helper.make_node("Split", [ROWS], names, name="columns_of_rows", axis=1, **told)
        nodes = [split, *made.graph.node]
        copies = [type(split).FromString(node.SerializeToString()) for node in nodes]
        del made.graph.node[:]
        made.graph.node.extend(copies)
    del made.graph.input[:]
    made.graph.input.append(helper.make_tensor_value_info(ROWS, TensorProto.DOUBLE, [None, width]))


def declare_trees(made: Any) -> None:
    """Declare the operator set of ``TreeEnsemble``, which the converter does not know yet.

    Raises:
        RefusedError: the older operators for trees are in use too; that set has them no more.
    """
    kinds = {node.op_type for node in made.graph.node}
    if "TreeEnsemble" not in kinds:
        return
    if any(kind.startswith("TreeEnsemble") for kind in kinds - {"TreeEnsemble"}):
        raise RefusedError("it mixes kinds of trees that no one set of operators has")
    for one in made.opset_import:
        if one.domain == "ai.onnx.ml":
            one.version = _TREES
    made.ir_version = max(made.ir_version, _TREES_IR)


def in_doubles(made: Any) -> None:
    """Declare the graph's probabilities as float64."""
    from onnx import TensorProto

    for one in made.graph.output:
        if one.name == PROBABILITIES:
            one.type.tensor_type.elem_type = TensorProto.DOUBLE


def only(made: Any, output: str) -> bytes:
    """Return the bytes of the graph that gives one output only, without what nothing else needs."""
    import onnx

    cut = onnx.ModelProto()
    cut.CopyFrom(made)
    wanted, nodes = {output}, []
    for node in reversed(list(cut.graph.node)):
        if wanted.intersection(node.output):
            nodes.append(node)
            wanted.update(node.input)
    nodes.reverse()
    outputs = [one for one in cut.graph.output if one.name == output]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    used = [onnx.TensorProto.FromString(t.SerializeToString()) for t in cut.graph.initializer if t.name in wanted]
    only_output = [onnx.ValueInfoProto.FromString(one.SerializeToString()) for one in outputs]
    for field, values in ((cut.graph.node, kept), (cut.graph.initializer, used), (cut.graph.output, only_output)):
        del field[:]
        field.extend(values)
    made_bytes: bytes = cut.SerializeToString()
    return made_bytes


def thresholds(made: Any) -> dict[int, np.ndarray]:
    """Return what the trees of a graph compare with: column of the trees' input → values, sorted."""
    from onnx import helper

    found: dict[int, list[np.ndarray]] = {}
    for node in made.graph.node:
        if not node.op_type.startswith("TreeEnsemble"):
            continue
        given = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        columns, values, leaves = _comparisons(given)
        for column in np.unique(columns[~leaves]):
            found.setdefault(int(column), []).append(values[(columns == column) & ~leaves])
    return {column: np.unique(np.concatenate(values)) for column, values in found.items()}


def _comparisons(given: dict[str, Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a tree node's columns, thresholds, and which of its nodes are leaves."""
    from onnx import numpy_helper

    columns = np.asarray(given["nodes_featureids"])
    if "nodes_splits" in given:
        return columns, numpy_helper.to_array(given["nodes_splits"]), np.zeros(len(columns), dtype=bool)
    values = given.get("nodes_values")
    if values is None:
        values = numpy_helper.to_array(given["nodes_values_as_tensor"])
    leaves = np.array([mode == b"LEAF" for mode in given["nodes_modes"]], dtype=bool)
    return columns, np.asarray(values, dtype=np.float64), leaves


def _version(made: Any, domain: str) -> int:
    return max([int(one.version) for one in made.opset_import if one.domain == domain], default=0)


def _rename(made: Any, names: dict[str, str]) -> None:
    for node in made.graph.node:
        for field in (node.input, node.output):
            for index, name in enumerate(field):
                if name in names:
                    field[index] = names[name]
    for field in (made.graph.input, made.graph.output, made.graph.initializer, made.graph.value_info):
        for one in field:
            one.name = names.get(one.name, one.name)
