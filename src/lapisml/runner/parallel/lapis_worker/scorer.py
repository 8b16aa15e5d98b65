"""An MLflow model in the place of a script: pieces of files in, lines of predictions out.

Lines as those of Azure ML's batch endpoints for such models: ``row,prediction,file`` for files with rows, with a
column for each column that the model gives, and ``prediction,file`` for files that are an item each. Comma-separated,
without header.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any

from . import batches, items, predictions


class ScorerError(Exception):
    """The model can't be used, or not for this file; the text says why."""


class Scorer:
    """The model.

    Args:
        plan: the driver's plan.

    Raises:
        ScorerError: it can't be loaded.
    """

    def __init__(self, plan: dict[str, Any]) -> None:
        sys.path.insert(0, plan["library"])
        try:
            flavours, signature, errors, readers = (
                importlib.import_module(f"lapis_scoring.{name}")
                for name in ("flavours", "signature", "errors", "readers")
            )
        finally:
            sys.path.remove(plan["library"])
        try:
            file = signature.ModelFile(signature.find(plan["model"]))
            threads = max(1, len(os.sched_getaffinity(0)) // plan["workers"])
            self._model = flavours.load(file, threads)
            reader = readers.choose(file, self._model)
        except errors.LoadError as error:
            raise ScorerError(str(error)) from error
        self._signature = file.signature
        self._as_matrix = self._model.wants == flavours.MATRIX
        self._names = reader.names if self._as_matrix else None

    def init(self) -> None:
        """Nothing is left to do."""

    def shutdown(self) -> None:
        """Nothing is left to do."""

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Score the pieces of a mini-batch and write the lines; give how many rows there were, and the time.

        Raises:
            ScorerError: a file does not fit the model. Whatever the model raises.
        """
        begin, rows = time.monotonic(), 0
        with open(request["result"], "w", encoding="utf-8", newline="") as out:
            whole = [part for part in request["parts"] if "path" in part]
            for part in request["parts"]:
                if part.get("block") is not None:
                    out.write(self._table(part))
                    rows += part["rows"]
            for part, predicted in items.predicted(self._model.predict, self._signature, whole):
                out.write(predictions.lines(predicted, part["file"], None))
                rows += 1
        return {"rows": rows, "seconds": time.monotonic() - begin}

    def _table(self, part: dict[str, Any]) -> str:
        if self._as_matrix:
            data = batches.matrix(part["block"], self._names)
        else:
            data = batches.frame(part["block"])
            if self._signature is not None and self._signature.tensors:
                data = data.to_numpy()
        predicted = self._model.predict(data)
        if predictions.height(predicted) != part["rows"]:
            found = predictions.height(predicted)
            raise ScorerError(f"the model gave {found} predictions for {part['rows']} rows of {part['file']}")
        return predictions.lines(predicted, part["file"], part["first"])
