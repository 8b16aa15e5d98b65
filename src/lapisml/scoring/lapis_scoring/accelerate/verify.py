"""Whether the graph answers as the original does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import graphs
from .drawing import Drawing
from .report import RefusedError
from .session import Graph, Guard, Rows, shaper, size

TOLERANCE = 1e-5
"""Largest difference of probabilities, and of other numbers relative to their magnitude (at least 1)."""

Answers = Any


class Original:
    """The model as it is.

    Args:
        answer: rows in the graph's form → what a request is answered with.
        probabilities: rows → probabilities, None where the model has none.
    """

    def __init__(self, answer: Answers, probabilities: Answers | None = None) -> None:
        self.answer = answer
        self.probabilities = probabilities


class Verdict:
    """What the check found.

    Attributes:
        output, take, dtype, nan: as in `Report`.
        rows: how many rows were compared.
        largest: largest difference of numbers.
    """

    def __init__(self, output: str, take: str, dtype: str) -> None:
        self.output, self.take, self.dtype = output, take, dtype
        self.nan = False
        self.rows = 0
        self.largest = 0.0


def verify(original: Original, graph: Graph, drawing: Drawing, example: Rows | None) -> Verdict:
    """Compare both forms on the example, the drawn rows, the extremes, and rows with missing numbers.

    Raises:
        RefusedError: they differ; the text says where.
    """
    drawn = drawing.rows()
    verdict = _shape_of_answers(original, graph, drawn)
    compare = _Comparison(original, graph, verdict)
    guard = Guard(False, drawing.texts)
    if example is not None and size(example) and guard.admits(example):
        compare.all("the input example", example)
    compare.all("drawn rows", drawn)
    compare.each("extreme rows", drawing.extremes())
    missing = drawing.with_missing()
    verdict.nan = missing is not None and compare.agrees(missing)
    return verdict


def _shape_of_answers(original: Original, graph: Graph, rows: Rows) -> Verdict:
    """Find which output of the graph, and which part of it, is the original's answer."""
    try:
        expected = np.asarray(original.answer(rows))
    except Exception as error:
        raise RefusedError(f"the model does not take the drawn rows: {str(error)[:200]}") from error
    found = dict(zip(graph.outputs, graph.run(rows)))
    for output, take in _candidates(found, expected):
        shaped = shaper(take, str(expected.dtype))(found[output])
        if shaped.shape == expected.shape and _difference(expected, shaped)[0] <= TOLERANCE:
            return Verdict(output, take, str(expected.dtype))
    raise RefusedError(_why_none(found, expected))


def _candidates(found: Mapping[str, Any], expected: np.ndarray) -> list[tuple[str, str]]:
    tries: list[tuple[str, str]] = []
    if graphs.LABEL in found:
        tries.append((graphs.LABEL, "flat" if expected.ndim == 1 else "all"))
    if graphs.PROBABILITIES in found and expected.dtype.kind == "f":
        two = np.ndim(found[graphs.PROBABILITIES]) == 2 and np.shape(found[graphs.PROBABILITIES])[1] == 2
        tries.append((graphs.PROBABILITIES, "second" if expected.ndim == 1 and two else "all"))
    if graphs.VALUE in found:
        tries.append((graphs.VALUE, "flat" if expected.ndim == 1 else "all"))
    return [one for one in tries if one[1] != "second" or expected.ndim == 1]


def _why_none(found: Mapping[str, Any], expected: np.ndarray) -> str:
    differences = []
    for output, take in _candidates(found, expected):
        shaped = shaper(take, str(expected.dtype))(found[output])
        if shaped.shape != expected.shape:
            continue
        differences.append(_said(*_difference(expected, shaped)))
    if not differences:
        return "its graph answers in another shape than the model"
    return f"on drawn rows the graph differs from the model: {differences[-1]}"


class _Comparison:
    """Compares both forms, and adds to the verdict what it saw."""

    def __init__(self, original: Original, graph: Graph, verdict: Verdict) -> None:
        self._original, self._graph, self._verdict = original, graph, verdict
        self._shape = shaper(verdict.take, verdict.dtype)

    def all(self, what: str, rows: Rows) -> None:
        """Compare rows; raise `RefusedError` when they differ."""
        largest, place = self._differ(rows)
        if not largest <= TOLERANCE:
            raise RefusedError(f"on {what} the graph differs from the model: {_said(largest, place)}")
        self._verdict.rows += size(rows)
        self._verdict.largest = max(self._verdict.largest, largest)

    def each(self, what: str, rows: Rows) -> None:
        """Compare rows one by one: a row that the original refuses, the graph must not answer."""
        for index in range(size(rows)):
            one = _row(rows, index)
            try:
                self._original.answer(one)
            except Exception as error:
                sentence = "the model refuses one of the {}, which the graph would answer: {}"
                raise RefusedError(sentence.format(what, str(error)[:200])) from error
            self.all(what, one)

    def agrees(self, rows: Rows) -> bool:
        """Say whether both answer each of these rows, and alike."""
        for index in range(size(rows)):
            try:
                largest, _place = self._differ(_row(rows, index))
            except Exception:  # noqa: BLE001 - whatever it is, these rows stay the original's
                return False
            if not largest <= TOLERANCE:
                return False
            self._verdict.rows += 1
            self._verdict.largest = max(self._verdict.largest, largest)
        return True

    def _differ(self, rows: Rows) -> tuple[float, int]:
        """Return the largest difference, and of which row: of the answers, and of the probabilities if there are."""
        found: dict[str, Any] = dict(zip(self._graph.outputs, self._graph.run(rows)))
        pairs = [(np.asarray(self._original.answer(rows)), self._shape(found[self._verdict.output]))]
        if self._original.probabilities is not None and graphs.PROBABILITIES in found:
            pairs.append((np.asarray(self._original.probabilities(rows)), np.asarray(found[graphs.PROBABILITIES])))
        worst = (0.0, 0)
        for expected, answered in pairs:
            if expected.shape != answered.shape:
                return float("inf"), 0
            one = _difference(expected, answered)
            worst = one if not one[0] <= worst[0] else worst
        return worst


def _row(rows: Rows, index: int) -> Rows:
    if isinstance(rows, np.ndarray):
        return rows[index : index + 1]
    return {name: column[index : index + 1] for name, column in rows.items()}


def _difference(expected: np.ndarray, answered: np.ndarray) -> tuple[float, int]:
    """Return the largest difference and its row; labels that differ count as infinity, NaN equals NaN."""
    if not expected.size:
        return 0.0, 0
    if expected.dtype.kind == "f" and answered.dtype.kind == "f":
        both = np.isnan(expected) & np.isnan(answered)
        with np.errstate(invalid="ignore"):
            apart = np.abs(expected.astype(np.float64) - answered) / np.maximum(1.0, np.abs(expected))
        apart = np.where(both | (expected == answered), 0.0, np.where(np.isnan(apart), np.inf, apart))
    else:
        apart = np.where(np.asarray(expected == answered, dtype=bool), 0.0, np.inf)
    rows = apart.reshape(len(expected), -1).max(axis=1)
    place = int(rows.argmax())
    return float(rows[place]), place


def _said(largest: float, place: int) -> str:
    if largest == float("inf"):
        return f"another answer to row {place}"
    return f"by {largest:.2g} in row {place}, where {TOLERANCE:g} is allowed"
