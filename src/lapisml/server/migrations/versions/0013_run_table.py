"""What the table of runs needs: views that people keep, and indexes for its usual orders and filters."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text, text
from sqlalchemy import UniqueConstraint as Unique

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table and the indexes."""
    op.create_table(
        "run_views",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("owner", String(255), nullable=False),
        Column("name", String(100), nullable=False),
        Column("state", Text(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_run_views_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_run_views"),
        Unique("workspace_id", "owner", "name", name="uq_run_views_workspace_id_owner_name"),
    )
    op.create_index("ix_runs_workspace_start", "runs", ["workspace_id", "start_time"])
    op.create_index("ix_jobs_type", "jobs", ["workspace_id", "type", "name"])
    archived = text("archived")
    op.create_index(
        "ix_jobs_archived", "jobs", ["workspace_id", "name"], sqlite_where=archived, postgresql_where=archived
    )
