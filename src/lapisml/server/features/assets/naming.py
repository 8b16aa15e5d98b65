"""Names as a page lists them: what is known of each, found by a text and ordered, in one answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets import store
from lapisml.server.features.assets.records import Archived, AssetKind, AssetRecord, ContainerRecord
from lapisml.server.features.assets.tables import asset_container_tags, asset_containers, asset_tags, assets

_ORDERS: dict[str, ColumnElement[Any]] = {
    "name": asset_containers.c.name,
    "created_at": asset_containers.c.created_at,
    "updated_at": asset_containers.c.updated_at,
}


@dataclass(frozen=True)
class NameQuery:
    """Which names, and in which order.

    Attributes:
        text: what the name, the description or a tag holds, without regard to letter case; empty for all.
        order: ``name``, ``created_at``, ``updated_at``; a ``-`` in front turns it round.
        limit: at most this many.
        token: `NamePage.next` of the page before.
    """

    text: str = ""
    archived: Archived = Archived.ACTIVE
    order: str = "name"
    limit: int = 100
    token: str | None = None


@dataclass(frozen=True)
class NameRecord:
    """A name with what a list shows of it.

    Attributes:
        newest: the version made last, of those that are not archived where there are such; None without versions.
        versions: how many there are, archived ones too.
        stages: registry stage → the newest version in it (models).
    """

    container: ContainerRecord
    newest: AssetRecord | None
    versions: int
    stages: dict[str, str]


@dataclass(frozen=True)
class NamePage:
    """Part of a list, and the token of what follows."""

    value: list[NameRecord]
    next: str | None


def page(connection: Connection, workspace_id: int, kind: AssetKind, query: NameQuery) -> NamePage:
    """Find names.

    Raises:
        LapisError: Usage for an unknown order or a token of another list.
    """
    c = asset_containers.c
    column, is_descending = _order(query.order)
    where = [c.workspace_id == workspace_id, c.kind == kind.value, *_visible(query.archived), *_holding(query.text)]
    if query.token is not None:
        where.append(_after(column, is_descending, query.token))
    order = (column.desc(), c.id.desc()) if is_descending else (column, c.id)
    statement = select(asset_containers).where(*where).order_by(*order).limit(query.limit + 1)
    rows = connection.execute(statement).all()
    shown = rows[: query.limit]
    token = _token(shown[-1], column) if len(rows) > query.limit else None
    return NamePage(_described(connection, shown), token)


def one(connection: Connection, workspace_id: int, kind: AssetKind, name: str) -> NameRecord | None:
    """Read one name."""
    row = store.container(connection, workspace_id, kind, name)
    return _described(connection, [row])[0] if row is not None else None


def _order(text: str) -> tuple[ColumnElement[Any], bool]:
    column = _ORDERS.get(text.removeprefix("-"))
    if column is None:
        raise LapisError(ErrorCode.USAGE, f"'{text}' is not an order of names.", f"Known: {', '.join(_ORDERS)}.")
    return column, text.startswith("-")


def _token(row: Row[Any], column: ColumnElement[Any]) -> str:
    return f"{row.id} {getattr(row, str(column.key))}"


def _after(column: ColumnElement[Any], is_descending: bool, token: str) -> ColumnElement[bool]:
    number, _, text = token.partition(" ")
    is_name = column.key == "name"
    if not number.isdigit() or not (is_name or text.isdigit()):
        raise LapisError(ErrorCode.USAGE, "The page token is not one that this list gave.")
    value: Any = text if is_name else int(text)
    row = asset_containers.c.id
    if is_descending:
        return or_(column < value, and_(column == value, row < int(number)))
    return or_(column > value, and_(column == value, row > int(number)))


def _visible(archived: Archived) -> list[ColumnElement[bool]]:
    """Give the condition on names; one whose versions are all archived counts as archived."""
    if archived is Archived.ALL:
        return []
    of_it = assets.c.container_id == asset_containers.c.id
    spent = exists().where(of_it) & ~exists().where(of_it, ~assets.c.archived)
    hidden = or_(asset_containers.c.archived, spent)
    return [hidden if archived is Archived.ARCHIVED else ~hidden]


def _holding(text: str) -> list[ColumnElement[bool]]:
    """Give the condition that every word of a text is somewhere in a name, its description or its tags."""
    return [_holds(word) for word in text.lower().split()]


def _holds(word: str) -> ColumnElement[bool]:
    def has(column: ColumnElement[Any]) -> ColumnElement[bool]:
        return func.lower(column).contains(word, autoescape=True)

    c, own, of_version = asset_containers.c, asset_container_tags.c, asset_tags.c
    versions = assets.join(asset_tags, of_version.asset_id == assets.c.id)
    tagged = select(assets.c.id).select_from(versions).where(assets.c.container_id == c.id)
    return or_(
        has(c.name),
        has(c.description),
        exists().where(own.container_id == c.id, or_(has(own.key), has(own.value))),
        tagged.where(or_(has(of_version.key), has(of_version.value))).exists(),
    )


def _described(connection: Connection, rows: Sequence[Row[Any]]) -> list[NameRecord]:
    ids = [row.id for row in rows]
    containers = store.container_records(connection, rows)
    newest, counts, stages = _newest(connection, ids), _counts(connection, ids), _stages(connection, ids)
    return [
        NameRecord(container, newest.get(container.name), counts.get(container.id, 0), stages.get(container.id, {}))
        for container in containers
    ]


def _newest(connection: Connection, ids: Iterable[int]) -> dict[str, AssetRecord]:
    c = assets.c
    of_these = c.container_id.in_(list(ids))
    active = func.max(c.id).filter(~c.archived)
    last = select(func.coalesce(active, func.max(c.id))).where(of_these).group_by(c.container_id)
    return {record.name: record for record in store.versions_by_id(connection, last)}


def _counts(connection: Connection, ids: Iterable[int]) -> dict[int, int]:
    c = assets.c
    query = select(c.container_id, func.count()).where(c.container_id.in_(list(ids))).group_by(c.container_id)
    return {row[0]: row[1] for row in connection.execute(query)}


def _stages(connection: Connection, ids: Iterable[int]) -> dict[int, dict[str, str]]:
    c = assets.c
    staged = (c.container_id.in_(list(ids)), c.stage.is_not(None), ~c.archived)
    last = select(func.max(c.id)).where(*staged).group_by(c.container_id, c.stage)
    query = select(c.container_id, c.stage, c.version).where(c.id.in_(last)).order_by(c.stage)
    found: dict[int, dict[str, str]] = {}
    for container, stage, version in connection.execute(query):
        found.setdefault(container, {})[stage] = version
    return found
