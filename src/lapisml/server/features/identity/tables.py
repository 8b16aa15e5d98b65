"""The table of access tokens."""

from sqlalchemy import Column, Index, Integer, String, Table

from lapisml.server.platform.database import Millis, metadata

tokens = Table(
    "tokens",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("kind", String(16), nullable=False),
    Column("name", String(255), nullable=False),
    Column("label", String(255), nullable=False),
    Column("workspace", String(255)),
    Column("job", String(255)),
    Column("created_at", Millis, nullable=False),
    Column("expires_at", Millis),
    Column("revoked_at", Millis),
    Index("ix_tokens_job", "job"),
)
