"""The moves of a family of jobs, read from a real database in pieces of any size."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import insert

from lapisml.server.features.jobs.family import Family
from lapisml.server.features.jobs.tables import job_events, jobs
from lapisml.server.features.workspaces.tables import workspaces
from lapisml.server.platform.database import Database, metadata

STEPS = 7


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        metadata.create_all(connection)
        connection.execute(
            insert(workspaces).values(
                id=1, name="w", document={}, created_by="t", updated_by="t", created_at=0, updated_at=0
            )
        )
    yield made
    made.close()


def add(connection: Any, name: str, parent: str | None, kind: str = "command") -> int:
    row = {
        "name": name, "workspace_id": 1, "document": {}, "submitted_digest": "", "experiment_name": "", "type": kind,
        "display_name": "", "parent_name": parent, "step": None if parent is None else name, "properties": {},
        "warnings": [], "status": "Running", "status_code": "", "status_reason": "", "compute": "", "wanted_nodes": 0,
        "nodes": [], "priority": 0, "submit_key": "", "handed_over": False, "created_by": "", "created_at": 0,
        "changed_at": 0, "archived": False,
    }  # fmt: skip
    return int(connection.execute(insert(jobs).values(row)).inserted_primary_key[0])


def move(connection: Any, seq: int, after: str) -> None:
    values = {"job_seq": seq, "at": 0, "before": "", "after": after, "code": "", "reason": ""}
    connection.execute(insert(job_events).values(values))


def fill(database: Database) -> list[str]:
    """Write a family three deep, whose moves come in any order; give who moved, in that order."""
    chance = random.Random(7)
    with database.write() as connection:
        seqs = {"root": add(connection, "root", None, "pipeline"), "other": add(connection, "other", None)}
        seqs["inner"] = add(connection, "inner", "root", "pipeline")
        seqs["sweep"] = add(connection, "sweep", "inner", "sweep")
        for parent in ("root", "inner", "sweep"):
            seqs |= {f"{parent}{n}": add(connection, f"{parent}{n}", parent) for n in range(STEPS)}
        order = ["root", "inner", "sweep"]
        rest = [name for name in seqs if name not in order] * 3
        chance.shuffle(rest)
        for name in [*order, *rest]:
            move(connection, seqs[name], "Running")
    return [name for name in [*order, *rest] if name != "other"]


def drained(family: Family) -> list[str]:
    found: list[str] = []
    while True:
        moves = family.moves()
        found += [one.job for one in moves]
        if family.is_whole:
            return found
        assert moves


@pytest.mark.parametrize("most", [1, 2, 5, 1000])
def test_nothing_is_lost_or_doubled_whatever_is_read_at_once(database: Database, most: int) -> None:
    told = fill(database)
    assert drained(Family(database, 1, "root", most=most)) == told


def test_a_family_that_grows_is_followed(database: Database) -> None:
    with database.write() as connection:
        root = add(connection, "root", None, "pipeline")
        move(connection, root, "Running")
    family = Family(database, 1, "root")
    assert drained(family) == ["root"]
    assert drained(family) == []
    with database.write() as connection:
        inner = add(connection, "inner", "root", "pipeline")
        step = add(connection, "step", "inner")
        move(connection, inner, "Running")
        move(connection, step, "Running")
        move(connection, root, "CancelRequested")
    assert drained(family) == ["inner", "step", "root"]


def test_a_later_reader_begins_where_the_first_stopped(database: Database) -> None:
    told = fill(database)
    seqs = [one.seq for one in Family(database, 1, "root").moves()]
    for cut in (1, 3, len(told) - 1):
        assert drained(Family(database, 1, "root", after=seqs[cut - 1], most=4)) == told[cut:]
