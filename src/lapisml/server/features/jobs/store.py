"""Rows of jobs, and the one writer that moves a job from state to state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, delete, func, insert, or_, select

from lapisml.core.lifecycle import TERMINAL, JobState, Move, check_move
from lapisml.core.queue import Held, Waiting
from lapisml.server.features.jobs import statements
from lapisml.server.features.jobs.records import Child, JobEvent, JobFilter, JobRecord, LiveJob
from lapisml.server.features.jobs.references import references_of
from lapisml.server.features.jobs.tables import job_events, job_references, jobs

_ADD_REFERENCE = insert(job_references)


def add(connection: Connection, values: dict[str, Any]) -> int:
    """Insert a job in state NotStarted with the words of what it uses; give its row number."""
    key = connection.execute(statements.ADD, values).inserted_primary_key
    assert key is not None
    words = references_of(values["document"])
    if words:
        connection.execute(_ADD_REFERENCE, [{"job_seq": key[0], "word": word} for word in sorted(words)])
    return int(key[0])


def get(connection: Connection, workspace_id: int, name: str, *, lock: bool = False) -> JobRecord | None:
    """Read a job by name; with `lock`, hold its row until the transaction ends (PostgreSQL)."""
    statement = statements.GET_LOCKED if lock else statements.GET
    row = connection.execute(statement, {"workspace": workspace_id, "job_name": name}).first()
    return _record(row) if row else None


def list_jobs(
    connection: Connection, workspace_id: int, wanted: JobFilter, limit: int, before_seq: int | None
) -> list[JobRecord]:
    """Read jobs of a workspace, newest first, older than `before_seq`."""
    query = select(jobs).where(jobs.c.workspace_id == workspace_id)
    if before_seq is not None:
        query = query.where(jobs.c.seq < before_seq)
    query = _filtered(query, wanted).order_by(jobs.c.seq.desc())
    if wanted.tag is None:
        return [_record(row) for row in connection.execute(query.limit(limit))]
    found = (_record(row) for row in connection.execute(query))
    return [record for record, _ in zip((r for r in found if _has_tag(r, wanted.tag)), range(limit), strict=False)]


def in_line(connection: Connection, workspace_id: int, compute: str, limit: int | None = None) -> list[Waiting]:
    """Read who waits for a compute, first come first within a priority; at most `limit` of them."""
    whose: dict[str, Any] = {"workspace": workspace_id, "compute_name": compute}
    if limit is None:
        rows = connection.execute(statements.LINE, whose)
    else:
        rows = connection.execute(statements.HEAD_OF_LINE, {**whose, "most": limit})
    return [Waiting(name, wanted) for name, wanted in rows]


def place_in_line(connection: Connection, job: JobRecord) -> int:
    """Give a waiting job's place in line, from 1."""
    sooner = or_(jobs.c.priority > job.priority, and_(jobs.c.priority == job.priority, jobs.c.seq < job.seq))
    waits = and_(_waits_for(job.workspace_id, job.compute), jobs.c.site.is_(None))
    query = select(func.count()).select_from(jobs).where(waits, sooner)
    return int(connection.execute(query).scalar_one()) + 1


def _waits_for(workspace_id: int, compute: str) -> ColumnElement[bool]:
    return and_(jobs.c.workspace_id == workspace_id, jobs.c.compute == compute, jobs.c.status == JobState.QUEUED.value)


def waiting_computes(connection: Connection) -> list[tuple[int, str]]:
    """Give (workspace id, compute) of every compute that has a line."""
    return [(row[0], row[1]) for row in connection.execute(statements.WAITING_COMPUTES)]


def holding(connection: Connection, workspace_id: int, compute: str) -> list[Held]:
    """Read which jobs hold which nodes of a compute."""
    rows = connection.execute(statements.HOLDING, {"workspace": workspace_id, "compute_name": compute})
    return [Held(name, tuple(nodes), since) for name, nodes, since in rows]


def queued(connection: Connection, workspace_id: int, compute: str, limit: int) -> list[JobRecord]:
    """Read the first jobs that wait for a compute, in our line or in its own."""
    query = (
        select(jobs).where(_waits_for(workspace_id, compute)).order_by(jobs.c.priority.desc(), jobs.c.seq).limit(limit)
    )
    return [_record(row) for row in connection.execute(query)]


def holding_engine(connection: Connection, workspace_id: int, engine: str) -> list[Held]:
    """Read which jobs hold which nodes of an attached compute, whatever compute they name."""
    rows = connection.execute(statements.HOLDING_ENGINE, {"workspace": workspace_id, "engine_name": engine})
    return [Held(name, tuple(nodes), since) for name, nodes, since in rows]


def in_flight(connection: Connection, workspace_id: int, compute: str) -> int:
    """Count the nodes that those jobs ask for which a compute with a queue of its own was given."""
    which = {"workspace": workspace_id, "compute_name": compute}
    return int(connection.execute(statements.IN_FLIGHT, which).scalar_one())


def engaged(connection: Connection, workspace_id: int, engine: str) -> list[str]:
    """Read the jobs that an attached compute was given and that are not over, the oldest first."""
    return list(connection.execute(statements.ENGAGED, {"workspace": workspace_id, "engine_name": engine}).scalars())


