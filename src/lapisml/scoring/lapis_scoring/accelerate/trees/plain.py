"""A graph of one tree ensemble, for boosters that are no scikit-learn estimators."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import graphs
from .answer import TreeAnswer
from .register import Writer


def graph(answer: TreeAnswer, width: int) -> Any:
    """Return an ``onnx.ModelProto`` with the input ``rows_float64`` and the output ``value``."""
    from onnx import TensorProto, helper

    container = _Container()
    Writer(container.name, container).write(answer, graphs.ROWS, [graphs.VALUE])
    made = helper.make_graph(
        container.nodes,
        "model",
        [helper.make_tensor_value_info(graphs.ROWS, TensorProto.DOUBLE, [None, width])],
        [helper.make_tensor_value_info(graphs.VALUE, TensorProto.DOUBLE, [None, None])],
        initializer=container.initializers,
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 5)]
    return helper.make_model(made, opset_imports=opsets, ir_version=9)


class _Container:
    """Collects nodes and constants, as skl2onnx's containers do."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._count = 0

    def name(self, base: str) -> str:
        """Return a name that nothing else has."""
        self._count += 1
        return f"{base}_{self._count}"

    def add_node(self, operator: str, inputs: Any, outputs: Any, op_domain: str = "", **more: Any) -> None:
        """Take a node."""
        from onnx import helper

        more.pop("op_version", None)
        self.nodes.append(helper.make_node(operator, inputs, outputs, domain=op_domain, **more))

    def add_initializer(self, name: str, kind: int, shape: list[int], values: Any) -> None:
        """Take a constant."""
        from onnx import helper

        self.initializers.append(helper.make_tensor(name, kind, shape, np.asarray(values).ravel().tolist()))
