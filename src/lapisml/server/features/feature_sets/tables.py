"""The table of what feature stores hold."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

feature_documents = Table(
    "feature_documents",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("name", String(255), nullable=False),
    Column("version", String(255), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "kind", "name", "version"),
)
