"""The tables of prompts and their versions."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from lapisml.server.platform.database import JsonText, Millis, metadata

RowId = BigInteger().with_variant(Integer(), "sqlite")

prompts = Table(
    "prompts",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("description", Text),
    Column("tags", JsonText, nullable=False),
    Column("aliases", JsonText, nullable=False),
    Column("last_version", Integer, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Unique("workspace_id", "name"),
)

prompt_versions = Table(
    "prompt_versions",
    metadata,
    Column("prompt", RowId, ForeignKey("prompts.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("run_id", String(255)),
    Column("description", Text),
    Column("tags", JsonText, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
)
