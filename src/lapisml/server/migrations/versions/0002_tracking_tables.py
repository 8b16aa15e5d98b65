"""The tables of tracking."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

RowId = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _experiments()
    _datasets()
    _experiment_tags()
    _logged_models()
    _runs()
    _logged_model_metrics()
    _logged_model_params()
    _logged_model_tags()
    _metric_series()
    _run_datasets()
    _run_models()
    _run_params()
    _run_tags()
    _metric_points()


def _experiments() -> None:
    op.create_table(
        "experiments",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(length=500), nullable=False),
        Column("is_default", Boolean(), nullable=False),
        Column("artifact_location", Text()),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        Column("deleted_at", BigInteger()),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_experiments_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_experiments"),
        UniqueConstraint("workspace_id", "name", name="uq_experiments_workspace_id_name"),
    )


def _datasets() -> None:
    op.create_table(
        "datasets",
        Column("id", RowId, nullable=False),
        Column("experiment_id", RowId, nullable=False),
        Column("name", String(length=500), nullable=False),
        Column("digest", String(length=36), nullable=False),
        Column("source_type", String(length=36), nullable=False),
        Column("source", Text(), nullable=False),
        Column("schema", Text()),
        Column("profile", Text()),
        ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_datasets_experiment_id"),
        PrimaryKeyConstraint("id", name="pk_datasets"),
        UniqueConstraint("experiment_id", "name", "digest", name="uq_datasets_experiment_id_name_digest"),
    )


def _experiment_tags() -> None:
    op.create_table(
        "experiment_tags",
        Column("experiment_id", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_experiment_tags_experiment_id", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("experiment_id", "key", name="pk_experiment_tags"),
        sqlite_with_rowid=False,
    )


def _logged_models() -> None:
    op.create_table(
        "logged_models",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("experiment_id", RowId, nullable=False),
        Column("model_id", String(length=64), nullable=False),
        Column("name", Text(), nullable=False),
        Column("model_type", Text()),
        Column("source_run_id", String(length=255)),
        Column("status", String(length=32), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        Column("deleted_at", BigInteger()),
        Column("owner_job", String(length=255)),
        ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_logged_models_experiment_id"),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_logged_models_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_logged_models"),
        UniqueConstraint("workspace_id", "model_id", name="uq_logged_models_workspace_id_model_id"),
    )
    op.create_index("ix_logged_models_experiment", "logged_models", ["experiment_id", "created_at"])
    op.create_index("ix_logged_models_source_run", "logged_models", ["workspace_id", "source_run_id"])


def _runs() -> None:
    op.create_table(
        "runs",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("experiment_id", RowId, nullable=False),
        Column("run_id", String(length=255), nullable=False),
        Column("name", Text(), nullable=False),
        Column("user_id", String(length=256), nullable=False),
        Column("status", String(length=32), nullable=False),
        Column("start_time", BigInteger(), nullable=False),
        Column("end_time", BigInteger()),
        Column("deleted_at", BigInteger()),
        Column("artifact_uri", Text(), nullable=False),
        Column("owner_job", String(length=255)),
        ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_runs_experiment_id"),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_runs_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_runs"),
        UniqueConstraint("workspace_id", "run_id", name="uq_runs_workspace_id_run_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_runs_experiment_start", "runs", ["experiment_id", "start_time"])


def _logged_model_metrics() -> None:
    op.create_table(
        "logged_model_metrics",
        Column("id", RowId, nullable=False),
        Column("model", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("step", BigInteger(), nullable=False),
        Column("timestamp", BigInteger(), nullable=False),
        Column("value", Double(), nullable=False),
        Column("is_nan", SmallInteger(), nullable=False),
        Column("run_id", String(length=255), nullable=False),
        Column("dataset_name", String(length=500), nullable=False),
        Column("dataset_digest", String(length=36), nullable=False),
        ForeignKeyConstraint(["model"], ["logged_models.id"], name="fk_logged_model_metrics_model", ondelete="CASCADE"),
        PrimaryKeyConstraint("id", name="pk_logged_model_metrics"),
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


def _logged_model_params() -> None:
    op.create_table(
        "logged_model_params",
        Column("model", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["model"], ["logged_models.id"], name="fk_logged_model_params_model", ondelete="CASCADE"),
        PrimaryKeyConstraint("model", "key", name="pk_logged_model_params"),
        sqlite_with_rowid=False,
    )


def _logged_model_tags() -> None:
    op.create_table(
        "logged_model_tags",
        Column("model", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["model"], ["logged_models.id"], name="fk_logged_model_tags_model", ondelete="CASCADE"),
        PrimaryKeyConstraint("model", "key", name="pk_logged_model_tags"),
        sqlite_with_rowid=False,
    )


def _metric_series() -> None:
    op.create_table(
        "metric_series",
        Column("id", RowId, nullable=False),
        Column("run", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("step", BigInteger(), nullable=False),
        Column("timestamp", BigInteger(), nullable=False),
        Column("value", Double(), nullable=False),
        Column("is_nan", SmallInteger(), nullable=False),
        ForeignKeyConstraint(["run"], ["runs.id"], name="fk_metric_series_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("id", name="pk_metric_series"),
        UniqueConstraint("run", "key", name="uq_metric_series_run_key"),
        sqlite_autoincrement=True,
    )


def _run_datasets() -> None:
    op.create_table(
        "run_datasets",
        Column("run", RowId, nullable=False),
        Column("dataset", RowId, nullable=False),
        Column("tags", Text(), nullable=False),
        Column("context", Text()),
        ForeignKeyConstraint(["dataset"], ["datasets.id"], name="fk_run_datasets_dataset"),
        ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_datasets_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run", "dataset", name="pk_run_datasets"),
        sqlite_with_rowid=False,
    )


def _run_models() -> None:
    op.create_table(
        "run_models",
        Column("run", RowId, nullable=False),
        Column("model_id", String(length=64), nullable=False),
        Column("direction", String(length=8), nullable=False),
        Column("step", BigInteger(), autoincrement=False, nullable=False),
        ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_models_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run", "model_id", "direction", "step", name="pk_run_models"),
        sqlite_with_rowid=False,
    )


def _run_params() -> None:
    op.create_table(
        "run_params",
        Column("run", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_params_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run", "key", name="pk_run_params"),
        sqlite_with_rowid=False,
    )


def _run_tags() -> None:
    op.create_table(
        "run_tags",
        Column("run", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["run"], ["runs.id"], name="fk_run_tags_run", ondelete="CASCADE"),
        PrimaryKeyConstraint("run", "key", name="pk_run_tags"),
        sqlite_with_rowid=False,
    )


def _metric_points() -> None:
    op.create_table(
        "metric_points",
        Column("series", RowId, autoincrement=False, nullable=False),
        Column("timestamp", BigInteger(), autoincrement=False, nullable=False),
        Column("step", BigInteger(), autoincrement=False, nullable=False),
        Column("value", Double(), nullable=False),
        Column("is_nan", SmallInteger(), autoincrement=False, nullable=False),
        ForeignKeyConstraint(["series"], ["metric_series.id"], name="fk_metric_points_series", ondelete="CASCADE"),
        PrimaryKeyConstraint("series", "timestamp", "step", "value", "is_nan", name="pk_metric_points"),
        sqlite_with_rowid=False,
    )
