"""Rows of webhooks."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from lapisml.server.features.webhooks.records import Webhook
from lapisml.server.features.webhooks.tables import webhooks


def add(connection: Connection, workspace_id: int, values: dict[str, Any]) -> None:
    """Insert a webhook."""
    connection.execute(insert(webhooks).values(workspace_id=workspace_id, **values))


def get(connection: Connection, workspace_id: int, webhook_id: str) -> Webhook | None:
    """Return a webhook, None when there is none of this id."""
    query = select(webhooks).where(webhooks.c.workspace_id == workspace_id, webhooks.c.webhook_id == webhook_id)
    row = connection.execute(query).first()
    return None if row is None else _webhook(row)


def change(connection: Connection, workspace_id: int, webhook_id: str, values: dict[str, Any]) -> None:
    """Change fields of a webhook, named as the columns are."""
    which = (webhooks.c.workspace_id == workspace_id, webhooks.c.webhook_id == webhook_id)
    connection.execute(update(webhooks).where(*which).values(**values))


def remove(connection: Connection, workspace_id: int, webhook_id: str) -> bool:
    """Delete a webhook; says whether it was there."""
    which = (webhooks.c.workspace_id == workspace_id, webhooks.c.webhook_id == webhook_id)
    return connection.execute(delete(webhooks).where(*which)).rowcount > 0


def page(connection: Connection, workspace_id: int, limit: int, offset: int = 0) -> list[Webhook]:
    """Return webhooks of a workspace, the first made first."""
    query = select(webhooks).where(webhooks.c.workspace_id == workspace_id).order_by(webhooks.c.id)
    return [_webhook(row) for row in connection.execute(query.limit(limit).offset(offset))]


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook(
        row.webhook_id, row.name, row.url, tuple(row.events), row.description, row.secret, row.status,
        row.created_at, row.updated_at,
    )  # fmt: skip
