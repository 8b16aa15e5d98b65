"""Connections to other systems."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy import UniqueConstraint as Unique

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "connections",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(255), nullable=False),
        Column("type", String(64), nullable=False),
        Column("document", Text(), nullable=False),
        Column("credentials", Text()),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_connections_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_connections"),
        Unique("workspace_id", "name", name="uq_connections_workspace_id_name"),
    )
