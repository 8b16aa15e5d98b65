"""Search of assets by name, description, label and tag, for the search over everything."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, case, or_, select

from lapisml.server.features.assets.tables import (
    asset_container_tags,
    asset_containers,
    asset_labels,
    asset_tags,
    assets,
)
from lapisml.server.platform.database import Database
from lapisml.server.platform.finding import Fit, Found, beginning, fit_of, tag_words, within

_C = asset_containers.c


class AssetFinder:
    """Searches the assets of a workspace."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, workspace_id: int, words: str, limit: int) -> list[Found]:
        """Find assets of all kinds, at most `limit` in each of the ways of finding them."""
        here = (_C.workspace_id == workspace_id, ~_C.archived)
        with self._database.read() as connection:
            found = _by_name(connection, here, words, limit)
            found += _by_label(connection, here, words, limit)
            return found + _by_tag(connection, here, words, limit)

    def newest(self, workspace_id: int, kind: str, limit: int) -> list[tuple[str, str, int, str]]:
        """Give the versions of a kind made last: name, version, when (milliseconds since the epoch), by whom."""
        query = (
            select(_C.name, assets.c.version, assets.c.created_at, assets.c.created_by)
            .select_from(assets.join(asset_containers, _C.id == assets.c.container_id))
            .where(_C.workspace_id == workspace_id, _C.kind == kind, ~_C.archived, ~assets.c.archived)
            .order_by(assets.c.id.desc())
            .limit(limit)
        )
        with self._database.read() as connection:
            return [(row[0], row[1], row[2], row[3]) for row in connection.execute(query)]


def _by_name(connection: Connection, here: tuple[Any, ...], words: str, limit: int) -> list[Found]:
    name, first = _like(connection, _C.name, within(words)), _like(connection, _C.name, beginning(words))
    order = case((_C.name == words, 0), (first, 1), else_=2)
    query = select(_C.kind, _C.name, _C.updated_at).where(*here, name)
    rows = connection.execute(query.order_by(order, _C.updated_at.desc()).limit(limit))
    return [Found(kind, name, fit_of(words, name) or Fit.WITHIN, "name", name, at) for kind, name, at in rows]


def _by_label(connection: Connection, here: tuple[Any, ...], words: str, limit: int) -> list[Found]:
    labels = asset_labels.c
    query = (
        select(_C.kind, _C.name, labels.version, labels.label, _C.updated_at)
        .join(asset_labels, labels.container_id == _C.id)
        .where(*here, _like(connection, labels.label, within(words)))
        .order_by(_C.updated_at.desc())
        .limit(limit)
    )
    return [
        Found(kind, name, Fit.TAG, "label", f"@{label}", at, version=version)
        for kind, name, version, label, at in connection.execute(query)
    ]


def _by_tag(connection: Connection, here: tuple[Any, ...], words: str, limit: int) -> list[Found]:
    of_version = (
        select(_C.kind, _C.name, assets.c.version, asset_tags.c.key, asset_tags.c.value, assets.c.updated_at)
        .select_from(asset_tags.join(assets, assets.c.id == asset_tags.c.asset_id))
        .join(asset_containers, _C.id == assets.c.container_id)
        .where(*here, ~assets.c.archived, _tag_condition(connection, asset_tags.c, words))
        .order_by(assets.c.id.desc())
    )
    of_name = (
        select(_C.kind, _C.name, asset_container_tags.c.key, asset_container_tags.c.value, _C.updated_at)
        .join(asset_container_tags, asset_container_tags.c.container_id == _C.id)
        .where(*here, _tag_condition(connection, asset_container_tags.c, words))
        .order_by(_C.updated_at.desc())
    )
    found = [
        Found(kind, name, Fit.TAG, "tag", _tag(key, value), at, version=version)
        for kind, name, version, key, value, at in connection.execute(of_version.limit(limit))
    ]
    return found + [
        Found(kind, name, Fit.TAG, "tag", _tag(key, value), at)
        for kind, name, key, value, at in connection.execute(of_name.limit(limit))
    ]


def _tag_condition(connection: Connection, columns: Any, words: str) -> ColumnElement[bool]:
    conditions = [_like(connection, column, within(words)) for column in (columns.key, columns.value)]
    pair = tag_words(words)
    if pair is not None:
        same = _like(connection, columns.key, beginning(pair[0])[:-1])
        conditions.append(same & _like(connection, columns.value, within(pair[1])))
    return or_(*conditions)


def _like(connection: Connection, column: ColumnElement[Any], pattern: str) -> ColumnElement[bool]:
    if connection.dialect.name == "sqlite":
        return column.like(pattern, escape="!")
    return column.ilike(pattern, escape="!")


def _tag(key: str, value: str) -> str:
    return f"{key}: {value}" if value else key
