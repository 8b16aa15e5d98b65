"""Spans on their way in: written, and the heads of their traces brought up to date with what they tell."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.store import experiments
from lapisml.server.features.tracking.store import runs as run_store
from lapisml.server.features.tracking.traces import store, summary
from lapisml.server.features.tracking.traces.records import (
    ARTIFACT_TAG,
    IN_PROGRESS,
    RUN_LINK,
    SPANS_HERE,
    SPANS_TAG,
    SpanBatch,
    Trace,
    trace_artifact_uri,
)
from lapisml.server.features.tracking.traces.tables import trace_metadata, trace_tags


class SpanIntake:
    """Writes spans as they come: before their trace's head, after it, or without one."""

    def __init__(self, commit: GroupCommit, clock: Clock) -> None:
        self._commit = commit
        self._clock = clock

    def log(self, caller: Caller, experiment_id: str, batches: Sequence[SpanBatch], run_id: str | None) -> None:
        """Write spans of one experiment, all or none.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """

        def write(connection: Connection) -> None:
            place = experiments.place(connection, caller.workspace_id, experiment_id, self._clock.now_ms())
            linked = self._run(connection, caller, run_id)
            for batch in sorted(batches, key=lambda one: one.trace_id):
                self._write(connection, caller, place[0], batch, linked)

        self._commit.run(write)

    @staticmethod
    def _run(connection: Connection, caller: Caller, run_id: str | None) -> str | None:
        if run_id is None:
            return None
        run = run_store.require(connection, caller.workspace_id, run_id)
        if not caller.owns(run_id, run.owner_job):
            raise LapisError(ErrorCode.FORBIDDEN, "A job may link traces with its own runs, no other.")
        return run_id

    def _write(
        self, connection: Connection, caller: Caller, experiment: int, batch: SpanBatch, run_id: str | None
    ) -> None:
        begun, ended = summary.time_of(batch.spans)
        store.add(
            connection, workspace_id=caller.workspace_id, experiment_id=experiment, trace_id=batch.trace_id,
            timestamp_ms=begun, execution_time_ms=None if ended is None else ended - begun, state=IN_PROGRESS,
            finalized=False, owner_job=caller.job,
        )  # fmt: skip
        trace = store.require(connection, caller.workspace_id, batch.trace_id, lock=True)
        if not caller.owns("", trace.owner_job):
            raise LapisError(ErrorCode.FORBIDDEN, "A job may change the traces that it logged, no other.")
        store.put_spans(connection, trace.row, batch.spans)
        self._tell(connection, trace, batch)
        root = summary.root_of(batch.spans)
        tags = {**summary.tags_of(root, batch.resource), SPANS_TAG: SPANS_HERE}
        store.set_pairs(connection, trace_tags, trace.row, {**tags, ARTIFACT_TAG: trace_artifact_uri(batch.trace_id)})
        if run_id is not None and root is not None:
            store.link(connection, trace.row, RUN_LINK, [run_id])

    @staticmethod
    def _tell(connection: Connection, trace: Trace, batch: SpanBatch) -> None:
        """Bring the head up to date; what the client itself has told of it stays."""
        asked, answered = summary.previews(summary.root_of(batch.spans))
        values = {
            "request_preview": asked if trace.request_preview is None else None,
            "response_preview": answered if trace.response_preview is None else None,
        }
        changes: dict[str, object] = {name: text for name, text in values.items() if text is not None}
        if trace.state == IN_PROGRESS:
            changes["state"] = summary.state_of(batch.spans)
        if not store.is_finalized(connection, trace.row):
            changes |= _times(trace, batch)
            store.set_pairs(connection, trace_metadata, trace.row, summary.people_of(batch.spans))
            if summary.counts_tokens(batch.spans):
                spans = store.spans_of(connection, [trace.row])[trace.row]
                store.set_pairs(connection, trace_metadata, trace.row, summary.tokens_of(spans))
        store.change(connection, trace.row, **changes)


def _times(trace: Trace, batch: SpanBatch) -> dict[str, object]:
    """Return when a trace began and how long it took, with these spans among those that are known."""
    begun, ended = summary.time_of(batch.spans)
    known = None if trace.execution_time_ms is None else trace.timestamp_ms + trace.execution_time_ms
    begun = min(begun, trace.timestamp_ms)
    last = max((one for one in (ended, known) if one is not None), default=None)
    return {"timestamp_ms": begun, "execution_time_ms": None if last is None else last - begun}
