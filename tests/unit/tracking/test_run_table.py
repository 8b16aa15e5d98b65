"""The table of runs on both databases: filter, order, pages that stand still, and what is shown."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection, Select, literal, select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState
from lapisml.server.features.tracking.records import PARENT_RUN_TAG, Point
from lapisml.server.features.tracking.run_query import NO_JOB, RunQuery, Shown, Wanted, read_filter, read_orders
from lapisml.server.features.tracking.run_table import MOST_COMPARED, RunTable
from lapisml.server.features.tracking.tables import runs
from lapisml.server.features.tracking.views import RunViews, View
from tests.unit.tracking.conftest import Bench


class Names:
    """Jobs: of the type ``command`` where the run's id says so, archived too."""

    def all(self, workspace_id: int) -> Select[tuple[str]]:
        return select(runs.c.run_id).where(runs.c.run_id.like("job%"), runs.c.workspace_id == workspace_id)

    def archived(self, workspace_id: int) -> Select[tuple[str]]:
        return self.all(workspace_id).where(runs.c.run_id == "job-old")

    def of_types(self, workspace_id: int, types: Sequence[str]) -> Select[tuple[str]]:
        return self.all(workspace_id).where(literal("command").in_(types))

    def types(self, _connection: Connection, _workspace_id: int, names: Sequence[str]) -> dict[str, tuple[str, bool]]:
        return {name: ("command", name == "job-old") for name in names if name.startswith("job")}


@pytest.fixture
def table(tracking: Bench) -> RunTable:
    """Six runs: five with the metric (one NaN, two infinite), one without; r1 is a child of r0."""
    values = {"r0": 0.5, "r1": float("nan"), "r2": float("inf"), "job-a": 0.25, "job-old": float("-inf"), "r5": None}
    for number, (name, value) in enumerate(values.items()):
        status = JobState.FAILED if name == "r2" else JobState.COMPLETED
        tracking.run(run_id=name, name=f"name {name}", start_time=number, status=status)
        tracking.log(name, *[] if value is None else [Point("acc", value, 1, 1)], params=[("p", str(9 - number))])
    tracking.log("r1", tags=[(PARENT_RUN_TAG, "r0"), ("team", "t1")])
    return RunTable(tracking.database, Names())


def ids(table: RunTable, query: RunQuery, limit: int = 50) -> list[str]:
    """Return the ids of all runs that a query finds, read in pages."""
    found, token = [], None
    while True:
        page = table.page(1, query, Wanted(), limit, token)
        found += [row.info.run_id for row in page.items]
        token = page.token
        if token is None:
            return found


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ([], "r5 job-a r2 r1 r0"),
        (["start_time ASC"], "r0 r1 r2 job-a r5"),
        (["metrics.acc DESC"], "r2 r0 job-a r1 r5"),
        (["metrics.acc ASC"], "job-a r0 r2 r1 r5"),
        (["params.p ASC"], "r5 job-a r2 r1 r0"),
        (["end_time DESC", "run_name ASC"], "job-a r0 r1 r2 r5"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_pages_of_any_length_give_each_run_once_and_in_order(
    table: RunTable, order: list[str], expected: str, limit: int
) -> None:
    assert ids(table, RunQuery(orders=read_orders(order)), limit) == expected.split()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RunQuery(clauses=read_filter("metrics.acc > 0.3")), {"r0", "r2"}),
        (RunQuery(clauses=read_filter("status = 'Failed'")), {"r2"}),
        (RunQuery(clauses=read_filter("status = 'FAILED'")), {"r2"}),
        (RunQuery(clauses=read_filter("status IN ('FINISHED') AND run_name LIKE 'name r%'")), {"r0", "r1", "r5"}),
        (RunQuery(statuses=("Failed",)), {"r2"}),
        (RunQuery(types=("command",)), {"job-a"}),
        (RunQuery(types=("command", NO_JOB)), {"r0", "r1", "r2", "job-a", "r5"}),
        (RunQuery(types=(NO_JOB,), top_level=True), {"r0", "r2", "r5"}),
        (RunQuery(shown=Shown.ARCHIVED), {"job-old"}),
        (RunQuery(shown=Shown.ALL), {"r0", "r1", "r2", "job-a", "job-old", "r5"}),
        (RunQuery(experiments=("0",), clauses=read_filter("tags.team = 't1'")), {"r1"}),
    ],
)
def test_filters_find_and_count_the_same(table: RunTable, query: RunQuery, expected: set[str]) -> None:
    assert set(ids(table, query)) == expected
    assert table.count(1, query) == len(expected)
    assert table.count(2, RunQuery(clauses=query.clauses, shown=Shown.ALL)) == 0


