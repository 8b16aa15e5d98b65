"""The tables of access tokens and of the sessions of browsers."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table

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

browser_sessions = Table(
    "browser_sessions",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("token_id", Integer, ForeignKey("tokens.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("expires_at", Millis, nullable=False),
    Index("ix_browser_sessions_token_id", "token_id"),
)
