"""A model's faster form takes over while requests come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.serving.conftest import Hammer, Site
from tests.support.polling import eventually

REVISION = "d" * 12
BODY = {"input_data": {"columns": ["a", "b"], "data": [[1.0, -1.0], [-2.0, 0.5]]}}


@pytest.fixture
def model(site: Site) -> str:
    """A regression, saved with MLflow; returns its folder below the storage."""
    pytest.importorskip("skl2onnx")
    import mlflow.sklearn
    import pandas as pd
    from sklearn.linear_model import LogisticRegression

    rows = pd.DataFrame({"a": [1.0, -1.0, 2.0, -2.0], "b": [0.0, 1.0, -1.0, 2.0]})
    folder = site.bench.stored("model")
    folder.parent.mkdir(parents=True)
    mlflow.sklearn.save_model(LogisticRegression().fit(rows, [1, 0, 1, 0]), str(folder), input_example=rows)
    return "model"


def acceleration(site: Site) -> str:
    """Give the state of the faster form."""
    record = site.record(REVISION)
    return str(record.acceleration.get("state")) if record is not None else ""


@pytest.mark.slow
def test_replicas_of_the_faster_form_take_over_under_load_without_a_failed_request(site: Site, model: str) -> None:
    site.start(REVISION, model=model, instances=2)
    site.route(**{f"r{REVISION}": 100})
    before = {one.pid for one in site.ready(REVISION, 2, timeout=120).replicas}
    with Hammer(site.up().port, BODY, clients=2) as hammer:
        hammer.some_more()
        eventually(lambda: acceleration(site) not in ("pending", ""), 300)
        hammer.some_more()
    record = site.ready(REVISION, 2)
    assert record.acceleration["state"] == "on", record.acceleration
    assert not before & {one.pid for one in record.replicas}
    assert (hammer.lost, hammer.bad) == (0, {}), hammer.said


@pytest.mark.slow
def test_it_can_be_turned_off(site: Site, model: str, tmp_path: Path) -> None:
    site.start(REVISION, model=model, accelerate=False)
    assert site.ready(REVISION, 1, timeout=120).acceleration["state"] == "off"
    assert not (tmp_path / "accelerated").exists()
