"""Search of runs and experiments by name, id and tag, for the search over everything.

Every job has a run of its name, so jobs are found here too. A name is looked for anywhere in it, which reads all runs
of the database once: their rows are narrow, and 100,000 of them take some 30 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from lapisml.server.features.tracking.store.driver import fetch, is_sqlite
from lapisml.server.platform.database import Database
from lapisml.server.platform.finding import Fit, Found, beginning, fit_of, like, tag_words, within

_OWN_TAG = "substr(t.key, 1, 7) <> 'mlflow.'"
_OWN_TAG_SQLITE = "t.key NOT BETWEEN 'mlflow.' AND 'mlflow.' || char(1114111)"
"""Tags that people wrote: those of MLflow itself are told from their keys. A run has several of these, so a
fifth of the search is saved where the database compares texts by their bytes."""

_RUNS = (
    "SELECT r.run_id, r.name, r.status, COALESCE(r.end_time, r.start_time) FROM runs r "
    "WHERE r.workspace_id + 0 = ? AND r.deleted_at IS NULL AND (r.run_id {like} ? ESCAPE '!' OR r.name {like} ? "
    "ESCAPE '!') ORDER BY CASE WHEN r.run_id = ? OR r.name = ? THEN 0 "
    "WHEN r.run_id {like} ? ESCAPE '!' OR r.name {like} ? ESCAPE '!' THEN 1 ELSE 2 END, r.id DESC LIMIT ?"
)
"""``+ 0`` keeps SQLite from the index of names, whose order is of no use and which would read rows here and there."""

_TAGGED = (
    "SELECT r.run_id, r.name, r.status, COALESCE(r.end_time, r.start_time), t.key, t.value FROM run_tags t "
    "CROSS JOIN runs r WHERE {own} AND ({condition}) AND r.id = t.run AND r.workspace_id = ? "
    "AND r.deleted_at IS NULL ORDER BY t.run DESC LIMIT ?"
)
"""``CROSS`` has SQLite go through the tags, few of which fit, and not through the runs."""
_EXPERIMENTS = (
    "SELECT name, updated_at FROM experiments WHERE workspace_id = ? AND deleted_at IS NULL "
    "AND name {like} ? ESCAPE '!' ORDER BY updated_at DESC LIMIT ?"
)


class RunFinder:
    """Searches runs and experiments of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, workspace_id: int, words: str, limit: int) -> list[Found]:
        """Find runs (as ``jobs``) and experiments, at most `limit` in each of the ways of finding them."""
        with self._database.read() as connection:
            found = find_runs(connection, workspace_id, words, limit)
            return found + find_experiments(connection, workspace_id, words, limit)


def find_runs(connection: Connection, workspace_id: int, words: str, limit: int) -> list[Found]:
    """Find runs by id, name and the tags that people gave them; the best first."""
    some, first, operator = within(words), beginning(words), like(connection)
    values = (workspace_id, some, some, words, words, first, first, limit)
    found = [_named(words, row) for row in fetch(connection, _RUNS.format(like=operator), values)]
    if len(found) >= limit:
        return found
    return found + _tagged(connection, workspace_id, words, limit)


def find_experiments(connection: Connection, workspace_id: int, words: str, limit: int) -> list[Found]:
    """Find experiments by name, those with the latest activity first."""
    rows = fetch(connection, _EXPERIMENTS.format(like=like(connection)), (workspace_id, within(words), limit))
    return [Found("experiments", name, fit_of(words, name) or Fit.WITHIN, "name", name, at) for name, at in rows]


def _tagged(connection: Connection, workspace_id: int, words: str, limit: int) -> list[Found]:
    operator, pair = like(connection), tag_words(words)
    conditions = [f"t.key {operator} ? ESCAPE '!'", f"t.value {operator} ? ESCAPE '!'"]
    values = [within(words), within(words)]
    if pair is not None:
        conditions.append(f"(t.key {operator} ? ESCAPE '!' AND t.value {operator} ? ESCAPE '!')")
        values += [beginning(pair[0])[:-1], within(pair[1])]
    own = _OWN_TAG_SQLITE if is_sqlite(connection) else _OWN_TAG
    sql = _TAGGED.format(own=own, condition=" OR ".join(conditions))
    rows = fetch(connection, sql, [*values, workspace_id, limit])
    return [
        Found("jobs", run_id, Fit.TAG, "tag", f"{key}: {value}" if value else key, at, title=name, status=status)
        for run_id, name, status, at, key, value in rows
    ]


def _named(words: str, row: Sequence[Any]) -> Found:
    run_id, name, status, at = row
    fits = [(fit, field, text) for field, text in (("name", run_id), ("title", name)) if (fit := fit_of(words, text))
            is not None]  # fmt: skip
    fit, field, text = min(fits, default=(Fit.WITHIN, "name", run_id))
    return Found("jobs", run_id, fit, field, text, at, title=name, status=status)
