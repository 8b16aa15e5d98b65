"""The table of computes."""

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

computes = Table(
    "computes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("secrets", Text, nullable=True),  # encrypted JSON; the document never holds them
    Column("state", String(32), nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "name"),
)
