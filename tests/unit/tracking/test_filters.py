from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import Clause, Order, parse_filter, parse_order

RUNS = grammars.RUNS


@pytest.mark.parametrize(
    ("text", "clause"),
    [
        ("metrics.acc > 0.9", Clause("metric", "acc", ">", 0.9)),
        ("metric.acc>=-1e-3", Clause("metric", "acc", ">=", -1e-3)),
        ("metrics.`val acc` != 3", Clause("metric", "val acc", "!=", 3)),
        ('metrics."a b" <> 3', Clause("metric", "a b", "!=", 3)),
        ("params.lr = '0.1'", Clause("param", "lr", "=", "0.1")),
        ('parameter.lr="0.1"', Clause("param", "lr", "=", "0.1")),
        ("tags.mlflow.parentRunId = 'x'", Clause("tag", "mlflow.parentRunId", "=", "x")),
        ("tag.`a.b c` like 'x%'", Clause("tag", "a.b c", "LIKE", "x%")),
        ("tags.note = 'it''s'", Clause("tag", "note", "=", "it's")),
        ("tags.x IS NULL", Clause("tag", "x", "IS NULL", None)),
        ("params.x is not null", Clause("param", "x", "IS NOT NULL", None)),
        ("attributes.run_id IN ('a', 'b')", Clause("attribute", "run_id", "IN", ("a", "b"))),
        ("run_id not in ('a',)", Clause("attribute", "run_id", "NOT IN", ("a",))),
        ("attr.created >= 17", Clause("attribute", "start_time", ">=", 17)),
        ("attributes.`Run name` ILIKE '%x'", Clause("attribute", "run_name", "ILIKE", "%x")),
        ("dataset.context = 'train'", Clause("dataset", "context", "=", "train")),
        ("datasets.name IN ('iris')", Clause("dataset", "name", "IN", ("iris",))),
    ],
)
def test_one_comparison(text: str, clause: Clause) -> None:
    assert parse_filter(text, RUNS) == [clause]


def test_comparisons_are_joined_by_and() -> None:
    found = parse_filter("metrics.a > 1 AND params.b = 'and' and tags.c != 'AND'", RUNS)
    assert [(c.entity, c.value) for c in found] == [("metric", 1), ("param", "and"), ("tag", "AND")]


@pytest.mark.parametrize("text", [None, "", "   "])
def test_nothing_is_no_filter(text: str | None) -> None:
    assert parse_filter(text, RUNS) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("metrics.acc > 'x'", "Expected a number"),
        ("params.lr = 0.1", "quoted string"),
        ("params.lr > '0.1'", "Invalid comparator"),
        ("metrics.acc LIKE 'x'", "Invalid comparator"),
        ("metrics.acc IS NULL", "Invalid comparator"),
        ("attributes.nothing = 'x'", "Invalid attribute key"),
        ("trace.x = 'x'", "Invalid entity type"),
        ("dataset.size = 'x'", "Invalid dataset key"),
        ("attributes.status IN ('RUNNING')", "Invalid comparator"),
        ("metrics.a > 1 OR metrics.b > 2", "expected AND"),
        ("metrics.a > 1 AND", "expected a column"),
        ("metrics.a >", "Expected a number"),
        ("run_id IN ()", "quoted string in the list"),
        ("run_id IN ('a'", "end of the list"),
        ("run_id = 'a", "cannot read"),
        ("metrics.a > 1; DROP TABLE runs", "expected AND"),
        ("metrics.a > 1 -- x", "expected AND"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_reason(text: str, says: str) -> None:
    with pytest.raises(LapisError, match=says) as caught:
        parse_filter(text, RUNS)
    assert caught.value.code is ErrorCode.USAGE


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with suppress(LapisError):  # any other exception fails the test
        parse_filter(text, RUNS)
        parse_order(text, RUNS)


@given(st.text(max_size=40))
def test_any_value_survives_quoting(value: str) -> None:
    quoted = value.replace("'", "''")
    assert parse_filter(f"tags.t = '{quoted}'", RUNS) == [Clause("tag", "t", "=", value)]


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("metrics.acc DESC", Order("metric", "acc", False)),
        ("metrics.`val acc`", Order("metric", "val acc", True)),
        ("params.lr asc", Order("param", "lr", True)),
        ("start_time desc", Order("attribute", "start_time", False)),
        ("attribute.Created DESC", Order("attribute", "start_time", False)),
    ],
)
def test_order(text: str, order: Order) -> None:
    assert parse_order(text, RUNS) == order


@pytest.mark.parametrize("text", ["", "metrics.a upwards", "nothing", "dataset.name", "metrics.a DESC x"])
def test_order_that_cannot_be_read(text: str) -> None:
    with pytest.raises(LapisError):
        parse_order(text, RUNS)


def test_an_order_may_name_fields_that_a_filter_may_not() -> None:
    assert parse_order("creation_timestamp DESC", grammars.REGISTERED_MODELS).key == "creation_timestamp"
    with pytest.raises(LapisError):
        parse_filter("creation_timestamp > 3", grammars.REGISTERED_MODELS)
