"""Shares of revisions whose replicas run on the machines of an attached compute."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "online_shares",
        Column("revision_id", String(12), nullable=False),
        Column("node", Integer(), nullable=False),
        Column("name", Text(), nullable=False),
        Column("scale", Text(), nullable=False),
        Column("attempt", Integer(), nullable=False),
        Column("tries", Integer(), nullable=False),
        Column("handed_over", Boolean(), nullable=False),
        Column("next_at", BigInteger(), nullable=False),
        Column("sentence", Text(), nullable=False),
        Column("leaving", Boolean(), nullable=False),
        Column("away_since", BigInteger()),
        Column("started_at", BigInteger()),
        Column("retired_at", BigInteger()),
        ForeignKeyConstraint(
            ["revision_id"], ["online_revisions.id"], name="fk_online_shares_revision_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("revision_id", "node", name="pk_online_shares"),
    )
