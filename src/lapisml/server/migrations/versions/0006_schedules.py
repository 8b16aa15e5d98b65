"""Schedules and what they fired."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy import UniqueConstraint as Unique

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "schedules",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(255), nullable=False),
        Column("key", String(64), nullable=False),
        Column("document", Text(), nullable=False),
        Column("job", Text(), nullable=False),
        Column("is_enabled", Boolean(), nullable=False),
        Column("anchor", BigInteger(), nullable=False),
        Column("decided", BigInteger(), nullable=False),
        Column("next_at", BigInteger()),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_schedules_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_schedules"),
        Unique("workspace_id", "name", name="uq_schedules_workspace_id_name"),
    )
    op.create_index("ix_schedules_next", "schedules", ["is_enabled", "next_at"])
    op.create_table(
        "schedule_firings",
        Column("id", Integer(), nullable=False),
        Column("schedule_id", Integer(), nullable=False),
        Column("due", BigInteger(), nullable=False),
        Column("by_hand", Boolean(), nullable=False),
        Column("job_name", String(255), nullable=False),
        Column("document", Text()),
        Column("state", String(16), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("recorded_at", BigInteger(), nullable=False),
        Column("changed_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["schedule_id"], ["schedules.id"], name="fk_schedule_firings_schedule_id"),
        PrimaryKeyConstraint("id", name="pk_schedule_firings"),
        Unique("schedule_id", "job_name", name="uq_schedule_firings_schedule_id_job_name"),
    )
    op.create_index("ix_schedule_firings_state", "schedule_firings", ["state"])
    op.create_index("ix_schedule_firings_due", "schedule_firings", ["schedule_id", "due"])
