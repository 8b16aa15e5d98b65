"""Which jobs moved since somebody looked, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from lapisml.core.lifecycle import JobState
from lapisml.server.features.jobs import news as module
from lapisml.server.features.jobs.news import JobNews
from lapisml.server.features.jobs.tables import job_events, jobs
from lapisml.server.features.workspaces.tables import workspaces
from lapisml.server.platform.database import Database, metadata

EVENT = {"at": 1, "before": "Queued", "code": "", "reason": ""}


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        metadata.create_all(connection)
        values = {
            "name": "blue",
            "document": {},
            "created_by": "a",
            "created_at": 1,
            "updated_at": 1,
            "updated_by": "a",
        }
        known = {column.name for column in workspaces.columns}
        connection.execute(insert(workspaces).values(**{key: value for key, value in values.items() if key in known}))
    yield made
    made.close()


def _job(database: Database, name: str, parent: str | None = None, status: JobState = JobState.RUNNING) -> int:
    values: dict[str, Any] = {
        "name": name, "workspace_id": 1, "document": {}, "submitted_digest": "", "experiment_name": "e",
        "display_name": name, "parent_name": parent, "type": "command", "properties": {}, "warnings": [],
        "status": status.value, "status_code": "", "status_reason": "", "compute": "local", "wanted_nodes": 1,
        "nodes": [], "priority": 1,
        "submit_key": "", "handed_over": False, "created_by": "a", "created_at": 1, "changed_at": 1,
        "archived": False,
    }  # fmt: skip
    with database.write() as connection:
        return int(connection.execute(insert(jobs).values(**values).returning(jobs.c.seq)).scalar_one())


def _move(database: Database, job: int, after: JobState, seq: int | None = None) -> None:
    with database.write() as connection:
        number = {} if seq is None else {"seq": seq}
        connection.execute(insert(job_events).values(**EVENT, **number, job_seq=job, after=after.value))


def test_only_moves_from_now_on_are_news_and_each_once(database: Database) -> None:
    old, new = _job(database, "old"), _job(database, "new", "pipeline")
    _move(database, old, JobState.COMPLETED)
    news = JobNews(database)
    assert news.moved() == []
    _move(database, new, JobState.RUNNING)
    _move(database, new, JobState.COMPLETED)
    found = news.moved()
    assert [(one.workspace_id, one.name, one.parent_name, one.is_over) for one in found] == [
        (1, "new", "pipeline", False),
        (1, "new", "pipeline", True),
    ]
    assert news.moved() == []


def test_a_move_that_shows_up_after_a_later_one_is_not_missed(database: Database) -> None:
    job = _job(database, "late")
    _move(database, job, JobState.QUEUED, 10)
    news = JobNews(database)
    _move(database, job, JobState.RUNNING, 12)
    assert len(news.moved()) == 1
    _move(database, job, JobState.PREPARING, 11)
    assert len(news.moved()) == 1
    assert news.moved() == []


def test_more_moves_than_are_read_at_once_come_bit_by_bit(database: Database) -> None:
    job = _job(database, "busy")
    news = JobNews(database)
    number = module.MOST * 2 + 7
    with database.write() as connection:
        rows = [{**EVENT, "job_seq": job, "after": "Running"} for _ in range(number)]
        connection.execute(insert(job_events), rows)
    counts = []
    while found := news.moved():
        counts.append(len(found))
    assert sum(counts) == number
    assert len(counts) > 1


def test_a_job_belongs_to_all_that_stand_above_it(database: Database) -> None:
    for name, parent in (("top", None), ("middle", "top"), ("leaf", "middle"), ("other", "elsewhere")):
        _job(database, name, parent)
    news = JobNews(database)
    assert news.ancestors(1, ["leaf"]) == {"leaf", "middle", "top"}
    assert news.ancestors(2, ["leaf"]) == {"leaf"}
    assert news.ancestors(1, []) == set()


def test_workspaces_with_waiting_jobs_are_known(database: Database) -> None:
    news = JobNews(database)
    _job(database, "running")
    assert news.waiting() == set()
    _job(database, "queued", status=JobState.QUEUED)
    assert news.waiting() == {1}
