"""Rows of assets: containers (names), versions, labels, tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Table,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from lapisml.server.features.assets.records import Archived, AssetKind, AssetRecord, ContainerRecord, ListQuery
from lapisml.server.features.assets.tables import (
    asset_container_tags,
    asset_containers,
    asset_labels,
    asset_tags,
    assets,
)

_JOINED = assets.join(asset_containers, assets.c.container_id == asset_containers.c.id)
_VERSION_COLUMNS = (
    assets,
    asset_containers.c.kind,
    asset_containers.c.name,
    asset_containers.c.archived.label("container_archived"),
)

_OF_NAME = (
    asset_containers.c.workspace_id == bindparam("workspace"),
    asset_containers.c.kind == bindparam("asset_kind"),
    asset_containers.c.name == bindparam("asset_name"),
)
_VERSIONS = select(*_VERSION_COLUMNS).select_from(_JOINED).where(*_OF_NAME)
_VERSION = _VERSIONS.where(assets.c.version == bindparam("asset_version"))
_NEWEST = _VERSIONS.where(~assets.c.archived).order_by(assets.c.id.desc()).limit(1)
_LABELS = (
    select(asset_labels.c.label, asset_labels.c.version)
    .where(asset_labels.c.container_id == bindparam("container"))
    .order_by(asset_labels.c.label)
)
"""Statements that every job needs several times, made once: putting one together costs more than running it."""


def insert_missing(connection: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one with the same key exists; say whether it was inserted."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    statement = dialect.insert(table).values(**values).on_conflict_do_nothing()
    # Without the option the count is lost where SQLAlchemy asks the database for the new row's key (PostgreSQL).
    return connection.execute(statement, execution_options={"preserve_rowcount": True}).rowcount == 1


def container(
    connection: Connection, workspace_id: int, kind: AssetKind, name: str, *, lock: bool = False
) -> Row[Any] | None:
    """Read a container's row; with `lock`, nobody else changes it or its versions until the transaction ends."""
    c = asset_containers.c
    query = select(asset_containers).where(c.workspace_id == workspace_id, c.kind == kind.value, c.name == name)
    return connection.execute(query.with_for_update() if lock else query).first()


def ensure_container(
    connection: Connection, workspace_id: int, kind: AssetKind, name: str, by: str, now: int
) -> tuple[Row[Any], bool]:
    """Return the locked row of a container, made if need be, and whether it is new."""
    values = {"workspace_id": workspace_id, "kind": kind.value, "name": name, "next_version": 1, "archived": False}
    is_new = insert_missing(
        connection, asset_containers, {**values, "created_by": by, "created_at": now, "updated_at": now}
    )
    found = container(connection, workspace_id, kind, name, lock=True)
    if found is None:  # deleted in between
        return ensure_container(connection, workspace_id, kind, name, by, now)
    return found, is_new


def change_container(connection: Connection, container_id: int, now: int, **values: Any) -> None:
    """Update columns of a container."""
    query = update(asset_containers).where(asset_containers.c.id == container_id)
    connection.execute(query.values(**values, updated_at=now))


def remove_container(connection: Connection, container_id: int) -> None:
    """Delete a container with its versions, labels and tags."""
    of_it = select(assets.c.id).where(assets.c.container_id == container_id)
    connection.execute(delete(asset_tags).where(asset_tags.c.asset_id.in_(of_it)))
    for table in (assets, asset_labels, asset_container_tags):
        connection.execute(delete(table).where(table.c.container_id == container_id))
    connection.execute(delete(asset_containers).where(asset_containers.c.id == container_id))


def add_version(connection: Connection, values: Mapping[str, Any]) -> int:
    """Insert a version with its tags; return its row id."""
    key = connection.execute(insert(assets).values(**values)).inserted_primary_key
    assert key is not None
    index_tags(connection, key[0], values["document"].get("tags") or {})
    return int(key[0])


def change_version(connection: Connection, asset_id: int, now: int, **values: Any) -> None:
    """Update columns of a version, and its tags when the document is among them."""
    connection.execute(update(assets).where(assets.c.id == asset_id).values(**values, updated_at=now))
    if "document" in values:
        connection.execute(delete(asset_tags).where(asset_tags.c.asset_id == asset_id))
        index_tags(connection, asset_id, values["document"].get("tags") or {})


def remove_version(connection: Connection, container_id: int, asset_id: int, version: str) -> None:
    """Delete a version, and the labels that point at it."""
    connection.execute(delete(asset_tags).where(asset_tags.c.asset_id == asset_id))
    connection.execute(delete(assets).where(assets.c.id == asset_id))
    at_it = and_(asset_labels.c.container_id == container_id, asset_labels.c.version == version)
    connection.execute(delete(asset_labels).where(at_it))


