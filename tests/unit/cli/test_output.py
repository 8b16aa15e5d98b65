"""The forms of output, as scripts for ``az`` expect them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from lapisml.cli.output import apply_query, render, show, table, tsv
from lapisml.core.errors import ErrorCode, LapisError

JOBS = [
    {"name": "a", "status": "Completed", "tags": {"x": "1"}, "archived": False, "note": None},
    {"name": "b", "status": "Failed", "tags": {}, "archived": True, "note": None},
]


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("Completed", "Completed\n"),
        (3, "3\n"),
        (True, "true\n"),
        (["a", "b"], "a\nb\n"),
        ([], ""),
        ([["a", 1], ["b", None]], "a\t1\nb\tNone\n"),
        ({"name": "a", "tags": {"x": 1}, "last": 2}, "a\t\t2\n"),
    ],
)
def test_tsv_has_a_line_an_item_without_quotes_and_drops_what_is_nested(result: Any, expected: str) -> None:
    assert tsv(result) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("[].name", ["a", "b"]),
        ("[0].name", "a"),
        ("[?name=='b'].status | [0]", "Failed"),
        ("[?status=='Failed'][name]", [["b"]]),
        ("[].{Name:name, Archived:archived}", [{"Name": "a", "Archived": False}, {"Name": "b", "Archived": True}]),
        ("[?contains(name,'z')]", []),
    ],
)
def test_queries_of_public_scripts(query: str, expected: Any) -> None:
    assert apply_query(JOBS, query) == expected


@pytest.mark.parametrize("query", ["[", "foo(", "contains(note, 'x')"])
def test_a_bad_query_is_wrong_usage(query: str) -> None:
    with pytest.raises(LapisError) as caught:
        apply_query(JOBS[0], query)
    assert caught.value.code is ErrorCode.USAGE
    assert "--query" in caught.value.message


def test_json_and_yaml_read_back_the_same() -> None:
    assert json.loads(render(JOBS, "json")) == JOBS
    assert yaml.safe_load(render(JOBS, "yaml")) == JOBS
    assert list(json.loads(render(JOBS[0], "json"))) == list(JOBS[0])


def test_a_yaml_scalar_has_no_end_marker() -> None:
    assert render("Completed", "yaml") == "Completed\n"


def test_plain_table_shows_scalars_under_capitalised_heads() -> None:
    assert table(JOBS).splitlines() == [
        "Name  Status     Archived",
        "----  ---------  --------",
        "a     Completed  False",
        "b     Failed     True",
    ]


def test_table_keeps_the_columns_of_the_noun_that_hold_something() -> None:
    assert table(JOBS, ("name", "note", "missing", "status")).splitlines()[0] == "Name  Status"


def test_table_of_scalars_and_of_nothing() -> None:
    assert table(["a", "b"]).splitlines() == ["Result", "------", "a", "b"]
    assert table([]) == ""


@pytest.mark.parametrize("form", ["json", "jsonc", "yaml", "yamlc", "table", "tsv", "none"])
def test_a_query_without_a_result_prints_nothing(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    show(JOBS[0], form, "nothing")
    assert capsys.readouterr().out == ""


def test_none_prints_nothing_and_the_query_comes_before_the_form(capsys: pytest.CaptureFixture[str]) -> None:
    show(JOBS, "none")
    show(JOBS, "tsv", "[].name")
    assert capsys.readouterr().out == "a\nb\n"


@pytest.mark.parametrize("form", ["jsonc", "yamlc", "table"])
def test_no_colours_outside_a_terminal(form: str) -> None:
    assert "\x1b" not in render(JOBS, form)


def test_tables_show_times_to_the_second() -> None:
    moment = {"name": "a", "start_time": "2026-01-02T03:04:05.678000+00:00", "note": "2026-01-02 or so"}
    assert table(moment).splitlines()[-1] == "a     2026-01-02T03:04:05Z  2026-01-02 or so"
    assert "678" in render(moment, "json")


def test_on_a_narrow_terminal_names_and_states_stay_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr("lapisml.cli.output.use_color", lambda _stream: True)
    rows = [{"name": "calm_fennel_7q2m0d8zkx--train", "display_name": "long " * 20, "status": "Completed"}]
    lines = table(rows).splitlines()
    assert all(len(line) <= 60 for line in lines)
    assert "calm_fennel_7q2m0d8zkx--train" in lines[-1]
    assert "Completed" in lines[-1]
