"""Small fitted models, and what the accelerated form needs to know of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from lapisml.scoring.lapis_scoring.accelerate.convert import convert
from lapisml.scoring.lapis_scoring.accelerate.drawing import Drawing
from lapisml.scoring.lapis_scoring.accelerate.report import Report
from lapisml.scoring.lapis_scoring.accelerate.session import Accelerated, Graph
from lapisml.scoring.lapis_scoring.accelerate.verify import Original, Verdict, verify

WIDTH = 4
FORM = {"kind": "matrix", "width": WIDTH, "names": None, "numbers": ["double"] * WIDTH}


def table(rows: int = 400) -> tuple[np.ndarray, np.ndarray]:
    """Return rows, some of whose values are whole, and three classes that depend on them."""
    random = np.random.default_rng(3)
    given = random.normal(5, 3, (rows, WIDTH))
    given[:, 0] = np.round(given[:, 0])
    score = given[:, 0] + given[:, 1] * np.sin(given[:, 2]) + random.normal(0, 1, rows)
    return given, np.digitize(score, np.quantile(score, (0.4, 0.7)))


def original(model: Any) -> Original:
    return Original(model.predict, getattr(model, "predict_proba", None))


def verified(model: Any, form: dict[str, Any] = FORM) -> tuple[Verdict, Any]:
    """Convert a model and check its graph; return what was found, and the graph."""
    made = convert(model, form)
    return verify(original(model), Graph(made.SerializeToString(), form), Drawing(model, made, form), None), made


def accelerated(model: Any, form: dict[str, Any] = FORM, **more: Any) -> Accelerated:
    """Return a model in both forms."""
    verdict, made = verified(model, form)
    report = Report(True, "", form=form, output=verdict.output, take=verdict.take, dtype=verdict.dtype, **more)
    return Accelerated(model.predict, made.SerializeToString(), report)