def index_tags(connection: Connection, asset_id: int, tags: Mapping[str, Any]) -> None:
    """Write the tags of a version for searching."""
    rows = [{"asset_id": asset_id, "key": str(k), "value": str(v)} for k, v in tags.items()]
    if rows:
        connection.execute(insert(asset_tags), rows)


def version(connection: Connection, workspace_id: int, kind: AssetKind, name: str, version_: str) -> AssetRecord | None:
    """Read one version."""
    return _one(connection, _VERSION, {**_which(workspace_id, kind, name), "asset_version": version_})


def newest(connection: Connection, workspace_id: int, kind: AssetKind, name: str) -> AssetRecord | None:
    """Read the version made last among those that are not archived."""
    return _one(connection, _NEWEST, _which(workspace_id, kind, name))


def made_by(connection: Connection, workspace_id: int, kind: AssetKind, job_name: str) -> list[AssetRecord]:
    """Read the versions that a job or run made, oldest first."""
    c = asset_containers.c
    where = (c.workspace_id == workspace_id, c.kind == kind.value, assets.c.job_name == job_name)
    query = select(*_VERSION_COLUMNS).select_from(_JOINED).where(*where).order_by(assets.c.id)
    return records(connection, connection.execute(query).all())


def in_stage(connection: Connection, workspace_id: int, name: str, stage: str) -> list[AssetRecord]:
    """Read the versions of a model in a stage, newest first; stages are compared without letter case."""
    of_name = _of_name(workspace_id, AssetKind.MODELS, name)
    where = (*of_name, func.lower(assets.c.stage) == stage.lower(), ~assets.c.archived)
    query = select(*_VERSION_COLUMNS).select_from(_JOINED).where(*where).order_by(assets.c.id.desc())
    return records(connection, connection.execute(query).all())


def page(connection: Connection, workspace_id: int, kind: AssetKind, query: ListQuery) -> list[AssetRecord]:
    """Read one version more than `query.limit`: of one name, newest first; else the newest of each name, by name."""
    c = asset_containers.c
    where: list[ColumnElement[bool]] = [c.workspace_id == workspace_id, c.kind == kind.value]
    where += [_has_tag(key, value) for key, value in query.tags.items()]
    if query.name is not None:
        where += [c.name == query.name, _visible(query.archived)]
        where += [assets.c.id < int(query.token)] if query.token else []
        order: Any = assets.c.id.desc()
    else:
        where += [assets.c.id.in_(_newest_ids(query.archived))]
        where += [c.name > query.token] if query.token else []
        order = c.name
    statement = select(*_VERSION_COLUMNS).select_from(_JOINED).where(*where).order_by(order)
    return records(connection, connection.execute(statement.limit(query.limit + 1)).all())


def container_page(
    connection: Connection, workspace_id: int, kind: AssetKind, query: ListQuery
) -> list[ContainerRecord]:
    """Read one name more than `query.limit`, by name; one whose versions are all archived counts as archived."""
    c = asset_containers.c
    of_it = assets.c.container_id == c.id
    spent = exists().where(of_it) & ~exists().where(of_it, ~assets.c.archived)
    hidden = or_(c.archived, spent)
    where: list[ColumnElement[bool]] = [c.workspace_id == workspace_id, c.kind == kind.value]
    if query.archived is not Archived.ALL:
        where.append(hidden if query.archived is Archived.ARCHIVED else ~hidden)
    where += [c.name > query.token] if query.token else []
    statement = select(asset_containers).where(*where).order_by(c.name).limit(query.limit + 1)
    return container_records(connection, connection.execute(statement).all())


def versions_by_id(connection: Connection, ids: Select[Any]) -> list[AssetRecord]:
    """Read the versions whose row ids a query gives."""
    query = select(*_VERSION_COLUMNS).select_from(_JOINED).where(assets.c.id.in_(ids))
    return records(connection, connection.execute(query).all())


def records(connection: Connection, rows: Iterable[Row[Any]]) -> list[AssetRecord]:
    """Turn rows of versions into records, with their labels."""
    rows = list(rows)
    labels = labels_of(connection, {row.container_id for row in rows})
    return [_record(row, labels.get(row.container_id, {})) for row in rows]


