"""The graph at work: ONNX Runtime on one thread, and the rule which rows it may answer."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .report import MODEL_FILE, Report

Rows = Any
"""``(n, width)`` float64, or column → ``(n,)`` float64 or texts; see `Report.form`."""

LARGEST = float(1 << 53)
"""Rows with a larger magnitude go to the original: beyond it, whole numbers are not exact in float64."""


def size(rows: Rows) -> int:
    """Return the number of rows."""
    if isinstance(rows, np.ndarray):
        return int(rows.shape[0])
    return len(next(iter(rows.values()))) if rows else 0


class Graph:
    """An ONNX graph that answers rows.

    Args:
        model: the graph's bytes, or its file.
        form: see `Report.form`.

    One thread and no spinning: a replica has the cores that it was given, and the processes share them.
    """

    def __init__(self, model: bytes | str, form: Mapping[str, Any]) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        # A shrinking arena keeps a replica at the size of its usual requests, not of its largest one.
        options.enable_cpu_mem_arena = False
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.inputs: list[str] = [one.name for one in self._session.get_inputs()]
        self.outputs: list[str] = [one.name for one in self._session.get_outputs()]
        self._matrix = form["kind"] == "matrix"

    def run(self, rows: Rows, *outputs: str) -> list[Any]:
        """Answer rows.

        Args:
            rows: in the graph's form.
            outputs: names of the wanted outputs; none means all.
        """
        wanted = list(outputs) or None
        found: list[Any] = self._session.run(wanted, self._feed(rows))
        return found

    def _feed(self, rows: Rows) -> dict[str, np.ndarray]:
        if isinstance(rows, np.ndarray):
            return {self.inputs[0]: rows}
        return {name: np.asarray(rows[name]).reshape(-1, 1) for name in self.inputs}


class Guard:
    """Tells which rows the graph may answer: those like the ones that it was checked with.

    Args:
        nan: whether rows with NaN are among them.
        texts: column → values that were checked.
    """

    def __init__(self, nan: bool, texts: Mapping[str, list[str]]) -> None:
        self._nan = nan
        self._texts = {name: frozenset(values) for name, values in texts.items()}

    def admits(self, rows: Rows) -> bool:
        """Return whether the graph may answer all of these rows."""
        if isinstance(rows, np.ndarray):
            return self._numbers(rows)
        return all(self._column(name, column) for name, column in rows.items())

    def _column(self, name: str, column: np.ndarray) -> bool:
        known = self._texts.get(name)
        if known is None:
            return self._numbers(column)
        return all(isinstance(value, str) and value in known for value in column.tolist())

    def _numbers(self, values: np.ndarray) -> bool:
        if not self._nan:
            # One pass: a NaN or an infinity makes the sum of squares one, a large value makes it large.
            flat = values.reshape(-1)
            return bool(np.dot(flat, flat) < LARGEST * LARGEST)
        return bool(not np.fmax.reduce(np.abs(values), axis=None, initial=0.0) > LARGEST)


class Accelerated:
    """A model in both forms; each answers where it is the better one.

    Args:
        original: answers rows as the model itself does.
        model: the graph's bytes or its file.
        report: what was found about it.
    """

    def __init__(self, original: Callable[[Any], Any], model: bytes | str, report: Report) -> None:
        self._original = original
        self.report = report
        self._graph = Graph(model, report.form)
        self._guard = Guard(report.nan, report.texts)
        self._most = report.batch_from or (1 << 62)
        self._output = report.output
        self._shape = shaper(report.take, report.dtype)

    @classmethod
    def load(cls, original: Callable[[Any], Any], folder: str) -> Accelerated:
        """Load what lies in a folder.

        Raises:
            OSError, ValueError, KeyError: it is not there, or damaged.
        """
        return cls(original, os.path.join(folder, MODEL_FILE), Report.read(folder))

    def __call__(self, rows: Rows) -> Any:
        """Answer rows in the graph's form, as the original would."""
        if size(rows) >= self._most or not self._guard.admits(rows):
            return self._original(rows)
        return self._shape(self._graph.run(rows, self._output)[0])


def shaper(take: str, dtype: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return what brings the graph's output into the original's shape and type; see `Report.take`."""
    wanted = np.dtype(dtype)
    parts: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "all": lambda found: found,
        "second": lambda found: found[:, 1],
        "flat": lambda found: found.reshape(-1),
    }
    part = parts[take]

    def shape(found: np.ndarray) -> np.ndarray:
        taken = part(np.asarray(found))
        return taken if taken.dtype == wanted or wanted.kind in "OUT" else taken.astype(wanted)

    return shape
