"""Rows of traces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.store.driver import is_sqlite
from lapisml.server.features.tracking.store.experiments import public_id
from lapisml.server.features.tracking.tables import experiments
from lapisml.server.features.tracking.traces.records import Assessment, Span, Trace
from lapisml.server.features.tracking.traces.tables import (
    trace_assessments,
    trace_links,
    trace_metadata,
    trace_spans,
    trace_tags,
    traces,
)

HEADS = select(traces, experiments.c.is_default).join(experiments, experiments.c.id == traces.c.experiment_id)
_IDS_AT_ONCE = 500


def head(connection: Connection, workspace_id: int, trace_id: str, lock: bool = False) -> Trace | None:
    """Return the head of a trace without what hangs on it; None when there is no such trace.

    Args:
        lock: keep others from changing it until the transaction ends (PostgreSQL; SQLite has one writer).
    """
    query = HEADS.where(traces.c.workspace_id == workspace_id, traces.c.trace_id == trace_id)
    row = connection.execute(query.with_for_update(of=traces) if lock else query).first()
    return None if row is None else head_of(row)


def require(connection: Connection, workspace_id: int, trace_id: str, lock: bool = False) -> Trace:
    """Return the head of a trace.

    Raises:
        LapisError: NotFound.
    """
    found = head(connection, workspace_id, trace_id, lock)
    if found is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Trace with ID '{trace_id[:128]}' not found.")
    return found


def head_of(row: Row[Any]) -> Trace:
    """Make the head of a trace of its row."""
    return Trace(
        row.id, row.trace_id, public_id(row.experiment_id, row.is_default), row.timestamp_ms, row.execution_time_ms,
        row.state, row.client_request_id, row.request_preview, row.response_preview, row.owner_job,
    )  # fmt: skip


def add(connection: Connection, **values: Any) -> bool:
    """Insert a trace; False when there is one of this id."""
    statement = _unless_there(connection, traces).values(**values).on_conflict_do_nothing()
    return connection.execute(statement.returning(traces.c.id)).first() is not None


def is_finalized(connection: Connection, row: int) -> bool:
    """Say whether the client itself has told the head of the trace."""
    return bool(connection.execute(select(traces.c.finalized).where(traces.c.id == row)).scalar_one())


def change(connection: Connection, row: int, **values: Any) -> None:
    """Change fields of a trace, named as the columns are."""
    if values:
        connection.execute(update(traces).where(traces.c.id == row).values(**values))


def set_pairs(connection: Connection, table: Table, row: int, pairs: Mapping[str, str]) -> None:
    """Write tags or metadata over those that are there."""
    if not pairs:
        return
    statement = _unless_there(connection, table)
    statement = statement.on_conflict_do_update(
        index_elements=["trace", "key"], set_={"value": statement.excluded.value}
    )
    connection.execute(statement, [{"trace": row, "key": key, "value": pairs[key]} for key in sorted(pairs)])


def delete_tag(connection: Connection, row: int, key: str) -> bool:
    """Delete a tag; says whether it was there."""
    gone = connection.execute(delete(trace_tags).where(trace_tags.c.trace == row, trace_tags.c.key == key))
    return gone.rowcount > 0


def link(connection: Connection, row: int, kind: str, targets: Iterable[str]) -> None:
    """Link a trace with runs or versions of prompts, once or again."""
    rows = [{"trace": row, "kind": kind, "target": target} for target in targets]
    if rows:
        connection.execute(_unless_there(connection, trace_links).on_conflict_do_nothing(), rows)


def put_spans(connection: Connection, row: int, spans: Sequence[Span]) -> None:
    """Write spans over those of the same ids."""
    statement = _unless_there(connection, trace_spans)
    statement = statement.on_conflict_do_update(
        index_elements=["trace", "span_id"],
        set_={c.name: statement.excluded[c.name] for c in trace_spans.columns if c.name not in ("trace", "span_id")},
    )
    latest = {span.span_id: span for span in spans}
    connection.execute(statement, [_span_row(row, span) for span in latest.values()])


def spans_of(connection: Connection, rows: Sequence[int]) -> dict[int, list[Span]]:
    """Return the spans of traces, by row, in the order in which they began."""
    found: dict[int, list[Span]] = {row: [] for row in rows}
    for some in _parts(rows):
        query = select(trace_spans).where(trace_spans.c.trace.in_(some))
        for one in connection.execute(query.order_by(trace_spans.c.start_ns, trace_spans.c.span_id)):
            found[one.trace].append(
                Span(one.span_id, one.parent_id, one.name, one.type, one.status, one.start_ns, one.end_ns,
                     one.attributes, one.rest)
            )  # fmt: skip
    return found


def complete(connection: Connection, found: Sequence[Trace]) -> list[Trace]:
    """Load tags, metadata and assessments of traces: three queries for each few hundred."""
    by_row = {trace.row: trace for trace in found}
    for some in _parts(list(by_row)):
        for tag in connection.execute(select(trace_tags).where(trace_tags.c.trace.in_(some))):
            by_row[tag.trace].tags[tag.key] = tag.value
        for entry in connection.execute(select(trace_metadata).where(trace_metadata.c.trace.in_(some))):
            by_row[entry.trace].metadata[entry.key] = entry.value
        query = select(trace_assessments).where(trace_assessments.c.trace.in_(some))
        order = query.order_by(trace_assessments.c.created_at, trace_assessments.c.assessment_id)
        for row in connection.execute(order):
            by_row[row.trace].assessments.append(_assessment(row))
    return list(found)


def assessment(connection: Connection, row: int, assessment_id: str) -> Assessment | None:
    """Return an assessment of a trace."""
    query = select(trace_assessments).where(
        trace_assessments.c.trace == row, trace_assessments.c.assessment_id == assessment_id
    )
    found = connection.execute(query).first()
    return None if found is None else _assessment(found)


def put_assessment(connection: Connection, row: int, given: Assessment, number: float | None) -> None:
    """Write an assessment over the one of the same id."""
    statement = _unless_there(connection, trace_assessments)
    statement = statement.on_conflict_do_update(
        index_elements=["trace", "assessment_id"],
        set_={
            c.name: statement.excluded[c.name]
            for c in trace_assessments.columns
            if c.name not in ("trace", "assessment_id", "created_at")
        },
    )
    values = {
        "trace": row, "assessment_id": given.assessment_id, "name": given.name, "kind": given.kind,
        "value": given.value, "number": number, "valid": given.valid, "created_at": given.created_at,
        "updated_at": given.updated_at, "body": given.body,
    }  # fmt: skip
    connection.execute(statement, values)


def set_valid(connection: Connection, row: int, assessment_id: str, valid: bool) -> bool:
    """Say whether an assessment counts; returns whether there is one of this id."""
    changed = connection.execute(
        update(trace_assessments)
        .where(trace_assessments.c.trace == row, trace_assessments.c.assessment_id == assessment_id)
        .values(valid=valid)
    )
    return changed.rowcount > 0


def delete_assessment(connection: Connection, row: int, assessment_id: str) -> None:
    """Delete an assessment."""
    connection.execute(
        delete(trace_assessments).where(
            trace_assessments.c.trace == row, trace_assessments.c.assessment_id == assessment_id
        )
    )


def delete_traces(
    connection: Connection, workspace_id: int, experiment: int, before: int | None, most: int | None,
    trace_ids: Sequence[str], owner_job: str | None,
) -> list[str]:  # fmt: skip
    """Delete traces of an experiment, the oldest first, with all that hangs on them; returns their ids."""
    query = select(traces.c.id, traces.c.trace_id).where(
        traces.c.workspace_id == workspace_id, traces.c.experiment_id == experiment
    )
    if before is not None:
        query = query.where(traces.c.timestamp_ms <= before)
    if trace_ids:
        query = query.where(traces.c.trace_id.in_(trace_ids))
    if owner_job is not None:
        query = query.where(traces.c.owner_job == owner_job)
    query = query.order_by(traces.c.timestamp_ms, traces.c.trace_id)
    doomed = connection.execute(query.limit(most) if most is not None else query).all()
    for some in _parts([row.id for row in doomed]):
        connection.execute(delete(traces).where(traces.c.id.in_(some)))
    return [row.trace_id for row in doomed]


def _unless_there(connection: Connection, table: Table) -> Any:
    """Begin an insert that may say what to do when the row is there: the two databases write it alike."""
    return sqlite.insert(table) if is_sqlite(connection) else postgresql.insert(table)


def _parts(rows: Sequence[int]) -> Iterable[Sequence[int]]:
    return (rows[i : i + _IDS_AT_ONCE] for i in range(0, len(rows), _IDS_AT_ONCE))


def _span_row(row: int, span: Span) -> dict[str, Any]:
    return {
        "trace": row, "span_id": span.span_id, "parent_id": span.parent_id, "name": span.name, "type": span.type,
        "status": span.status, "start_ns": span.start_ns, "end_ns": span.end_ns,
        "attributes": span.attributes, "rest": span.rest,
    }  # fmt: skip


def _assessment(row: Row[Any]) -> Assessment:
    return Assessment(
        row.assessment_id, row.name, row.kind, row.value, row.body, row.created_at, row.updated_at, row.valid
    )
