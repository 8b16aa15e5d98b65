"""The trials of sweeps."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, Double, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of trials."""
    op.create_table(
        "sweep_trials",
        Column("sweep", Integer(), autoincrement=False, nullable=False),
        Column("number", Integer(), autoincrement=False, nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("parameters", Text(), nullable=False),
        Column("coordinates", Text(), nullable=False),
        Column("stop_code", String(length=64)),
        Column("stop_reason", Text()),
        Column("phase", String(length=16), nullable=False),
        Column("score", Double()),
        Column("reason", Text(), nullable=False),
        ForeignKeyConstraint(["sweep"], ["jobs.seq"], name="fk_sweep_trials_sweep"),
        PrimaryKeyConstraint("sweep", "number", name="pk_sweep_trials"),
    )
