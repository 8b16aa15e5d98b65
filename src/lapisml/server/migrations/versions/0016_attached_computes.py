"""Computes of others: their secrets, and which of them runs a job."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String, Text

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what is there already runs on the server's machine."""
    op.add_column("computes", Column("secrets", Text(), nullable=True))
    op.add_column("jobs", Column("engine", String(255), nullable=True))
    op.create_index("ix_jobs_engine", "jobs", ["workspace_id", "engine", "status"])
