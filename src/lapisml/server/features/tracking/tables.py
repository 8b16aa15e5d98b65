"""The tables of experiments, runs and what runs log.

A metric is a row of `metric_series` (one per run and key; it carries the latest point, which is what
searches look at) and its points in `metric_points`, whose primary key is the point itself: a point sent
twice is stored once. `docs/tracking.md` says why the tables look like this.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from lapisml.server.platform.database import JsonText, Millis, metadata

RowId = BigInteger().with_variant(Integer(), "sqlite")

experiments = Table(
    "experiments",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(500), nullable=False),
    Column("is_default", Boolean, nullable=False, default=False),
    Column("artifact_location", Text),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Column("deleted_at", Millis),
    UniqueConstraint("workspace_id", "name"),
)

experiment_tags = Table(
    "experiment_tags",
    metadata,
    Column("experiment_id", RowId, ForeignKey("experiments.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

runs = Table(
    "runs",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), nullable=False),
    Column("run_id", String(255), nullable=False),
    Column("name", Text, nullable=False),
    Column("user_id", String(256), nullable=False),
    Column("status", String(32), nullable=False),
    Column("start_time", Millis, nullable=False),
    Column("end_time", Millis),
    Column("deleted_at", Millis),
    Column("artifact_uri", Text, nullable=False),
    Column("owner_job", String(255)),
    UniqueConstraint("workspace_id", "run_id"),
    Index("ix_runs_experiment_start", "experiment_id", "start_time"),
    Index("ix_runs_workspace_start", "workspace_id", "start_time"),
    sqlite_autoincrement=True,  # row ids are remembered by the writer: none is used twice
)

run_params = Table(
    "run_params",
    metadata,
    Column("run", RowId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

run_tags = Table(
    "run_tags",
    metadata,
    Column("run", RowId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

metric_series = Table(
    "metric_series",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("run", RowId, ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(250), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("timestamp", Millis, nullable=False),
    Column("value", Double, nullable=False),
    Column("is_nan", SmallInteger, nullable=False),
    UniqueConstraint("run", "key"),
    sqlite_autoincrement=True,
)

metric_points = Table(
    "metric_points",
    metadata,
    Column(
        "series",
        RowId,
        ForeignKey("metric_series.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("timestamp", Millis, primary_key=True, autoincrement=False),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    Column("value", Double, primary_key=True),
    Column("is_nan", SmallInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

datasets = Table(
    "datasets",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), nullable=False),
    Column("name", String(500), nullable=False),
    Column("digest", String(36), nullable=False),
    Column("source_type", String(36), nullable=False),
    Column("source", Text, nullable=False),
    Column("schema", Text),
    Column("profile", Text),
    UniqueConstraint("experiment_id", "name", "digest"),
)

run_datasets = Table(
    "run_datasets",
    metadata,
    Column("run", RowId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("dataset", RowId, ForeignKey("datasets.id"), primary_key=True),
    Column("tags", JsonText, nullable=False),
    Column("context", Text),
    sqlite_with_rowid=False,
)

logged_models = Table(
    "logged_models",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), nullable=False),
    Column("model_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("model_type", Text),
    Column("source_run_id", String(255)),
    Column("status", String(32), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Column("deleted_at", Millis),
    Column("owner_job", String(255)),
    UniqueConstraint("workspace_id", "model_id"),
    Index("ix_logged_models_experiment", "experiment_id", "created_at"),
    Index("ix_logged_models_source_run", "workspace_id", "source_run_id"),
)

logged_model_params = Table(
    "logged_model_params",
    metadata,
    Column("model", RowId, ForeignKey("logged_models.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

logged_model_tags = Table(
    "logged_model_tags",
    metadata,
    Column("model", RowId, ForeignKey("logged_models.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

logged_model_metrics = Table(
    "logged_model_metrics",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("model", RowId, ForeignKey("logged_models.id", ondelete="CASCADE"), nullable=False),
    Column("key", String(250), nullable=False),
    Column("step", BigInteger, nullable=False),
    Column("timestamp", Millis, nullable=False),
    Column("value", Double, nullable=False),
    Column("is_nan", SmallInteger, nullable=False),
    Column("run_id", String(255), nullable=False),
    Column("dataset_name", String(500), nullable=False, default=""),
    Column("dataset_digest", String(36), nullable=False, default=""),
    UniqueConstraint(
        "model",
        "key",
        "step",
        "timestamp",
        "value",
        "is_nan",
        "run_id",
        "dataset_name",
        "dataset_digest",
        name="uq_logged_model_metrics_point",
    ),
)

run_models = Table(
    "run_models",
    metadata,
    Column("run", RowId, ForeignKey("runs.id", ondelete="CASCADE"), primary_key=True),
    Column("model_id", String(64), primary_key=True),
    Column("direction", String(8), primary_key=True),
    Column("step", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

run_views = Table(
    "run_views",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("owner", String(255), nullable=False),
    Column("name", String(100), nullable=False),
    Column("state", JsonText, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "owner", "name"),
)
