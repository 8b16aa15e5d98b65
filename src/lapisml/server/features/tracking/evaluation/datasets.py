"""What can be done with evaluation data sets."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars
from lapisml.server.features.tracking.evaluation import dataset_store as store
from lapisml.server.features.tracking.evaluation import examples
from lapisml.server.features.tracking.evaluation.records import EvaluationDataset, EvaluationRecord
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import MAX_TAG_LENGTH, check_pairs, check_text, invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.tracking.records import Caller, Page
from lapisml.server.features.tracking.store import experiments
from lapisml.server.platform.database import Database

MAX_NAME_LENGTH = 500
USER_TAG = "mlflow.user"


class EvaluationDatasets:
    """Evaluation data sets of workspaces. A job may make, read and fill them, but not delete them."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def create(
        self, caller: Caller, name: str, tags: Mapping[str, str], experiment_ids: Sequence[str]
    ) -> EvaluationDataset:
        """Make a data set without records.

        Raises:
            LapisError: Usage, NotFound for an experiment.
        """
        if not name.strip() or len(check_text(name, "name")) > MAX_NAME_LENGTH:
            raise invalid(f"The name of an evaluation dataset has 1 to {MAX_NAME_LENGTH} characters.")
        checked = dict(check_pairs(list(tags.items()), MAX_TAG_LENGTH))
        dataset_id, now = f"d-{uuid4().hex}", self._clock.now_ms()
        user = checked.get(USER_TAG)

        def write(connection: Connection) -> None:
            row = store.add(
                connection, workspace_id=caller.workspace_id, dataset_id=dataset_id, name=name,
                digest=_digest(name, now), created_by=user, updated_by=user, created_at=now, updated_at=now,
            )  # fmt: skip
            store.set_tags(connection, row, checked)
            self._associate(connection, caller, row, experiment_ids)

        self._commit.run(write)
        return self.get(caller, dataset_id)

    def get(self, caller: Caller, dataset_id: str) -> EvaluationDataset:
        """Return a data set without its records.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            return store.require(connection, caller.workspace_id, dataset_id)

    def delete(self, caller: Caller, dataset_id: str) -> None:
        """Delete a data set with its records, once or again.

        Raises:
            LapisError: Forbidden for a job.
        """
        _refuse_job(caller)
        self._commit.run(lambda connection: store.delete_dataset(connection, caller.workspace_id, dataset_id))

    def search(
        self, caller: Caller, experiment_ids: Sequence[str], filter_text: str, order_by: Sequence[str],
        limit: int, token: str,
    ) -> Page[EvaluationDataset]:  # fmt: skip
        """Return a page of data sets.

        Args:
            experiment_ids: only those of any of these; empty for all.

        Raises:
            LapisError: Usage.
        """
        clauses = parse_filter(filter_text, grammars.EVALUATION_DATASETS)
        orders = [parse_order(text, grammars.EVALUATION_DATASETS) for text in order_by]
        query = (list(experiment_ids), filter_text, list(order_by))
        offset = read_offset(token, *query)
        with self._database.read() as connection:
            rows = [experiments.row_id(connection, caller.workspace_id, one) for one in experiment_ids]
            among = [row for row in rows if row is not None] if experiment_ids else None
            found = store.search(connection, caller.workspace_id, among, clauses, orders, limit + 1, offset)
        return Page(found[:limit], offset_token(offset + limit, *query) if len(found) > limit else None)

    def set_tags(self, caller: Caller, dataset_id: str, tags: Mapping[str, str | None]) -> EvaluationDataset:
        """Write tags over those that are there; None removes one.

        Raises:
            LapisError: NotFound, Usage.
        """
        kept = dict(check_pairs([(k, v) for k, v in tags.items() if v is not None], MAX_TAG_LENGTH))

        def write(connection: Connection) -> None:
            found = store.require(connection, caller.workspace_id, dataset_id)
            store.set_tags(connection, found.row, kept)
            store.delete_tags(connection, found.row, [key for key, value in tags.items() if value is None])

        self._commit.run(write)
        return self.get(caller, dataset_id)

    def upsert(self, caller: Caller, dataset_id: str, given: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
        """Write records; one with the same inputs as another takes its place.

        Returns:
            How many are new, and how many were there.

        Raises:
            LapisError: NotFound, Usage.
        """
        checked = [examples.checked(one) for one in given]

        def write(connection: Connection) -> tuple[int, int]:
            now = self._clock.now_ms()
            found = store.require(connection, caller.workspace_id, dataset_id, lock=True)
            new = sum(store.put_record(connection, found.row, examples.digest(one), one, now) for one in checked)
            users = [one["tags"][USER_TAG] for one in checked if USER_TAG in (one.get("tags") or {})]
            store.change(
                connection, found.row, schema=examples.merged_schema(found.schema, checked), updated_at=now,
                digest=_digest(found.name, now), updated_by=users[-1] if users else found.updated_by,
            )  # fmt: skip
            return new, len(checked) - new

        return self._commit.run(write)

    def records(self, caller: Caller, dataset_id: str, limit: int, token: str) -> Page[EvaluationRecord]:
        """Return a page of records in the order in which they came.

        Raises:
            LapisError: NotFound, Usage.
        """
        offset = read_offset(token, dataset_id)
        with self._database.read() as connection:
            dataset = store.require(connection, caller.workspace_id, dataset_id)
            found = store.records(connection, dataset.row, limit + 1, offset)
        return Page(found[:limit], offset_token(offset + limit, dataset_id) if len(found) > limit else None)

    def delete_records(self, caller: Caller, dataset_id: str, record_ids: Sequence[str]) -> int:
        """Delete records; returns how many there were.

        Raises:
            LapisError: NotFound; Forbidden for a job.
        """
        _refuse_job(caller)

        def write(connection: Connection) -> int:
            found = store.require(connection, caller.workspace_id, dataset_id)
            return store.delete_records(connection, found.row, record_ids)

        return self._commit.run(write)

    def associate(
        self, caller: Caller, dataset_id: str, added: Sequence[str] = (), removed: Sequence[str] = ()
    ) -> EvaluationDataset:
        """Say of which experiments a data set is.

        Raises:
            LapisError: NotFound.
        """

        def write(connection: Connection) -> None:
            found = store.require(connection, caller.workspace_id, dataset_id)
            self._associate(connection, caller, found.row, added)
            rows = [experiments.row_id(connection, caller.workspace_id, one) for one in removed]
            store.dissociate(connection, found.row, [row for row in rows if row is not None])
            store.change(connection, found.row, updated_at=self._clock.now_ms())

        self._commit.run(write)
        return self.get(caller, dataset_id)

    def _associate(self, connection: Connection, caller: Caller, dataset: int, experiment_ids: Sequence[str]) -> None:
        rows = [
            experiments.place(connection, caller.workspace_id, one, self._clock.now_ms())[0] for one in experiment_ids
        ]
        store.associate(connection, dataset, rows)


def _refuse_job(caller: Caller) -> None:
    if caller.job is not None:
        raise LapisError(ErrorCode.FORBIDDEN, "A job may fill evaluation datasets, but not delete them.")


def _digest(name: str, now: int) -> str:
    return hashlib.sha256(f"{name}:{now}".encode()).hexdigest()[:8]
