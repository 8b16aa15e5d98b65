"""What is known about the accelerated form of a model: ``report.json``."""

from __future__ import annotations

import json
import os
from typing import Any

MODEL_FILE = "model.onnx"
REPORT_FILE = "report.json"


class RefusedError(Exception):
    """The model has no accelerated form that may stand in for it; the text is a sentence that says why."""


class Report:
    """What was found, as plain values.

    Attributes:
        accelerated: whether the graph may stand in for the original.
        reason: one sentence, why or why not.
        form: what the graph takes: ``{"kind": "matrix", "width": n, "names": […] or None}`` (float64, rows × width),
            or ``{"kind": "columns", "columns": [{"name", "type": "number" | "text"}]}``; in both, ``numbers`` says
            what each column of numbers can hold (see `drawing.fitting`).
        output: the graph's output that is the answer: ``label``, ``probabilities`` or ``value``.
        take: which part of it: ``all``, ``second`` (the second column of probabilities), ``flat`` (one value a row).
        dtype: NumPy type of the original's answers.
        nan: whether the graph answers rows with NaN as the original does; if not, the original answers them.
        texts: column → the values that were checked; rows with any other are the original's.
        batch_from: number of rows from which the original is faster; None: the graph always is.
        sizes: ``[{"rows", "original_us", "graph_us"}]``, medians for one call.
        checked: ``{"rows", "largest_difference"}``.
        versions: distribution → version, of what made it.
        seconds: how long the whole took.
    """

    FIELDS = (
        "accelerated",
        "reason",
        "form",
        "output",
        "take",
        "dtype",
        "nan",
        "texts",
        "batch_from",
        "sizes",
        "checked",
        "versions",
        "seconds",
    )

    def __init__(self, accelerated: bool, reason: str, **more: Any) -> None:
        self.accelerated = accelerated
        self.reason = reason
        self.form: dict[str, Any] = more.get("form") or {}
        self.output: str = more.get("output") or "label"
        self.take: str = more.get("take") or "all"
        self.dtype: str = more.get("dtype") or ""
        self.nan = bool(more.get("nan"))
        self.texts: dict[str, list[str]] = more.get("texts") or {}
        self.batch_from: int | None = more.get("batch_from")
        self.sizes: list[dict[str, float]] = more.get("sizes") or []
        self.checked: dict[str, float] = more.get("checked") or {}
        self.versions: dict[str, str] = more.get("versions") or {}
        self.seconds = float(more.get("seconds") or 0.0)

    def to_json(self) -> dict[str, Any]:
        """Give the plain form."""
        return {name: getattr(self, name) for name in self.FIELDS}

    def write(self, folder: str) -> None:
        """Write ``report.json``, whole or not at all."""
        path = os.path.join(folder, REPORT_FILE)
        with open(path + ".new", "w", encoding="utf-8") as file:
            json.dump(self.to_json(), file, indent=1)
        os.replace(path + ".new", path)

    @classmethod
    def read(cls, path: str) -> Report:
        """Read a report.

        Args:
            path: the file, or the folder that holds it.

        Raises:
            OSError, ValueError, KeyError: there is none, or it is damaged.
        """
        if os.path.isdir(path):
            path = os.path.join(path, REPORT_FILE)
        with open(path, encoding="utf-8") as file:
            body = json.load(file)
        known = {name: body[name] for name in cls.FIELDS if name in body}
        return cls(known.pop("accelerated"), known.pop("reason"), **known)
