"""Jobs of several types, and their steps."""

from __future__ import annotations

from alembic import op
from sqlalchemy import Column, String

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Say of every job what type it is, and of a child which step it is; until now all were commands."""
    op.add_column("jobs", Column("type", String(32), nullable=False, server_default="command"))
    op.add_column("jobs", Column("step", String(255)))
