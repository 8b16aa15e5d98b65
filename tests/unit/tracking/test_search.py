"""Searching runs: every comparison and order, on both databases, against a plain reading of the same rows."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import pytest

from lapisml.core.errors import LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.records import DatasetInput, Page, Point, RunData, View
from tests.unit.tracking.conftest import Bench


def search(tracking: Bench, text: str = "", *order: str, **further: object) -> Page[RunData]:
    clauses = parse_filter(text, grammars.RUNS)
    orders = [parse_order(one, grammars.RUNS) for one in order]
    return tracking.service.runs.search(tracking.caller, ["0"], clauses, orders, **further)  # type: ignore[arg-type]


def names(tracking: Bench, text: str = "", *order: str, **further: object) -> str:
    return "".join(run.info.name for run in search(tracking, text, *order, **further).items)


@pytest.fixture
def four(tracking: Bench) -> Bench:
    """Runs a, b, c, d, started in this order."""
    values = {"a": 0.5, "b": math.nan, "c": -math.inf, "d": None}
    for start, (name, value) in enumerate(values.items()):
        run = tracking.run(name=name, start_time=start, tags={"team": name.upper(), "Case": "Abc"})
        if value is not None:
            tracking.log(run, Point("m", 100.0, 0, 0), Point("m", value, 1, 1), params=[("lr", f"0.{start}")])
    return tracking


def test_without_order_the_latest_started_come_first(four: Bench) -> None:
    assert names(four) == "dcba"


def test_order_by_metric_puts_nan_and_nothing_last(four: Bench) -> None:
    assert names(four, "", "metrics.m ASC") == "cabd"
    assert names(four, "", "metrics.m DESC") == "acbd"
    assert names(four, "", "params.lr DESC") == "cbad"
    assert names(four, "", "tags.team") == "abcd"
    assert names(four, "", "attributes.start_time ASC") == "abcd"
    assert names(four, "", "metrics.none", "run_name DESC") == "dcba"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("metrics.m > 0", "a"),
        ("metrics.m < 0", "c"),
        ("metrics.m >= 0.5", "a"),
        ("metrics.m = 0", ""),
        ("metrics.m != 0.5", "cb"),
        ("params.lr = '0.1'", "b"),
        ("params.lr != '0.1'", "ca"),
        ("params.lr LIKE '0.%'", "cba"),
        ("params.lr LIKE '0_1'", "b"),
        ("params.lr IS NULL", "d"),
        ("params.lr IS NOT NULL AND metrics.m > -1", "a"),
        ("tags.Case LIKE 'abc'", ""),
        ("tags.Case LIKE 'A%'", "dcba"),
        ("tags.Case ILIKE 'aBC'", "dcba"),
        ("tags.case = 'Abc'", ""),
        ("tags.team LIKE '[A]'", ""),
        ("attributes.run_name = 'a'", "a"),
        ("attributes.start_time >= 2", "dc"),
        ("attributes.user_id = 'ann'", "dcba"),
        ("attributes.artifact_uri LIKE 'mlflow-artifacts:%'", "dcba"),
        ("run_id IN ('nothing')", ""),
        ("tags.team = 'it''s; DROP TABLE runs'", ""),
    ],
)
def test_comparisons(four: Bench, text: str, found: str) -> None:
    assert names(four, text) == found


def test_by_run_id(four: Bench) -> None:
    ids = {run.info.name: run.info.run_id for run in search(four).items}
    assert names(four, f"run_id IN ('{ids['a']}', '{ids['c']}')") == "ca"
    assert names(four, f"attributes.run_id NOT IN ('{ids['a']}', '{ids['c']}')") == "db"


def test_by_dataset(four: Bench) -> None:
    run = search(four, "run_name = 'a'").items[0].info.run_id
    dataset = DatasetInput("iris", "123", "local", "{}", tags={"mlflow.data.context": "train"})
    for _ in range(2):
        four.service.runs.log_inputs(four.caller, run, [dataset], [])
    for text in ("dataset.name = 'iris'", "dataset.digest IN ('123')", "dataset.context LIKE 'tr%'"):
        assert names(four, text) == "a"
    assert names(four, "dataset.name = 'other'") == ""
    assert search(four, "dataset.name = 'iris'").items[0].datasets == [dataset]
    assert four.service.runs.dataset_summaries(four.caller, ["0"]) == [("0", "iris", "123", "train")]


def test_deleted_runs(four: Bench) -> None:
    run = search(four, "run_name = 'a'").items[0].info.run_id
    four.service.runs.delete(four.caller, run)
    assert names(four) == "dcb"
    assert names(four, view=View.DELETED) == "a"
    assert names(four, view=View.ALL) == "dcba"


def test_pages(four: Bench) -> None:
    first = search(four, "", "metrics.m DESC", limit=3)
    second = search(four, "", "metrics.m DESC", limit=3, token=first.token)
    assert "".join(run.info.name for run in first.items + second.items) == "acbd"
    assert second.token is None
    for text, order, token in (("metrics.m > 0", "metrics.m DESC", first.token), ("", "metrics.m DESC", "nonsense")):
        with pytest.raises(LapisError, match="page token"):
            search(four, text, order, limit=3, token=token)


def test_a_job_finds_its_own_run_and_those_it_made(four: Bench) -> None:
    own = four.run(run_id="my_job", name="own")
    job = replace(four.caller, job="my_job")
    child = four.service.runs.create(job, "0", name="child").info.run_id
    found = four.service.runs.search(job, ["0"]).items
    assert {run.info.run_id for run in found} == {own, child}
    assert len(search(four).items) == 6


def test_ten_thousand_runs_are_searched_quickly(tracking: Bench) -> None:
    """The budget is ten times what it takes, so that only a wrong plan breaks it."""
    count = 3000
    with tracking.database.write() as connection:
        values = [{"n": number, "name": f"r{number}"} for number in range(count)]
        _insert(connection, values)
    begin = time.perf_counter()
    page = search(tracking, "params.p = '1'", "metrics.m DESC", limit=500)
    took = time.perf_counter() - begin
    assert [run.metrics[0][1] for run in page.items[:3]] == [2999.0, 2998.0, 2997.0]
    assert len(page.items) == 500
    assert took < 3


def _insert(connection: object, values: list[dict[str, object]]) -> None:
    from sqlalchemy import Connection, insert

    from lapisml.server.features.tracking.store.experiments import ensure_default
    from lapisml.server.features.tracking.tables import metric_series, run_params, run_tags, runs

    assert isinstance(connection, Connection)
    experiment = ensure_default(connection, 1, 0)
    rows = [
        {
            "id": int(str(v["n"])) + 1, "workspace_id": 1, "experiment_id": experiment, "run_id": v["name"],
            "name": v["name"], "user_id": "ann", "status": "Completed", "start_time": v["n"], "artifact_uri": "x",
        }
        for v in values
    ]  # fmt: skip
    connection.execute(insert(runs), rows)
    connection.execute(insert(run_params), [{"run": r["id"], "key": "p", "value": "1"} for r in rows])
    connection.execute(insert(run_tags), [{"run": r["id"], "key": "t", "value": "1"} for r in rows])
    series = [
        {"run": r["id"], "key": "m", "step": 0, "timestamp": 0, "value": float(str(r["start_time"])), "is_nan": 0}
        for r in rows
    ]
    connection.execute(insert(metric_series), series)
