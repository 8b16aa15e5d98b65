"""The tables of evaluation data sets and scorers."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from lapisml.server.platform.database import JsonText, Millis, metadata

RowId = BigInteger().with_variant(Integer(), "sqlite")

evaluation_datasets = Table(
    "evaluation_datasets",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("dataset_id", String(64), nullable=False),
    Column("name", String(500), nullable=False),
    Column("schema", JsonText),
    Column("digest", String(36), nullable=False),
    Column("created_by", String(255)),
    Column("updated_by", String(255)),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Unique("workspace_id", "dataset_id"),
)

evaluation_dataset_tags = Table(
    "evaluation_dataset_tags",
    metadata,
    Column("dataset", RowId, ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

evaluation_dataset_experiments = Table(
    "evaluation_dataset_experiments",
    metadata,
    Column("dataset", RowId, ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), primary_key=True),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), primary_key=True),
    sqlite_with_rowid=False,
)

evaluation_records = Table(
    "evaluation_records",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("dataset", RowId, ForeignKey("evaluation_datasets.id", ondelete="CASCADE"), nullable=False),
    Column("record_id", String(64), nullable=False),
    Column("inputs_digest", String(64), nullable=False),
    Column("body", JsonText, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Unique("dataset", "inputs_digest"),
    Unique("dataset", "record_id"),
    sqlite_autoincrement=True,
)

scorers = Table(
    "scorers",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), nullable=False),
    Column("name", String(256), nullable=False),
    Column("scorer_id", String(64), nullable=False),
    Unique("experiment_id", "name"),
    Index("ix_scorers_workspace_id", "workspace_id"),
)

scorer_versions = Table(
    "scorer_versions",
    metadata,
    Column("scorer", RowId, ForeignKey("scorers.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("serialized", Text, nullable=False),
    Column("created_at", Millis, nullable=False),
)
