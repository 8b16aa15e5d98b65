"""Rows of evaluation data sets and their records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, func, insert, literal, select, update

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.evaluation import examples
from lapisml.server.features.tracking.evaluation.records import EvaluationDataset, EvaluationRecord
from lapisml.server.features.tracking.evaluation.tables import (
    evaluation_dataset_experiments,
    evaluation_dataset_tags,
    evaluation_datasets,
    evaluation_records,
)
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.store.conditions import compare, has_pair, order_terms
from lapisml.server.features.tracking.store.driver import is_sqlite
from lapisml.server.features.tracking.store.experiments import public_id
from lapisml.server.features.tracking.tables import experiments

_COLUMNS = evaluation_datasets.c
_FIELDS: dict[str, ColumnElement[Any]] = {
    "name": _COLUMNS.name, "created_by": _COLUMNS.created_by, "last_updated_by": _COLUMNS.updated_by,
    "created_time": _COLUMNS.created_at, "last_update_time": _COLUMNS.updated_at,
}  # fmt: skip


def add(connection: Connection, **values: Any) -> int:
    """Insert a data set and return its row id."""
    made = connection.execute(insert(evaluation_datasets).values(**values).returning(_COLUMNS.id))
    return int(made.scalar_one())


def require(connection: Connection, workspace_id: int, dataset_id: str, lock: bool = False) -> EvaluationDataset:
    """Return a data set.

    Args:
        lock: keep others from changing it until the transaction ends.

    Raises:
        LapisError: NotFound.
    """
    query = select(evaluation_datasets).where(_COLUMNS.workspace_id == workspace_id, _COLUMNS.dataset_id == dataset_id)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Evaluation dataset with id '{dataset_id[:64]}' not found")
    return _load(connection, [row])[0]


def change(connection: Connection, row: int, **values: Any) -> None:
    """Change fields of a data set, named as the columns are."""
    connection.execute(update(evaluation_datasets).where(_COLUMNS.id == row).values(**values))


def delete_dataset(connection: Connection, workspace_id: int, dataset_id: str) -> None:
    """Delete a data set with all that belongs to it."""
    connection.execute(
        delete(evaluation_datasets).where(_COLUMNS.workspace_id == workspace_id, _COLUMNS.dataset_id == dataset_id)
    )


def search(
    connection: Connection, workspace_id: int, experiment_rows: Sequence[int] | None, clauses: Sequence[Clause],
    orders: Sequence[Order], limit: int, offset: int,
) -> list[EvaluationDataset]:  # fmt: skip
    """Return data sets in order, the last made first when no order is given."""
    query = select(evaluation_datasets).where(_COLUMNS.workspace_id == workspace_id)
    if experiment_rows is not None:
        links = evaluation_dataset_experiments.c
        linked = select(literal(1)).where(links.dataset == _COLUMNS.id, links.experiment_id.in_(experiment_rows))
        query = query.where(exists(linked))
    sqlite = is_sqlite(connection)
    for clause in clauses:
        if clause.entity == "tag":
            query = query.where(has_pair(_COLUMNS.id, evaluation_dataset_tags, clause, sqlite))
        else:
            query = query.where(compare(_FIELDS[clause.key], clause, sqlite))
    terms = order_terms(orders, {order: (_FIELDS[order.key], None) for order in orders})
    query = query.order_by(*terms, _COLUMNS.created_at.desc(), _COLUMNS.dataset_id).limit(limit).offset(offset)
    return _load(connection, connection.execute(query).all())


def set_tags(connection: Connection, row: int, tags: Mapping[str, str]) -> None:
    """Write tags over those that are there."""
    delete_tags(connection, row, list(tags))
    if tags:
        rows = [{"dataset": row, "key": key, "value": value} for key, value in tags.items()]
        connection.execute(insert(evaluation_dataset_tags), rows)


def delete_tags(connection: Connection, row: int, keys: Sequence[str]) -> None:
    """Delete tags."""
    columns = evaluation_dataset_tags.c
    connection.execute(delete(evaluation_dataset_tags).where(columns.dataset == row, columns.key.in_(list(keys))))


def associate(connection: Connection, row: int, experiment_rows: Sequence[int]) -> None:
    """Say that a data set is of experiments, once or again."""
    dissociate(connection, row, experiment_rows)
    rows = [{"dataset": row, "experiment_id": one} for one in dict.fromkeys(experiment_rows)]
    if rows:
        connection.execute(insert(evaluation_dataset_experiments), rows)


def dissociate(connection: Connection, row: int, experiment_rows: Sequence[int]) -> None:
    """Say that a data set is not of experiments."""
    columns = evaluation_dataset_experiments.c
    connection.execute(
        delete(evaluation_dataset_experiments).where(
            columns.dataset == row, columns.experiment_id.in_(list(experiment_rows))
        )
    )


def put_record(connection: Connection, row: int, digest: str, body: dict[str, Any], now: int) -> bool:
    """Write a record over the one with the same inputs; says whether it is new."""
    columns = evaluation_records.c
    there = connection.execute(
        select(columns.id, columns.body).where(columns.dataset == row, columns.inputs_digest == digest)
    ).first()
    if there is not None:
        connection.execute(
            update(evaluation_records)
            .where(columns.id == there.id)
            .values(body=examples.merged(there.body, body), updated_at=now)
        )
        return False
    user = (body.get("tags") or {}).get("mlflow.user")
    known = {"created_by": user, "last_updated_by": user} if user else {}
    connection.execute(
        insert(evaluation_records).values(
            dataset=row, record_id=f"dr-{uuid4().hex}", inputs_digest=digest, body={**body, **known},
            created_at=now, updated_at=now,
        )
    )  # fmt: skip
    return True


def records(connection: Connection, row: int, limit: int, offset: int) -> list[EvaluationRecord]:
    """Return records of a data set in the order in which they came."""
    columns = evaluation_records.c
    query = select(evaluation_records).where(columns.dataset == row).order_by(columns.id)
    found = connection.execute(query.limit(limit).offset(offset))
    return [EvaluationRecord(one.id, one.record_id, one.body, one.created_at, one.updated_at) for one in found]


def delete_records(connection: Connection, row: int, record_ids: Sequence[str]) -> int:
    """Delete records; returns how many there were."""
    columns = evaluation_records.c
    gone = connection.execute(
        delete(evaluation_records).where(columns.dataset == row, columns.record_id.in_(list(record_ids)))
    )
    return int(gone.rowcount)


def _load(connection: Connection, rows: Sequence[Row[Any]]) -> list[EvaluationDataset]:
    found = {
        row.id: EvaluationDataset(
            row.id, row.dataset_id, row.name, row.schema, row.digest, row.created_by, row.updated_by,
            row.created_at, row.updated_at,
        )
        for row in rows
    }  # fmt: skip
    tags, links, counted = evaluation_dataset_tags.c, evaluation_dataset_experiments.c, evaluation_records.c
    ids = list(found)
    for tag in connection.execute(select(evaluation_dataset_tags).where(tags.dataset.in_(ids))):
        found[tag.dataset].tags[tag.key] = tag.value
    query = select(links.dataset, experiments.c.id, experiments.c.is_default).join(
        experiments, experiments.c.id == links.experiment_id
    )
    for link in connection.execute(query.where(links.dataset.in_(ids)).order_by(experiments.c.id)):
        found[link.dataset].experiment_ids.append(public_id(link.id, link.is_default))
    counts = select(counted.dataset, func.count()).where(counted.dataset.in_(ids)).group_by(counted.dataset)
    for dataset, count in connection.execute(counts):
        found[dataset].records = count
    return list(found.values())
