"""What people, judges and code say of traces."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import check_text, invalid
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.traces import store
from lapisml.server.features.tracking.traces.records import Assessment, Trace
from lapisml.server.platform.database import Database

MAX_NAME_LENGTH = 250


class Assessments:
    """Assessments of traces; who may change the trace may assess it."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def create(self, caller: Caller, trace_id: str, given: Assessment) -> Assessment:
        """Keep an assessment; the one that it overrides does not count any longer.

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """

        def write(connection: Connection) -> Assessment:
            trace = _trace(connection, caller, trace_id)
            overridden = given.body.get("overrides")
            if overridden and not store.set_valid(connection, trace.row, overridden, False):
                raise LapisError(
                    ErrorCode.NOT_FOUND, f"Assessment with ID '{overridden[:64]}' not found for trace '{trace_id}'"
                )
            return self.put(connection, trace.row, given)

        return self._commit.run(write)

    def put(self, connection: Connection, row: int, given: Assessment) -> Assessment:
        """Write an assessment of a trace, with an id of its own when it has none.

        Raises:
            LapisError: Usage.
        """
        if not given.name or len(given.name) > MAX_NAME_LENGTH:
            raise invalid(f"An assessment has a name of at most {MAX_NAME_LENGTH} characters.")
        check_text(given.name, "assessment_name")
        given.assessment_id = given.assessment_id or f"a-{uuid4().hex}"
        if len(given.assessment_id) > 50:
            raise invalid("An assessment's id has at most 50 characters.")
        store.put_assessment(connection, row, given, _number(given.value))
        return given

    def get(self, caller: Caller, trace_id: str, assessment_id: str) -> Assessment:
        """Return an assessment.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            trace = store.require(connection, caller.workspace_id, trace_id)
            _check(caller, trace)
            return _require(connection, trace, assessment_id)

    def update(self, caller: Caller, trace_id: str, assessment_id: str, changes: Mapping[str, Any]) -> Assessment:
        """Change an assessment; its metadata are added to.

        Args:
            changes: ``name``, ``rationale``, ``metadata``, and ``feedback`` or ``expectation`` as
                (value as JSON text or None, the value's MLflow form).

        Raises:
            LapisError: NotFound, Usage, Forbidden.
        """

        def write(connection: Connection) -> Assessment:
            found = _require(connection, _trace(connection, caller, trace_id), assessment_id)
            for kind in ("feedback", "expectation"):
                if kind in changes and found.kind != kind:
                    raise invalid(
                        f"Cannot update {kind} value on {'an' if found.kind[0] in 'ei' else 'a'} "
                        f"{found.kind.capitalize()} assessment."
                    )
            _apply(found, changes)
            found.updated_at = max(self._clock.now_ms(), found.created_at)
            trace = store.require(connection, caller.workspace_id, trace_id)
            return self.put(connection, trace.row, found)

        return self._commit.run(write)

    def delete(self, caller: Caller, trace_id: str, assessment_id: str) -> None:
        """Delete an assessment, once or again; the one that it overrode counts again.

        Raises:
            LapisError: NotFound for the trace, Forbidden.
        """

        def write(connection: Connection) -> None:
            trace = _trace(connection, caller, trace_id)
            found = store.assessment(connection, trace.row, assessment_id)
            if found is not None and found.body.get("overrides"):
                store.set_valid(connection, trace.row, found.body["overrides"], True)
            store.delete_assessment(connection, trace.row, assessment_id)

        self._commit.run(write)


def _apply(found: Assessment, changes: Mapping[str, Any]) -> None:
    if changes.get("name"):
        found.name = changes["name"]
    if changes.get("rationale") is not None:
        found.body["rationale"] = changes["rationale"]
    if changes.get("metadata"):
        found.body["metadata"] = {**(found.body.get("metadata") or {}), **changes["metadata"]}
    if found.kind in changes:
        found.value, found.body[found.kind] = changes[found.kind]


def _trace(connection: Connection, caller: Caller, trace_id: str) -> Trace:
    trace = store.require(connection, caller.workspace_id, trace_id, lock=True)
    _check(caller, trace)
    return trace


def _check(caller: Caller, trace: Trace) -> None:
    if not caller.owns("", trace.owner_job):
        raise LapisError(ErrorCode.FORBIDDEN, "A job may assess the traces that it logged, no other.")


def _require(connection: Connection, trace: Trace, assessment_id: str) -> Assessment:
    found = store.assessment(connection, trace.row, assessment_id)
    if found is None:
        raise LapisError(
            ErrorCode.NOT_FOUND,
            f"Assessment with ID '{assessment_id[:64]}' not found for trace '{trace.trace_id}'",
        )
    return found


def _number(value: str | None) -> float | None:
    """Return the number that a value is, for comparisons; None for what is no finite number."""
    if value is None:
        return None
    found = orjson.loads(value)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found):
        return None
    return float(found)
