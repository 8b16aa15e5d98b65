"""Feature sets and entities of feature stores."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy import UniqueConstraint as Unique

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "feature_documents",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("kind", String(32), nullable=False),
        Column("name", String(255), nullable=False),
        Column("version", String(255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("archived", Boolean(), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_feature_documents_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_feature_documents"),
        Unique("workspace_id", "kind", "name", "version", name="uq_feature_documents_workspace_id_kind_name_version"),
    )
