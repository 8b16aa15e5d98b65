"""What all servers over one database agree on, and which they are."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, PrimaryKeyConstraint, String, Text

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "installation",
        Column("name", String(64), nullable=False),
        Column("value", Text(), nullable=False),
        PrimaryKeyConstraint("name", name="pk_installation"),
    )
    op.create_table(
        "servers",
        Column("owner", String(255), nullable=False),
        Column("site", String(64), nullable=False),
        Column("url", String(1024), nullable=False),
        Column("version", String(64), nullable=False),
        Column("seen_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("owner", name="pk_servers"),
    )