def labels_of(connection: Connection, container_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Read label → version of some containers."""
    found: dict[int, dict[str, str]] = {}
    where = asset_labels.c.container_id.in_(list(container_ids))
    for row in connection.execute(select(asset_labels).where(where).order_by(asset_labels.c.label)):
        found.setdefault(row.container_id, {})[row.label] = row.version
    return found


def container_records(connection: Connection, rows: Iterable[Row[Any]]) -> list[ContainerRecord]:
    """Turn rows of containers into records, with labels, tags and newest version."""
    rows = list(rows)
    ids = [row.id for row in rows]
    labels, tags = labels_of(connection, ids), _container_tags(connection, ids)
    last = select(func.max(assets.c.id)).where(assets.c.container_id.in_(ids), ~assets.c.archived)
    query = select(assets.c.container_id, assets.c.version)
    query = query.where(assets.c.id.in_(last.group_by(assets.c.container_id)))
    newest_of = {row.container_id: row.version for row in connection.execute(query)}
    return [
        ContainerRecord(
            row.id, AssetKind(row.kind), row.name, row.description, tags.get(row.id, {}), row.archived,
            row.created_by, row.created_at, row.updated_at, labels.get(row.id, {}), newest_of.get(row.id),
            row.next_version,
        )
        for row in rows
    ]  # fmt: skip


def set_container_tag(connection: Connection, container_id: int, key: str, value: str | None) -> None:
    """Write a tag of a container; None removes it."""
    c = asset_container_tags.c
    connection.execute(delete(asset_container_tags).where(c.container_id == container_id, c.key == key))
    if value is not None:
        connection.execute(insert(asset_container_tags).values(container_id=container_id, key=key, value=value))


def set_label(connection: Connection, container_id: int, label: str, version_: str | None) -> None:
    """Point a label at a version; None removes it."""
    c = asset_labels.c
    connection.execute(delete(asset_labels).where(c.container_id == container_id, c.label == label))
    if version_ is not None:
        connection.execute(insert(asset_labels).values(container_id=container_id, label=label, version=version_))


def _container_tags(connection: Connection, container_ids: list[int]) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    query = select(asset_container_tags).where(asset_container_tags.c.container_id.in_(container_ids))
    for row in connection.execute(query.order_by(asset_container_tags.c.key)):
        found.setdefault(row.container_id, {})[row.key] = row.value
    return found


def _which(workspace_id: int, kind: AssetKind, name: str) -> dict[str, Any]:
    return {"workspace": workspace_id, "asset_kind": kind.value, "asset_name": name}


def _of_name(workspace_id: int, kind: AssetKind, name: str) -> tuple[ColumnElement[bool], ...]:
    c = asset_containers.c
    return (c.workspace_id == workspace_id, c.kind == kind.value, c.name == name)


def _visible(archived: Archived) -> ColumnElement[bool]:
    hidden = or_(assets.c.archived, asset_containers.c.archived)
    if archived is Archived.ALL:
        return assets.c.id > 0
    return hidden if archived is Archived.ARCHIVED else ~hidden


def _newest_ids(archived: Archived) -> Any:
    """Select the row to show for each name: its newest active version, else its newest."""
    active = select(func.max(assets.c.id)).where(~assets.c.archived).group_by(assets.c.container_id)
    if archived is Archived.ACTIVE:
        joined = assets.join(asset_containers, assets.c.container_id == asset_containers.c.id)
        return active.select_from(joined).where(~asset_containers.c.archived)
    other = assets.alias()
    no_active = ~exists().where(other.c.container_id == assets.c.container_id, ~other.c.archived)
    last = select(func.max(assets.c.id)).where(no_active).group_by(assets.c.container_id)
    if archived is Archived.ALL:
        return active.union_all(last)
    gone = select(asset_containers.c.id).where(asset_containers.c.archived)
    of_gone = select(func.max(assets.c.id)).where(assets.c.container_id.in_(gone)).group_by(assets.c.container_id)
    return last.union(of_gone)


def _has_tag(key: str, value: str | None) -> ColumnElement[bool]:
    where = [asset_tags.c.asset_id == assets.c.id, asset_tags.c.key == key]
    if value is not None:
        where.append(asset_tags.c.value == value)
    return exists().where(*where)


def _one(connection: Connection, query: Any, values: Mapping[str, Any]) -> AssetRecord | None:
    row = connection.execute(query, values).first()
    if row is None:
        return None
    labels = connection.execute(_LABELS, {"container": row.container_id})
    return _record(row, {found.label: found.version for found in labels})


def _record(row: Row[Any], labels: Mapping[str, str]) -> AssetRecord:
    document = {**row.document, "name": row.name, "version": row.version}
    return AssetRecord(
        row.id, AssetKind(row.kind), row.name, row.version, document, row.content_hash, row.source,
        row.job_name, row.stage,
        bool(row.archived or row.container_archived), row.created_by, row.created_at, row.updated_at,
        tuple(label for label, pointed in labels.items() if pointed == row.version),
    )  # fmt: skip
