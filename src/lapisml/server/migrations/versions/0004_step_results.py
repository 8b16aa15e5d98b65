"""What finished steps gave, under the key of what went into them."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of steps that ran or were reused."""
    op.create_table(
        "step_results",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("job_name", String(length=255), nullable=False),
        Column("digest", String(length=64), nullable=False),
        Column("parts", Text(), nullable=False),
        Column("unknown", Text(), nullable=False),
        Column("state", String(length=16), nullable=False),
        Column("remark", Text()),
        Column("reused_from", String(length=255)),
        Column("outputs", Text()),
        Column("created_at", BigInteger(), nullable=False),
        Column("completed_at", BigInteger()),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_step_results_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_step_results"),
        UniqueConstraint("workspace_id", "job_name", name="uq_step_results_workspace_id_job_name"),
    )
    op.create_index("ix_step_results_digest", "step_results", ["workspace_id", "digest", "state"])
