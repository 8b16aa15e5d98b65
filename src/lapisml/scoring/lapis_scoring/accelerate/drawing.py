"""Rows to check a graph with: drawn where a wrong conversion would show.

Where trees compare, one representable number to either side of each threshold decides. So a third of the rows lies
on thresholds and beside them, brought back through the steps before the trees; a third is spread as the training
data was, as far as the model remembers it; a third is anything. The seed is fixed: the same model, the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import graphs
from .report import RefusedError
from .session import LARGEST, Rows

DRAWN = 1000
_SEED = 20240229
_STEPS = (-4e-8, -1e-12, 0.0, 1e-12, 4e-8)
"""Relative distances from a threshold: exactly on it, and beside it in float64 and in float32."""
_CENTRES = ("mean_", "center_", "statistics_", "data_min_")
_SCALES = ("scale_", "data_range_")


class Drawing:
    """Draws rows for one model.

    Args:
        model: the original.
        made: its graph.
        form: what the graph takes; see `Report.form`.
        example: rows of the model's input example, None without one.
    """

    def __init__(self, model: Any, made: Any, form: Mapping[str, Any], example: Rows | None = None) -> None:
        self._random = np.random.default_rng(_SEED)
        self._model = model
        self._made = made
        self._form = form
        self._example = example
        self._kinds = form.get("numbers") or ["double"] * self._width()
        self.texts = known_texts(model, form)

    def rows(self, count: int = DRAWN) -> Rows:
        """Draw ordinary rows: finite numbers, known texts."""
        matrix = self._matrix(count)
        return self._dressed(matrix)

    def with_missing(self) -> Rows | None:
        """Draw rows with NaN: in one column each, and in all; None where there are no numbers."""
        width = self._width()
        if not width:
            return None
        whole = {place for place, kind in enumerate(self._kinds) if kind in ("whole", "short")}
        free = [place for place in range(width) if place not in whole]
        if not free:
            return None
        places = self._random.permutation(free)[:64]
        matrix = self._matrix(len(places) + 3)
        for row, column in enumerate(places):
            matrix[row, column] = np.nan
        matrix[-1, free] = np.nan
        matrix[-2, free[: (len(free) + 1) // 2]] = np.nan
        return self._dressed(matrix)

    def extremes(self) -> Rows:
        """Draw the edges of what numbers can be, within what the graph may be asked: zeros, signs, tiny, large."""
        width = self._width()
        values = (0.0, -0.0, 1.0, -1.0, 5e-324, 1e-300, 1e-38, 1e6, -1e6, 16777217.0, 1e12, -1e12, 9e15, -9e15)
        usual = self._usual(1)[0] if width else np.empty(0)
        matrix = [np.full(width, value) for value in values]
        for column in self._random.permutation(width)[:32]:
            for value in (0.0, -1.0, 1e6, -9e15):
                row = usual.copy()
                row[column] = value
                matrix.append(row)
        return self._dressed(np.array(matrix).reshape(len(matrix), width))

    def _width(self) -> int:
        if self._form["kind"] == "matrix":
            return int(self._form["width"])
        return sum(one["type"] == "number" for one in self._form["columns"])

    def _matrix(self, count: int) -> np.ndarray:
        """Draw the numbers."""
        third = max(1, count // 3)
        drawn = [self._on_thresholds(third), self._usual(third)]
        drawn.append(self._anything(max(0, count - 2 * third)))
        whole = np.concatenate(drawn)[:count]
        return np.ascontiguousarray(np.nan_to_num(whole, nan=0.0, posinf=1e15, neginf=-1e15))

    def _usual(self, count: int) -> np.ndarray:
        centre, scale = self._centre_and_scale()
        drawn: np.ndarray = centre + scale * self._random.normal(0.0, 1.5, (count, self._width()))
        drawn[: count // 2] = np.round(drawn[: count // 2])
        return drawn

    def _anything(self, count: int) -> np.ndarray:
        width = self._width()
        sizes = 10.0 ** self._random.uniform(-4, 4, (count, width))
        drawn: np.ndarray = sizes * self._random.choice([-1.0, 1.0], (count, width), p=[0.3, 0.7])
        whole = self._random.random((count, width)) < 0.4
        return np.where(whole, self._random.integers(-1, 12, (count, width)).astype(np.float64), drawn)

    def _on_thresholds(self, count: int) -> np.ndarray:
        found = graphs.thresholds(self._made)
        if not found or self._form["kind"] != "matrix":
            return self._usual(count)
        inner = max(max(found) + 1, self._width())
        centre, scale = self._centre_and_scale()
        if inner != self._width():
            centre, scale = np.zeros(inner), np.ones(inner)
        rows = centre + scale * self._random.normal(0.0, 1.0, (count, inner))
        for column, values in found.items():
            picked = self._random.choice(values, count)
            beside = picked * (1.0 + self._random.choice(_STEPS, count))
            use = self._random.random(count) < 0.9
            rows[use, column] = beside[use]
        return self._brought_back(rows)

    def _brought_back(self, rows: np.ndarray) -> np.ndarray:
        """Take rows as the last step sees them back to what the first one takes."""
        steps = [step for _name, step in getattr(self._model, "steps", None) or ()][:-1]
        try:
            for step in reversed([one for one in steps if one not in (None, "passthrough")]):
                rows = np.asarray(step.inverse_transform(rows), dtype=np.float64)
        except Exception:  # noqa: BLE001 - a step that can't go back is no failure: the rows are then drawn without it
            return self._usual(len(rows))
        return rows if rows.shape[1] == self._width() else self._usual(len(rows))

    def _centre_and_scale(self) -> tuple[np.ndarray, np.ndarray]:
        width = self._width()
        if isinstance(self._example, np.ndarray) and len(self._example) > 1:
            finite = np.nan_to_num(self._example, posinf=0.0, neginf=0.0)
            spread = finite.std(axis=0)
            return finite.mean(axis=0), np.where(spread > 0, spread, 1.0)
        for part in graphs.parts(self._model):
            centre = _remembered(part, _CENTRES, width)
            if centre is not None:
                scale = _remembered(part, _SCALES, width)
                return centre, np.abs(scale) if scale is not None else np.maximum(1.0, np.abs(centre))
        return self._thresholds_spread(width)

    def _thresholds_spread(self, width: int) -> tuple[np.ndarray, np.ndarray]:
        centre, scale = np.zeros(width), np.ones(width)
        if not (getattr(self._model, "steps", None) or ()):
            for column, values in graphs.thresholds(self._made).items():
                if column < width:
                    centre[column] = values.mean()
                    scale[column] = values.std() or max(1.0, abs(values[0]))
        return centre, scale

    def _dressed(self, numbers: np.ndarray) -> Rows:
        """Bring numbers, and drawn texts, into the graph's form."""
        numbers = fitting(numbers, self._kinds)
        if self._form["kind"] == "matrix":
            return np.ascontiguousarray(numbers)
        columns: dict[str, np.ndarray] = {}
        place = 0
        for one in self._form["columns"]:
            if one["type"] == "number":
                columns[one["name"]] = np.ascontiguousarray(numbers[:, place])
                place += 1
            else:
                columns[one["name"]] = self._random.choice(
                    np.array(self.texts[one["name"]], dtype=object), len(numbers)
                )
        return columns


