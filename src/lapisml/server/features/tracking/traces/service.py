"""What can be done with traces."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import MAX_TAG_LENGTH, check_pairs, invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.tracking.records import Caller, Page
from lapisml.server.features.tracking.store import experiments
from lapisml.server.features.tracking.store import runs as run_store
from lapisml.server.features.tracking.traces import search, store
from lapisml.server.features.tracking.traces.assessing import Assessments
from lapisml.server.features.tracking.traces.ingest import SpanIntake
from lapisml.server.features.tracking.traces.records import (
    ARTIFACT_TAG,
    IN_PROGRESS,
    PROMPT_LINK,
    RUN_LINK,
    STATES,
    Span,
    SpanBatch,
    Trace,
    trace_artifact_uri,
)
from lapisml.server.features.tracking.traces.tables import trace_metadata, trace_tags
from lapisml.server.platform.database import Database

T = TypeVar("T")

MAX_TRACES_PER_REQUEST = 500
MAX_LINKED_TRACES = 100
MAX_TRACE_ID_LENGTH = 128


class Traces:
    """Traces of workspaces. A job sees and changes the traces that it logged, a person all."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock
        self._intake = SpanIntake(commit, clock)
        self.assessments = Assessments(database, commit, clock)

    def start(self, caller: Caller, given: Trace) -> Trace:
        """Write the head of a trace as its client tells it, over what its spans may have told before.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """
        _check(given)

        def write(connection: Connection) -> None:
            experiment, _, _ = experiments.place(
                connection, caller.workspace_id, given.experiment_id, self._clock.now_ms()
            )
            values = {
                "experiment_id": experiment, "timestamp_ms": given.timestamp_ms,
                "execution_time_ms": given.execution_time_ms, "state": given.state,
                "client_request_id": given.client_request_id, "finalized": True,
            }  # fmt: skip
            previews = {"request_preview": given.request_preview, "response_preview": given.response_preview}
            known = {"workspace_id": caller.workspace_id, "trace_id": given.trace_id, "owner_job": caller.job}
            is_new = store.add(connection, **known, **values, **previews)
            found = _changeable(connection, caller, given.trace_id)
            if not is_new:
                told = {name: text for name, text in previews.items() if text is not None}
                store.change(connection, found.row, **values, **told)
            tags = {**given.tags, ARTIFACT_TAG: trace_artifact_uri(given.trace_id)}
            store.set_pairs(connection, trace_tags, found.row, tags)
            store.set_pairs(connection, trace_metadata, found.row, given.metadata)
            for assessment in given.assessments:
                self.assessments.put(connection, found.row, assessment)

        self._commit.run(write)
        return self.info(caller, given.trace_id)

    def begin(
        self,
        caller: Caller,
        experiment_id: str,
        timestamp_ms: int,
        metadata: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Trace:
        """Make a trace that goes on, with a new id (version 2 of the protocol).

        Raises:
            LapisError: NotFound, Usage.
        """
        trace_id = f"tr-{uuid4().hex}"
        given = Trace(
            0, trace_id, experiment_id, timestamp_ms, None, IN_PROGRESS, tags=dict(tags), metadata=dict(metadata)
        )
        return self.start(caller, given)

    def end(
        self, caller: Caller, trace_id: str, timestamp_ms: int, state: str, metadata: Mapping[str, str],
        tags: Mapping[str, str],
    ) -> Trace:  # fmt: skip
        """Say that a trace has ended (version 2 of the protocol).

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """
        if state not in STATES:
            raise invalid(f"Invalid trace status '{state[:40]}'.")

        def write(connection: Connection) -> None:
            found = _changeable(connection, caller, trace_id)
            store.change(
                connection, found.row, state=state, execution_time_ms=max(0, timestamp_ms - found.timestamp_ms)
            )
            store.set_pairs(connection, trace_metadata, found.row, _pairs(metadata))
            store.set_pairs(connection, trace_tags, found.row, _pairs(tags))

        self._commit.run(write)
        return self.info(caller, trace_id)

    def log_spans(
        self, caller: Caller, experiment_id: str, batches: Sequence[SpanBatch], run_id: str | None = None
    ) -> None:
        """Write spans; a trace that is not known yet begins with them.

        Args:
            run_id: a run to link the traces with whose root span is among these.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """
        self._intake.log(caller, experiment_id, batches, run_id)

    def info(self, caller: Caller, trace_id: str) -> Trace:
        """Return a trace without its spans.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            found = store.require(connection, caller.workspace_id, trace_id)
            check_owner(caller, found)
            return store.complete(connection, [found])[0]

    def get(self, caller: Caller, trace_id: str) -> tuple[Trace, list[Span]]:
        """Return a trace with its spans.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            found = store.require(connection, caller.workspace_id, trace_id)
            check_owner(caller, found)
            store.complete(connection, [found])
            return found, store.spans_of(connection, [found.row])[found.row]

    def batch(
        self, caller: Caller, trace_ids: Sequence[str], experiment_ids: Sequence[str], with_spans: bool
    ) -> list[tuple[Trace, list[Span]]]:
        """Return several traces in the order asked for; those that are not there are left out.

        Args:
            experiment_ids: only traces of these; empty for all.

        Raises:
            LapisError: Usage for too many.
        """
        if len(trace_ids) > MAX_TRACES_PER_REQUEST:
            raise invalid(f"At most {MAX_TRACES_PER_REQUEST} traces can be asked for at once, got {len(trace_ids)}.")
        with self._database.read() as connection:
            heads = [store.head(connection, caller.workspace_id, one) for one in dict.fromkeys(trace_ids)]
            found = [
                head
                for head in heads
                if head is not None
                and caller.owns("", head.owner_job)
                and (not experiment_ids or head.experiment_id in experiment_ids)
            ]
            store.complete(connection, found)
            spans = store.spans_of(connection, [trace.row for trace in found]) if with_spans else {}
        return [(trace, spans.get(trace.row, [])) for trace in found]

    def search(
        self, caller: Caller, experiment_ids: Sequence[str], filter_text: str, order_by: Sequence[str],
        limit: int, token: str,
    ) -> Page[Trace]:  # fmt: skip
        """Return a page of traces, without spans.

        Raises:
            LapisError: Usage.
        """
        clauses = parse_filter(filter_text, grammars.TRACES)
        orders = [parse_order(text, grammars.TRACES) for text in order_by]
        query = (list(experiment_ids), filter_text, list(order_by))
        offset = read_offset(token, *query)
        with self._database.read() as connection:
            rows = _rows(connection, caller, experiment_ids)
            found = search.page(connection, caller.workspace_id, rows, clauses, orders, limit + 1, offset, caller.job)
        following = offset_token(offset + limit, *query) if len(found) > limit else None
        return Page(found[:limit], following)

    def count(self, caller: Caller, experiment_ids: Sequence[str], filters: Sequence[str]) -> int:
        """Count the traces that fulfil all of the filters.

        Raises:
            LapisError: Usage.
        """
        clauses = [clause for text in filters for clause in parse_filter(text, grammars.TRACES)]
        with self._database.read() as connection:
            rows = _rows(connection, caller, experiment_ids)
            return search.count(connection, caller.workspace_id, rows, clauses, caller.job)

    def set_tag(self, caller: Caller, trace_id: str, key: str, value: str) -> None:
        """Set a tag of a trace.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """
        pairs = _pairs({key: value})
        self._change(caller, trace_id, lambda c, trace: store.set_pairs(c, trace_tags, trace.row, pairs))

    def delete_tag(self, caller: Caller, trace_id: str, key: str) -> None:
        """Delete a tag of a trace.

        Raises:
            LapisError: NotFound, Forbidden.
        """

        def write(connection: Connection, trace: Trace) -> None:
            if not store.delete_tag(connection, trace.row, key):
                raise LapisError(
                    ErrorCode.NOT_FOUND, f"No trace tag with key '{key[:250]}' for trace with ID '{trace_id[:128]}'"
                )

        self._change(caller, trace_id, write)

    def delete(
        self, caller: Caller, experiment_id: str, before: int | None, most: int | None, trace_ids: Sequence[str]
    ) -> list[str]:
        """Delete traces of an experiment and return their ids; a job deletes only those that it logged.

        Args:
            before: those that began at or before this time.
            most: at most so many of them, the oldest first.
            trace_ids: exactly these instead.

        Raises:
            LapisError: NotFound, Usage.
        """
        if (before is None) == (not trace_ids):
            raise invalid("Either `max_timestamp_millis` or `trace_ids` must be specified, but not both.")
        if trace_ids and most is not None:
            raise invalid("`max_traces` can't be specified if `trace_ids` is specified.")
        if most is not None and most <= 0:
            raise invalid(f"`max_traces` must be a positive integer, received {most}.")

        def write(connection: Connection) -> list[str]:
            row = experiments.require_row_id(connection, caller.workspace_id, experiment_id)
            return store.delete_traces(connection, caller.workspace_id, row, before, most, trace_ids, caller.job)

        return self._commit.run(write)

    def link_run(self, caller: Caller, trace_ids: Sequence[str], run_id: str) -> None:
        """Link traces with a run.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """
        if len(trace_ids) > MAX_LINKED_TRACES:
            raise invalid(f"Cannot link more than {MAX_LINKED_TRACES} traces to a run in a single request.")

        def write(connection: Connection) -> None:
            run = run_store.require(connection, caller.workspace_id, run_id)
            if not caller.owns(run_id, run.owner_job):
                raise LapisError(ErrorCode.FORBIDDEN, "A job may link traces with its own runs, no other.")
            for trace_id in trace_ids:
                trace = _changeable(connection, caller, trace_id)
                store.link(connection, trace.row, RUN_LINK, [run_id])

        self._commit.run(write)

    def link_prompts(self, caller: Caller, trace_id: str, prompts: Sequence[tuple[str, str]]) -> None:
        """Link a trace with versions of prompts, given as (name, version).

        Raises:
            LapisError: NotFound, Forbidden.
        """
        targets = [f"{name}/{version}" for name, version in prompts]
        self._change(caller, trace_id, lambda c, trace: store.link(c, trace.row, PROMPT_LINK, targets))

    def _change(self, caller: Caller, trace_id: str, write: Callable[[Connection, Trace], T]) -> T:
        return self._commit.run(lambda connection: write(connection, _changeable(connection, caller, trace_id)))


def check_owner(caller: Caller, trace: Trace) -> None:
    """Check that the caller may see and change a trace.

    Raises:
        LapisError: Forbidden.
    """
    if not caller.owns("", trace.owner_job):
        raise LapisError(ErrorCode.FORBIDDEN, "A job may read and change the traces that it logged, no other.")


def _changeable(connection: Connection, caller: Caller, trace_id: str) -> Trace:
    found = store.require(connection, caller.workspace_id, trace_id, lock=True)
    check_owner(caller, found)
    return found


def _rows(connection: Connection, caller: Caller, experiment_ids: Sequence[str]) -> list[int]:
    rows = [experiments.row_id(connection, caller.workspace_id, one) for one in experiment_ids]
    return [row for row in rows if row is not None]


def _check(given: Trace) -> None:
    if not given.trace_id or len(given.trace_id) > MAX_TRACE_ID_LENGTH or "/" in given.trace_id:
        raise invalid(f"A trace id has 1 to {MAX_TRACE_ID_LENGTH} characters and no slash.")
    if given.state not in STATES:
        raise invalid(f"Invalid trace state '{given.state[:40]}'.")
    given.tags, given.metadata = _pairs(given.tags), _pairs(given.metadata)


def _pairs(pairs: Mapping[str, str]) -> dict[str, str]:
    return dict(check_pairs(list(pairs.items()), MAX_TAG_LENGTH))
