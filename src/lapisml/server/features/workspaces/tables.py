"""The table of workspaces."""

from sqlalchemy import Column, Integer, String, Table

from lapisml.server.platform.database import JsonText, Millis, metadata

workspaces = Table(
    "workspaces",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(255), nullable=False, unique=True),
    Column("document", JsonText, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_by", String(255), nullable=False),
    Column("updated_at", Millis, nullable=False),
    sqlite_autoincrement=True,
)
