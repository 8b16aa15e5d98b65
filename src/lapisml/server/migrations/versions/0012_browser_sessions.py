"""Sessions of browsers."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String
from sqlalchemy import UniqueConstraint as Unique

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "browser_sessions",
        Column("id", Integer(), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("token_id", Integer(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("expires_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["token_id"], ["tokens.id"], name="fk_browser_sessions_token_id", ondelete="CASCADE"),
        PrimaryKeyConstraint("id", name="pk_browser_sessions"),
        Unique("digest", name="uq_browser_sessions_digest"),
    )
    op.create_index("ix_browser_sessions_token_id", "browser_sessions", ["token_id"])