def engines(connection: Connection) -> set[tuple[int, str]]:
    """Give (workspace id, name) of the attached computes that have jobs."""
    return {(row[0], row[1]) for row in connection.execute(statements.ENGINES)}


def children(connection: Connection, workspace_id: int, parent: str) -> list[Child]:
    """Read the jobs that a job started, in the order in which it started them."""
    return _children(connection.execute(statements.CHILDREN, {"workspace": workspace_id, "parent": parent}))


def moved_children(connection: Connection, workspace_id: int, parent: str, after: int) -> list[Child]:
    """Read the children of a job that moved after the move with number `after`."""
    which = {"workspace": workspace_id, "parent": parent, "after": after}
    return _children(connection.execute(statements.MOVED_CHILDREN, which))


def last_event(connection: Connection) -> int:
    """Give the number of the last move of any job, 0 when there was none."""
    return int(connection.execute(statements.LAST_EVENT).scalar() or 0)


def _children(rows: Iterable[Any]) -> list[Child]:
    return [
        Child(seq, name, step or name, kind, JobState(status), code, reason, ended)
        for seq, name, step, kind, status, code, reason, ended in rows
    ]


def live_composites(connection: Connection) -> list[tuple[int, str]]:
    """Give (workspace id, name) of the pipelines and sweeps that are not over."""
    return [(row[0], row[1]) for row in connection.execute(statements.LIVE_COMPOSITES)]


def count_running(connection: Connection, workspace_id: int | None = None) -> int:
    """Count jobs that are not over."""
    query = select(func.count()).select_from(jobs).where(jobs.c.ended_at.is_(None))
    if workspace_id is not None:
        query = query.where(jobs.c.workspace_id == workspace_id)
    return int(connection.execute(query).scalar_one())


def move(connection: Connection, job: JobRecord | LiveJob, step: Move, **values: Any) -> bool:
    """Move a job: change its row and record the event, together.

    Args:
        values: further columns that change with the move.

    Returns:
        False when somebody else moved the job first; nothing is written then.

    Raises:
        LapisError: IllegalTransition when the table of moves does not hold the step.
    """
    check_move(job.name, job.status, step.to, job.status_reason)
    return _write(connection, job, step, {**values, "ended_at": step.at} if step.to in TERMINAL else values)


def tell(connection: Connection, job: JobRecord | LiveJob, step: Move, **values: Any) -> bool:
    """Write down what a job does now in the state in which it is, as `move` does.

    Args:
        step: its state is that of the job.
        values: further columns that change with it.

    Returns:
        False when the job is in another state by now; nothing is written then.
    """
    return _write(connection, job, step, values)


def _write(connection: Connection, job: JobRecord | LiveJob, step: Move, values: Mapping[str, Any]) -> bool:
    stated = {
        "status": step.to.value,
        "status_code": step.code,
        "status_reason": step.reason,
        "changed_at": step.at,
    }
    which = {"job_seq": job.seq, "before": job.status.value}
    changed = connection.execute(statements.MOVE, {**stated, **values, **which}).rowcount
    if changed != 1:
        return False
    event = {"before": job.status.value, "after": step.to.value, "code": step.code, "reason": step.reason}
    connection.execute(statements.ADD_EVENT, {"job_seq": job.seq, "at": step.at, **event})
    return True


def remove(connection: Connection, seqs: Sequence[int]) -> None:
    """Remove jobs and what happened to them."""
    for table in (job_events, job_references):
        connection.execute(delete(table).where(table.c.job_seq.in_(seqs)))
    connection.execute(delete(jobs).where(jobs.c.seq.in_(seqs)))


def change(connection: Connection, seq: int, **values: Any) -> None:
    """Change columns that are not part of the life cycle."""
    connection.execute(statements.CHANGE, {**values, "job_seq": seq})


def events(connection: Connection, job_seq: int, after: int = 0) -> list[JobEvent]:
    """Read a job's events with a number greater than `after`, in order."""
    where = and_(job_events.c.job_seq == job_seq, job_events.c.seq > after)
    rows = connection.execute(select(job_events).where(where).order_by(job_events.c.seq))
    return [JobEvent(**row._mapping) for row in rows]  # noqa: SLF001 - the documented mapping view of a row


def _filtered(query: Select[Any], wanted: JobFilter) -> Select[Any]:
    if wanted.archived is not None:
        query = query.where(jobs.c.archived == wanted.archived)
    if wanted.experiment_name is not None:
        query = query.where(jobs.c.experiment_name == wanted.experiment_name)
    if wanted.status is not None:
        query = query.where(jobs.c.status == wanted.status)
    if wanted.types is not None:
        query = query.where(jobs.c.type.in_(wanted.types))
    if wanted.text is not None:
        columns = (jobs.c.name, jobs.c.display_name, jobs.c.experiment_name)
        query = query.where(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    if wanted.parent_name is not None:
        return query.where(jobs.c.parent_name == wanted.parent_name)
    return query.where(jobs.c.parent_name.is_(None))


def _has_tag(record: JobRecord, tag: tuple[str, str | None]) -> bool:
    tags = record.document.get("tags") or {}
    return tag[0] in tags and (tag[1] is None or str(tags[tag[0]]) == tag[1])


def _record(row: Row[Any]) -> JobRecord:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return JobRecord(**{**values, "status": JobState(values["status"])})