def fitting(numbers: np.ndarray, kinds: list[str]) -> np.ndarray:
    """Return the numbers as requests can bring them: whole ones, float32, truth values, as the signature says.

    Args:
        numbers: ``(n, columns)`` float64; changed in place.
        kinds: ``double``, ``float``, ``whole`` (64 bits), ``short`` (32 bits) or ``truth`` for each column.
    """
    for place, kind in enumerate(kinds):
        column = numbers[:, place]
        if kind == "float":
            numbers[:, place] = np.clip(column, -3e38, 3e38).astype(np.float32)
        elif kind == "truth":
            numbers[:, place] = np.where(np.isnan(column), 0.0, column > 0.5)
        elif kind in ("whole", "short"):
            most = 2.0**31 - 1 if kind == "short" else LARGEST
            numbers[:, place] = np.clip(np.rint(column), -most, most)
    return numbers


def known_texts(model: Any, form: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the values of each text column that the model's encoders know.

    Raises:
        RefusedError: a column's values can't be told.
    """
    if form["kind"] != "columns":
        return {}
    found: dict[str, list[str]] = {}
    names = [one["name"] for one in form["columns"]]
    for part in graphs.parts(model):
        for _name, transformer, columns in getattr(part, "transformers_", None) or ():
            for encoder in graphs.parts(transformer):
                found.update(_categories(encoder, _named(columns, names)))
    texts = {}
    for one in form["columns"]:
        if one["type"] == "text":
            if not found.get(one["name"]):
                raise RefusedError("column '{}' is text without a list of known values".format(one["name"]))
            texts[one["name"]] = found[one["name"]]
    return texts


def _named(columns: Any, names: list[str]) -> list[str]:
    """Return the names of a transformer's columns, which it may know by name or by place."""
    if isinstance(columns, (str, int)):
        columns = [columns]
    try:
        return [one if isinstance(one, str) else names[int(one)] for one in columns]
    except (TypeError, ValueError, IndexError):
        return []


def _categories(encoder: Any, names: list[str]) -> dict[str, list[str]]:
    categories = getattr(encoder, "categories_", None)
    if categories is None or len(categories) != len(names):
        return {}
    return {
        name: [value for value in values.tolist() if isinstance(value, str)] for name, values in zip(names, categories)
    }


def _remembered(part: Any, names: tuple[str, ...], width: int) -> np.ndarray | None:
    for name in names:
        try:
            value = np.asarray(getattr(part, name, None), dtype=np.float64)
        except (TypeError, ValueError):
            continue
        if value.shape == (width,) and np.isfinite(value).all():
            return value
    return None
