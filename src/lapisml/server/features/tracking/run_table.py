"""The table of runs: what people filter, sort, count and compare."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.paging import read_row, row_token
from lapisml.server.features.tracking.records import PARENT_RUN_TAG, Page
from lapisml.server.features.tracking.run_query import (
    ALL_KEYS,
    NO_JOB,
    ExperimentRow,
    JobNames,
    Keys,
    RunQuery,
    TableRow,
    Wanted,
)
from lapisml.server.features.tracking.store import experiments, run_table, runs
from lapisml.server.platform.database import Database

MOST_COMPARED = 100


class RunTable:
    """Reads runs of workspaces for people; jobs do not come here.

    Args:
        names: what is known of the jobs behind runs.
    """

    def __init__(self, database: Database, names: JobNames) -> None:
        self._database = database
        self._names = names

    def page(self, workspace_id: int, query: RunQuery, wanted: Wanted, limit: int, token: str | None) -> Page[TableRow]:
        """Return a page of runs; a run that comes between two pages moves none of the others.

        Raises:
            LapisError: Usage; NotFound when an experiment is not there.
        """
        described = (query.experiments, _plain(query.clauses), _plain(query.orders), query.statuses, query.types,
                     query.shown, query.top_level)  # fmt: skip
        after = read_row(token, *described)
        with self._database.read() as connection:
            rows = self._experiment_rows(connection, workspace_id, query.experiments)
            found = run_table.page(connection, workspace_id, query, rows, self._names, limit + 1, after)
            loaded = self._load(connection, workspace_id, [row[0] for row in found[:limit]], wanted)
        following = row_token(found[limit - 1][1:], *described) if len(found) > limit else None
        return Page(loaded, following)

    def count(self, workspace_id: int, query: RunQuery) -> int:
        """Count the runs that a query finds.

        Raises:
            LapisError: NotFound when an experiment is not there.
        """
        with self._database.read() as connection:
            rows = self._experiment_rows(connection, workspace_id, query.experiments)
            return run_table.count(connection, workspace_id, query, rows, self._names)

    def compare(self, workspace_id: int, run_ids: Sequence[str]) -> list[TableRow]:
        """Return runs with all that they logged, in the order asked for; those that are not there are left out.

        Raises:
            LapisError: Usage for too many.
        """
        check_few(run_ids)
        with self._database.read() as connection:
            rows = runs.rows_of(connection, workspace_id, run_ids)
            return self._load(connection, workspace_id, [rows[one] for one in run_ids if one in rows], ALL_KEYS)

    def keys(self, workspace_id: int, experiment_id: str | None = None) -> Keys:
        """Return the keys that the latest runs logged, of one experiment or of all.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            row = experiment_id and experiments.require_row_id(connection, workspace_id, experiment_id)
            return Keys(*[run_table.keys(connection, workspace_id, one, row or None) for one in _ENTITIES])

    def experiments(self, workspace_id: int) -> list[ExperimentRow]:
        """Return the experiments by name, with how many of their active runs are in which state."""
        with self._database.read() as connection:
            found = {
                row: ExperimentRow(experiments.public_id(row, is_default), name, created_at)
                for row, is_default, name, created_at in run_table.experiment_names(connection, workspace_id)
            }
            for row, state, number, started, ended in run_table.counts(connection, workspace_id):
                if row in found:
                    one = found[row]
                    one.counts[state] = number
                    one.last_activity = max(one.last_activity or 0, started, ended or 0)
        return list(found.values())

    @staticmethod
    def _experiment_rows(connection: Connection, workspace_id: int, experiment_ids: Sequence[str]) -> list[int] | None:
        if not experiment_ids:
            return None
        return [experiments.require_row_id(connection, workspace_id, one) for one in experiment_ids]

    def _load(self, connection: Connection, workspace_id: int, rows: Sequence[int], wanted: Wanted) -> list[TableRow]:
        """Load what is shown of runs: six queries, however many runs."""
        infos = runs.infos(connection, rows)
        types = self._names.types(connection, workspace_id, [info.run_id for info in infos])
        named = {row: name for row, _, name, _ in run_table.experiment_names(connection, workspace_id)}
        public = {experiments.public_id(row, False): name for row, name in named.items()}
        loaded: dict[int, TableRow] = {}
        for info in infos:
            type_, is_archived = types.get(info.run_id, (NO_JOB, False))
            name = public.get(info.experiment_id, "Default")
            loaded[info.row] = TableRow(info, name, type_, is_archived or info.deleted_at is not None)
        self._add_logged(connection, loaded, wanted)
        return list(loaded.values())

    @staticmethod
    def _add_logged(connection: Connection, loaded: dict[int, TableRow], wanted: Wanted) -> None:
        rows = list(loaded)
        for run, key, value, is_nan in run_table.logged(connection, "metric", rows, wanted.metrics):
            loaded[run].metrics[key] = (value, is_nan)
        for run, key, value in run_table.logged(connection, "param", rows, wanted.params):
            loaded[run].params[key] = value
        tags = None if wanted.tags is None else [*wanted.tags, PARENT_RUN_TAG]
        for run, key, value in run_table.logged(connection, "tag", rows, tags):
            if key == PARENT_RUN_TAG:
                loaded[run].parent = value
            if wanted.tags is None or key in wanted.tags:
                loaded[run].tags[key] = value


_ENTITIES = ("metric", "param", "tag")


def check_few(run_ids: Sequence[str]) -> None:
    """Refuse more runs than can be compared.

    Raises:
        LapisError: Usage.
    """
    if len(run_ids) > MOST_COMPARED:
        raise LapisError(ErrorCode.USAGE, f"At most {MOST_COMPARED} runs can be compared, got {len(run_ids)}.")


def _plain(items: Sequence[Clause] | Sequence[Order]) -> list[list[object]]:
    return [list(item) for item in items]
