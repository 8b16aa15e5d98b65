"""Which form answers what; and a graph that is not the model's is found out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier

from lapisml.scoring.lapis_scoring.accelerate import graphs, measure
from lapisml.scoring.lapis_scoring.accelerate.convert import convert
from lapisml.scoring.lapis_scoring.accelerate.drawing import Drawing
from lapisml.scoring.lapis_scoring.accelerate.make import make
from lapisml.scoring.lapis_scoring.accelerate.report import RefusedError, Report
from lapisml.scoring.lapis_scoring.accelerate.session import Accelerated, Graph, Guard
from lapisml.scoring.lapis_scoring.accelerate.verify import verify

from .models import FORM, accelerated, original, table


def test_a_graph_of_another_model_is_refused() -> None:
    rows, classes = table()
    model = RandomForestClassifier(10, random_state=0).fit(rows, classes)
    made = convert(RandomForestClassifier(10, random_state=1).fit(rows, classes), FORM)
    with pytest.raises(RefusedError, match="differs from the model"):
        verify(original(model), Graph(made.SerializeToString(), FORM), Drawing(model, made, FORM), None)


def test_a_threshold_that_is_off_by_a_hair_is_found_out() -> None:
    rows, classes = table()
    model = DecisionTreeClassifier(max_depth=4, random_state=0).fit(rows, classes > 0)
    made = convert(model, FORM)
    model.tree_.threshold[0] += 1e-6  # the original changes; the graph keeps what it was made of
    with pytest.raises(RefusedError, match="differs from the model"):
        verify(original(model), Graph(made.SerializeToString(), FORM), Drawing(model, made, FORM), None)


class _Counting:
    """Counts how often the original is asked."""

    def __init__(self, model: Any) -> None:
        self.asked = 0
        self._model = model
        self.predict_proba = model.predict_proba

    def predict(self, rows: np.ndarray) -> Any:
        self.asked += 1
        return self._model.predict(rows)


def _both(**more: Any) -> tuple[Accelerated, _Counting, np.ndarray]:
    rows, classes = table()
    model = LogisticRegression().fit(rows, classes)
    counting = _Counting(model)
    made = convert(model, FORM)
    report = Report(True, "", form=FORM, output="label", take="flat", dtype="int64", **more)
    return Accelerated(counting.predict, graphs.only(made, "label"), report), counting, rows


def test_the_graph_answers_small_requests_and_the_original_large_ones() -> None:
    both, counting, rows = _both(batch_from=100)
    assert both(rows[:99]).tolist() == counting._model.predict(rows[:99]).tolist()
    assert counting.asked == 0
    assert both(rows[:100]).tolist() == counting._model.predict(rows[:100]).tolist()
    assert counting.asked == 1


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_the_original_refuses_what_it_always_refused(value: float) -> None:
    both, counting, rows = _both()
    rows[3, 2] = value
    with pytest.raises(ValueError, match=r"NaN|infinity"):
        both(rows)
    assert counting.asked == 1


def test_the_original_answers_numbers_beyond_what_was_checked() -> None:
    both, counting, rows = _both()
    rows[3, 2] = 1e17
    both(rows)
    assert counting.asked == 1


def test_labels_have_the_type_of_the_originals() -> None:
    rows, classes = table()
    model = LogisticRegression().fit(rows, classes > 0)
    assert accelerated(model)(rows[:3]).dtype == np.bool_


def test_texts_that_were_not_checked_are_not_the_graphs() -> None:
    guard = Guard(False, {"sex": ["f", "m"]})
    assert guard.admits({"sex": np.array(["f", "m"], object), "age": np.array([1.0, 2.0])})
    assert not guard.admits({"sex": np.array(["f", "x"], object), "age": np.array([1.0, 2.0])})
    assert not guard.admits({"sex": np.array(["f", None], object), "age": np.array([1.0, 2.0])})
    assert not guard.admits({"sex": np.array(["f", "m"], object), "age": np.array([1.0, np.nan])})


def test_a_guard_that_knows_missing_values_still_keeps_infinities_out() -> None:
    guard = Guard(True, {})
    assert guard.admits(np.array([[np.nan, 1.0]]))
    assert guard.admits(np.array([[np.nan, np.nan]]))
    assert not guard.admits(np.array([[np.nan, np.inf]]))


@pytest.mark.parametrize(
    ("times", "wanted"),
    [
        ([(1, 50, 5), (8, 50, 9), (64, 60, 90)], 64),
        ([(1, 50, 5), (8, 50, 60), (64, 60, 90)], 8),
        ([(1, 5, 50), (8, 5, 60)], 1),
        ([(1, 50, 5), (8, 50, 60), (64, 100, 90)], None),
    ],
)
def test_the_original_takes_over_where_it_is_faster_from_there_on(times: list[Any], wanted: int | None) -> None:
    sizes = [{"rows": rows, "original_us": first, "graph_us": second} for rows, first, second in times]
    assert measure.batch_from(sizes) == wanted


def test_what_was_made_is_written_down_and_can_be_loaded(tmp_path: Path) -> None:
    rows, classes = table()
    model = RandomForestClassifier(10, random_state=0).fit(rows, classes > 0)
    report = make(model, FORM, original(model), rows[:5], str(tmp_path))
    assert report.accelerated, report.reason
    assert "rows checked" in report.reason
    assert report.sizes[0]["rows"] == 1
    loaded = Accelerated.load(model.predict, str(tmp_path))
    assert loaded(rows[:20]).tolist() == model.predict(rows[:20]).tolist()
    assert len(loaded._graph.outputs) == 1


def test_a_refusal_leaves_a_report_and_no_graph(tmp_path: Path) -> None:
    rows, classes = table(60)
    from sklearn.neighbors import LocalOutlierFactor

    model = LocalOutlierFactor(novelty=True).fit(rows, classes)
    report = make(model, {**FORM, "width": 5, "numbers": ["double"] * 5}, original(model), None, str(tmp_path))
    assert not report.accelerated
    assert report.reason
    assert json.loads((tmp_path / "report.json").read_text())["accelerated"] is False
    assert not (tmp_path / "model.onnx").exists()
