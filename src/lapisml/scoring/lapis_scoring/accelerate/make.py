"""Makes the accelerated form of one loaded model: convert, verify, measure, write down."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

from . import convert, graphs
from .drawing import Drawing
from .measure import measure
from .report import MODEL_FILE, RefusedError, Report
from .session import Accelerated, Graph, Rows
from .verify import Original, verify

_PACKAGES = ("onnx", "onnxruntime", "skl2onnx", "onnxmltools", "scikit-learn", "lightgbm", "xgboost", "numpy")


def make(model: Any, form: Mapping[str, Any], original: Original, example: Rows | None, folder: str) -> Report:
    """Make ``model.onnx`` and ``report.json``, or only a report that says why there is no graph.

    Args:
        model: the fitted estimator, pipeline or booster.
        form: what the graph is to take; see `Report.form`.
        original: how the model answers today.
        example: rows of the model's input example, None without one.
        folder: takes the files; it exists.

    Never raises for what the model or the converters do.
    """
    begin = time.monotonic()
    try:
        report = _made(model, form, original, example, folder)
    except RefusedError as refusal:
        report = Report(False, str(refusal), form=dict(form))
    report.versions = versions()
    report.seconds = round(time.monotonic() - begin, 3)
    report.write(folder)
    return report


def _made(model: Any, form: Mapping[str, Any], original: Original, example: Rows | None, folder: str) -> Report:
    made = convert.convert(model, form)
    drawing = Drawing(model, made, form, example)
    verdict = verify(original, _graph(made.SerializeToString(), form), drawing, example)
    report = Report(
        True,
        "",
        form=dict(form),
        output=verdict.output,
        take=verdict.take,
        dtype=verdict.dtype,
        nan=verdict.nan,
        texts=drawing.texts,
        checked={"rows": verdict.rows, "largest_difference": verdict.largest},
    )
    smaller = graphs.only(made, verdict.output)
    fast = Accelerated(original.answer, smaller, report)
    report.sizes, report.batch_from = measure(original.answer, fast, drawing.rows())
    if report.batch_from is not None and report.batch_from <= 1:
        raise RefusedError(f"the model itself is as fast: {_said(report.sizes[0])}")
    report.reason = f"one row {_said(report.sizes[0])}; {verdict.rows} rows checked"
    path = os.path.join(folder, MODEL_FILE)
    with open(path + ".new", "wb") as file:
        file.write(smaller)
    os.replace(path + ".new", path)
    return report


def _graph(made: bytes, form: Mapping[str, Any]) -> Graph:
    try:
        return Graph(made, form)
    except Exception as error:
        raise RefusedError(f"ONNX Runtime can't run its graph: {str(error)[:300]}") from error


def _said(one: Mapping[str, float]) -> str:
    return "takes {:.0f} µs in the model, {:.0f} µs in the graph".format(one["original_us"], one["graph_us"])


def versions() -> dict[str, str]:
    """Return distribution → version of what has a part in it, as far as it is installed."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
