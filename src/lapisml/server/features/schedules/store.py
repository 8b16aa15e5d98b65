"""Rows of schedules and of their firings."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, insert, or_, select, update

from lapisml.server.features.schedules.records import Firing, FiringState, ScheduleRecord
from lapisml.server.features.schedules.tables import schedule_firings as firings
from lapisml.server.features.schedules.tables import schedules


def get(connection: Connection, workspace_id: int, name: str) -> ScheduleRecord | None:
    """Read a schedule by name."""
    where = (schedules.c.workspace_id == workspace_id, schedules.c.name == name)
    row = connection.execute(select(schedules).where(*where)).first()
    return _record(row) if row else None


def get_locked(connection: Connection, schedule_id: int) -> ScheduleRecord | None:
    """Read a schedule by its number and hold its row until the transaction ends (PostgreSQL)."""
    query = select(schedules).where(schedules.c.id == schedule_id).with_for_update()
    row = connection.execute(query).first()
    return _record(row) if row else None


def find(
    connection: Connection, workspace_id: int, enabled: bool | None, limit: int, after: str | None
) -> list[ScheduleRecord]:
    """Read schedules by name, those after the name `after`; None for `enabled` means both."""
    query = select(schedules).where(schedules.c.workspace_id == workspace_id)
    if enabled is not None:
        query = query.where(schedules.c.is_enabled == enabled)
    if after is not None:
        query = query.where(schedules.c.name > after)
    return [_record(row) for row in connection.execute(query.order_by(schedules.c.name).limit(limit))]


def add(connection: Connection, values: dict[str, Any]) -> None:
    """Insert a schedule."""
    connection.execute(insert(schedules).values(**values))


def change(connection: Connection, schedule_id: int, **values: Any) -> None:
    """Update columns of a schedule."""
    connection.execute(update(schedules).where(schedules.c.id == schedule_id).values(**values))


def remove(connection: Connection, schedule_id: int) -> None:
    """Delete a schedule and what is known of its firings."""
    connection.execute(delete(firings).where(firings.c.schedule_id == schedule_id))
    connection.execute(delete(schedules).where(schedules.c.id == schedule_id))


def to_attend(connection: Connection, now: int) -> list[int]:
    """Give the numbers of the schedules that are due, that have a firing to submit, or that are ahead of the clock."""
    due = and_(schedules.c.is_enabled, or_(schedules.c.next_at <= now, schedules.c.decided > now))
    query = select(schedules.c.id).where(due).order_by(schedules.c.next_at)
    waiting = select(firings.c.schedule_id).where(firings.c.state == FiringState.RECORDED.value).distinct()
    found = [*connection.execute(query).scalars(), *connection.execute(waiting).scalars()]
    return list(dict.fromkeys(found))


def next_moment(connection: Connection) -> int | None:
    """Give the next moment at which any schedule is due."""
    found: int | None = connection.execute(select(func.min(schedules.c.next_at)).where(schedules.c.is_enabled)).scalar()
    return found


def record(
    connection: Connection,
    schedule_id: int,
    due: int,
    job_name: str,
    state: FiringState,
    now: int,
    *,
    reason: str = "",
    by_hand: bool = False,
    document: dict[str, Any] | None = None,
) -> bool:
    """Write a firing down; one that was written down before stays as it is, unless it was passed over.

    Returns:
        Whether it was written.
    """
    mine = and_(firings.c.schedule_id == schedule_id, firings.c.job_name == job_name)
    values = {"state": state.value, "reason": reason, "document": document, "recorded_at": now, "changed_at": now}
    known = connection.execute(select(firings.c.state).where(mine)).scalar()
    if known is None:
        values |= {"schedule_id": schedule_id, "due": due, "job_name": job_name, "by_hand": by_hand}
        connection.execute(insert(firings).values(**values))
        return True
    if known != FiringState.PASSED_OVER.value or state is FiringState.PASSED_OVER:
        return False
    connection.execute(update(firings).where(mine).values(**values))
    return True


def waiting(connection: Connection, schedule_id: int) -> list[Firing]:
    """Read the firings whose jobs are to be submitted, in order."""
    where = and_(firings.c.schedule_id == schedule_id, firings.c.state == FiringState.RECORDED.value)
    rows = connection.execute(select(firings).where(where).order_by(firings.c.due, firings.c.id))
    return [_firing(row) for row in rows]


def asked_for(connection: Connection, schedule_id: int, mark: str) -> Firing | None:
    """Read the firing that a person asked for, by the mark of the wish, which ends the job's name."""
    mine = and_(firings.c.schedule_id == schedule_id, firings.c.by_hand, firings.c.job_name.endswith(f"_{mark}"))
    row = connection.execute(select(firings).where(mine)).first()
    return _firing(row) if row else None


def settle(connection: Connection, firing_id: int, state: FiringState, reason: str, now: int) -> None:
    """Say what became of a firing whose job was to be submitted; what is settled stays as it is."""
    where = and_(firings.c.id == firing_id, firings.c.state == FiringState.RECORDED.value)
    values = {"state": state.value, "reason": reason, "document": None, "changed_at": now}
    connection.execute(update(firings).where(where).values(**values))


def history(connection: Connection, schedule_id: int, limit: int, before: int | None = None) -> list[Firing]:
    """Read what became of a schedule's firings, the last first, older than row number `before`."""
    query = select(firings).where(firings.c.schedule_id == schedule_id)
    if before is not None:
        query = query.where(firings.c.id < before)
    return [_firing(row) for row in connection.execute(query.order_by(firings.c.id.desc()).limit(limit))]


def forget_old(connection: Connection, schedule_id: int, kept: int) -> None:
    """Delete the oldest rows of a schedule's history, all but the last `kept`; what is not settled stays."""
    mine = firings.c.schedule_id == schedule_id
    newest = select(firings.c.id).where(mine).order_by(firings.c.due.desc()).limit(1).offset(kept)
    edge = connection.execute(select(firings.c.due).where(firings.c.id == newest.scalar_subquery())).scalar()
    if edge is not None:
        old = and_(mine, firings.c.due <= edge, firings.c.state != FiringState.RECORDED.value)
        connection.execute(delete(firings).where(old))


def _record(row: Row[Any]) -> ScheduleRecord:
    return ScheduleRecord(**row._mapping)  # noqa: SLF001 - the documented mapping view of a row


def _firing(row: Row[Any]) -> Firing:
    values = dict(row._mapping)  # noqa: SLF001 - the documented mapping view of a row
    return Firing(**{**values, "state": FiringState(values["state"])})
