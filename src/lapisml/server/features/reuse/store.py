"""Rows of steps that ran or were reused. The statements are put together once: every step needs them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lapisml.core.reuse import StepKey
from lapisml.server.features.reuse.records import OutputMark, ResultState, StepResult
from lapisml.server.features.reuse.tables import step_results

_CANDIDATES = 8
_MOST_SAME = 200

_c = step_results.c
_GET = select(step_results).where(_c.workspace_id == bindparam("workspace"), _c.job_name == bindparam("job"))
_GET_MANY = select(step_results).where(
    _c.workspace_id == bindparam("workspace"), _c.job_name.in_(bindparam("jobs", expanding=True))
)
_SAME = (
    select(step_results)
    .where(_c.workspace_id == bindparam("workspace"), _c.digest == bindparam("wanted"))
    .order_by(_c.id.desc())
    .limit(_MOST_SAME)
)
_FIND = (
    select(step_results)
    .where(
        _c.workspace_id == bindparam("workspace"),
        _c.digest == bindparam("wanted"),
        _c.state == ResultState.REUSABLE.value,
    )
    .order_by(_c.completed_at, _c.id)
    .limit(_CANDIDATES)
)
_MOVE = update(step_results).where(_c.id == bindparam("row"), _c.state == bindparam("before"))
_ADD = {
    "sqlite": sqlite.insert(step_results).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(step_results).on_conflict_do_nothing(),
}


def add(
    connection: Connection, workspace_id: int, job_name: str, key: StepKey, reused_from: str | None, now: int
) -> None:
    """Insert a step; one that is there already stays as it is."""
    state = ResultState.STARTED if reused_from is None else ResultState.REUSED
    values = {
        "workspace_id": workspace_id,
        "job_name": job_name,
        "digest": key.digest,
        "parts": list(key.parts.items()),
        "unknown": key.unknown,
        "state": state.value,
        "reused_from": reused_from,
        "created_at": now,
        "completed_at": None if reused_from is None else now,
    }
    connection.execute(_ADD[connection.dialect.name], values)


def get(connection: Connection, workspace_id: int, job_name: str) -> StepResult | None:
    """Read a step by its job."""
    row = connection.execute(_GET, {"workspace": workspace_id, "job": job_name}).first()
    return _record(row) if row else None


def get_many(connection: Connection, workspace_id: int, job_names: Sequence[str]) -> list[StepResult]:
    """Read the steps of several jobs, newest first; jobs that are no steps are passed over."""
    rows = connection.execute(_GET_MANY, {"workspace": workspace_id, "jobs": list(job_names)})
    return sorted((_record(row) for row in rows), key=lambda result: -result.id)


def reusable(connection: Connection, workspace_id: int, digest: str) -> list[StepResult]:
    """Read the complete results under a key, the one that was complete first at first."""
    rows = connection.execute(_FIND, {"workspace": workspace_id, "wanted": digest})
    return [_record(row) for row in rows]


def with_digest(connection: Connection, workspace_id: int, digest: str) -> list[StepResult]:
    """Read the steps that had a key, in whatever state, newest first."""
    rows = connection.execute(_SAME, {"workspace": workspace_id, "wanted": digest})
    return [_record(row) for row in rows]


def complete(connection: Connection, result: StepResult, outputs: Sequence[OutputMark], now: int) -> bool:
    """Make a step's result reusable, in one statement; False when somebody else has moved it."""
    kept = [output.to_json() for output in outputs]
    return _move(connection, result, ResultState.REUSABLE, outputs=kept, completed_at=now)


def put_aside(connection: Connection, result: StepResult, state: ResultState, remark: str) -> bool:
    """Mark a result that may not be reused (any more), with the reason; False when somebody else has moved it."""
    return _move(connection, result, state, remark=remark)


def _move(connection: Connection, result: StepResult, to: ResultState, **values: Any) -> bool:
    which = {"row": result.id, "before": result.state.value}
    return bool(connection.execute(_MOVE, {"state": to.value, **values, **which}).rowcount == 1)


def _record(row: Row[Any]) -> StepResult:
    return StepResult(
        id=row.id,
        job_name=row.job_name,
        key=StepKey(row.digest, dict(row.parts), row.unknown),
        state=ResultState(row.state),
        remark=row.remark,
        reused_from=row.reused_from,
        outputs=tuple(OutputMark(**output) for output in row.outputs or ()),
        created_at=row.created_at,
        completed_at=row.completed_at,
    )