def test_a_run_that_comes_between_two_pages_moves_no_other(table: RunTable, tracking: Bench) -> None:
    query = RunQuery(orders=read_orders(["metrics.acc DESC"]))
    first = table.page(1, query, Wanted(), 2, None)
    tracking.log(tracking.run(run_id="new", start_time=99), Point("acc", 0.9, 1, 1))
    second = table.page(1, query, Wanted(), 2, first.token)
    assert [row.info.run_id for row in (*first.items, *second.items)] == ["r2", "r0", "job-a", "r1"]
    with pytest.raises(LapisError, match="another search"):
        table.page(1, RunQuery(), Wanted(), 2, first.token)


def test_a_row_holds_what_was_asked_for_and_no_more(table: RunTable) -> None:
    rows = {row.info.run_id: row for row in table.page(1, RunQuery(), Wanted(("acc",), (), ("team",)), 9, None).items}
    assert rows["r0"].metrics == {"acc": (0.5, 0)}
    assert rows["r1"].metrics == {"acc": (0.0, 1)}
    assert (rows["r1"].parent, rows["r1"].tags, rows["r1"].params) == ("r0", {"team": "t1"}, {})
    assert (rows["job-a"].type, rows["r5"].type, rows["r5"].metrics) == ("command", NO_JOB, {})


def test_comparing_gives_everything_in_the_order_asked_for(table: RunTable) -> None:
    found = table.compare(1, ["r1", "gone", "r0"])
    assert [(row.info.run_id, row.params) for row in found] == [("r1", {"p": "8"}), ("r0", {"p": "9"})]
    assert found[0].tags["team"] == "t1"
    with pytest.raises(LapisError) as refused:
        table.compare(1, [str(n) for n in range(MOST_COMPARED + 1)])
    assert refused.value.code is ErrorCode.USAGE


def test_keys_and_experiments(table: RunTable, tracking: Bench) -> None:
    keys = table.keys(1)
    assert (keys.metrics, keys.params) == (["acc"], ["p"])
    assert "team" in keys.tags
    empty = tracking.service.experiments.create(tracking.caller, "empty")
    assert table.keys(1, empty).metrics == []
    default, other = table.experiments(1)
    assert (default.experiment_id, default.counts, default.last_activity) == ("0", {"Completed": 5, "Failed": 1}, 5)
    assert (other.experiment_id, other.counts, other.last_activity) == (empty, {}, None)


def test_a_view_is_its_persons_own(tracking: Bench, table: RunTable) -> None:
    del table
    views = RunViews(tracking.database, tracking.service.runs._clock)
    views.keep(1, "ann", View(" best ", {"sort": "-acc"}))
    views.keep(1, "ann", View("best", {"sort": "acc"}))
    assert views.all_of(1, "ann") == [View("best", {"sort": "acc"})]
    assert views.all_of(1, "bob") == views.all_of(2, "ann") == []
    with pytest.raises(LapisError, match="no view"):
        views.remove(1, "bob", "best")
    views.remove(1, "ann", "best")
    assert views.all_of(1, "ann") == []
