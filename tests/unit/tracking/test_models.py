"""Logged models."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import parse_filter
from lapisml.server.features.tracking.records import ModelStatus, Point, RunModel
from tests.unit.tracking.conftest import Bench


def test_the_life_of_a_model(tracking: Bench) -> None:
    models, run = tracking.service.models, tracking.run()
    made = models.create(tracking.caller, "0", "forest", "sklearn", run, {"depth": "3"}, {"team": "a"})
    assert made.model_id.startswith("m-")
    assert (made.status, made.params, made.tags) == (ModelStatus.PENDING, {"depth": "3"}, {"team": "a"})
    models.add_params(tracking.caller, made.model_id, {"trees": "10", "depth": "3"})
    models.set_tags(tracking.caller, made.model_id, {"team": "b", "x": "y"})
    models.delete_tag(tracking.caller, made.model_id, "x")
    done = models.finalize(tracking.caller, made.model_id, ModelStatus.READY)
    assert (done.status, done.params, done.tags) == (ModelStatus.READY, {"depth": "3", "trees": "10"}, {"team": "b"})
    with pytest.raises(LapisError, match="Changing param values"):
        models.add_params(tracking.caller, made.model_id, {"depth": "4"})
    tracking.service.runs.log_inputs(tracking.caller, run, [], [RunModel(made.model_id, "output", 3)])
    assert tracking.service.runs.get(tracking.caller, run).models == [RunModel(made.model_id, "output", 3)]
    models.delete(tracking.caller, made.model_id)
    with pytest.raises(LapisError):
        models.get(tracking.caller, made.model_id)
    assert models.get(tracking.caller, made.model_id, allow_deleted=True).deleted_at is not None
    assert models.search(tracking.caller, ["0"]).items == []


def test_metrics_measured_on_a_model(tracking: Bench) -> None:
    models, run = tracking.service.models, tracking.run()
    made = models.create(tracking.caller, "0", "forest", source_run_id=run)
    for _ in range(2):
        tracking.log(
            run,
            Point("acc", 0.5, 1, 0, made.model_id, "iris", "1"),
            Point("acc", math.nan, 2, 1, made.model_id),
            Point("acc", 0.1, 2, 1, "m-nothing"),
        )
    found = models.get(tracking.caller, made.model_id).metrics
    assert [(key, step, is_nan, run_id, name) for key, _, _, step, is_nan, run_id, name, _ in found] == [
        ("acc", 0, 0, run, "iris"),
        ("acc", 1, 1, run, ""),
    ]
    assert len(tracking.service.runs.history(tracking.caller, run, "acc").items) == 3


def test_search(tracking: Bench) -> None:
    models, run = tracking.service.models, tracking.run()
    for name, acc, dataset in (("a", 0.1, "iris"), ("b", 0.9, "wine"), ("c", None, "")):
        made = models.create(tracking.caller, "0", name, "sklearn", run, {"p": name}, {"t": name})
        if acc is not None:
            tracking.log(
                run, Point("acc", 5.0, 1, 0, made.model_id), Point("acc", acc, 2, 0, made.model_id, dataset, "1")
            )

    def names(text: str = "", order: tuple[str, bool] | None = None, dataset: str = "") -> str:
        only = (dataset, None) if dataset else None
        page = models.search(
            tracking.caller, ["0"], parse_filter(text, grammars.LOGGED_MODELS), [only] if only and not order else [],
            [(order[0], order[1], only)] if order else [],
        )  # fmt: skip
        return "".join(model.name for model in page.items)

    assert names() == "cba"
    assert names("name = 'b'") == "b"
    assert names("params.p = 'a' AND tags.t = 'a'") == "a"
    assert names("metrics.acc < 0.5") == "a"
    assert names("name IN ('a', 'c')") == "ca"
    assert names(dataset="iris") == "a"
    assert names(order=("metrics.acc", True)) == "abc"
    assert names(order=("metrics.acc", False)) == "bac"
    assert names(order=("metrics.acc", False), dataset="iris") == "acb"
    assert names(order=("name", True)) == "abc"
    first = models.search(tracking.caller, ["0"], limit=2)
    assert [m.name for m in models.search(tracking.caller, ["0"], limit=2, token=first.token).items] == ["a"]


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", "a'b", "  ", "x" * 256])
def test_names_that_are_refused(tracking: Bench, name: str) -> None:
    with pytest.raises(LapisError) as caught:
        tracking.service.models.create(tracking.caller, "0", name)
    assert caught.value.code is ErrorCode.USAGE


def test_a_job_changes_its_own_models_only(tracking: Bench) -> None:
    models = tracking.service.models
    other = models.create(tracking.caller, "0", "other")
    tracking.run(run_id="my_job")
    job = replace(tracking.caller, job="my_job")
    own = models.create(job, "0", "own", source_run_id="my_job")
    models.set_tags(job, own.model_id, {"a": "b"})
    assert [m.name for m in models.search(job, ["0"]).items] == ["own"]
    for call in (
        lambda: models.set_tags(job, other.model_id, {"a": "b"}),
        lambda: models.finalize(job, other.model_id, ModelStatus.READY),
        lambda: models.delete(job, other.model_id),
        lambda: models.add_params(job, other.model_id, {"a": "b"}),
        lambda: models.create(job, "0", "x", source_run_id=tracking.run()),
    ):
        with pytest.raises(LapisError) as caught:
            call()
        assert caught.value.code is ErrorCode.FORBIDDEN
