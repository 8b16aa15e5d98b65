"""The accelerated form within a replica, beside the model itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import LoadError
from ..flavours import MATRIX, Model
from ..signature import ModelFile
from .of_model import Bridge
from .report import MODEL_FILE, Report
from .session import Accelerated


def attach(
    given: Mapping[str, Any], file: ModelFile, model: Model, reader: Any, predict: Callable[[Any], Any]
) -> tuple[Any, Callable[[Any], Any]]:
    """Put the accelerated form before a model.

    Args:
        given: ``{"model", "report"}``: the files.
        file, model, reader: the model, and what reads its requests; `model.wants` becomes ``matrix`` when the graph
            takes one.
        predict: the model's answer to what `reader` makes.

    Returns:
        What reads requests from now on, and what answers them.

    Raises:
        LoadError: the files are not there, or can't be used.
    """
    try:
        report = Report.read(str(given["report"]))
        bridge = Bridge(report.form, file, model, reader)
        graph = str(given.get("model") or os.path.join(os.path.dirname(str(given["report"])), MODEL_FILE))
        fast = Accelerated(bridge.answer, graph, report)
        new_reader = bridge.reader()
    except Exception as error:
        raise LoadError(f"the model's accelerated form can't be used: {error}") from error
    if bridge.is_matrix:
        model.wants = MATRIX
        return new_reader, lambda rows: fast(bridge.rows(rows))
    return new_reader, lambda rows: fast(bridge.rows(rows)) if hasattr(rows, "columns") else predict(rows)
