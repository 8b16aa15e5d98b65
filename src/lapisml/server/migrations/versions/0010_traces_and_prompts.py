"""Traces, evaluation data sets, scorers, prompts and webhooks."""

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
    String,
    Text,
    UniqueConstraint,
)

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

RowId = BigInteger().with_variant(Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _evaluation_datasets()
    _prompts()
    _webhooks()
    _evaluation_dataset_experiments()
    _evaluation_dataset_tags()
    _evaluation_records()
    _prompt_versions()
    _scorers()
    _traces()
    _scorer_versions()
    _trace_assessments()
    _trace_links()
    _trace_metadata()
    _trace_spans()
    _trace_tags()


def _evaluation_datasets() -> None:
    op.create_table(
        "evaluation_datasets",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("dataset_id", String(length=64), nullable=False),
        Column("name", String(length=500), nullable=False),
        Column("schema", Text()),
        Column("digest", String(length=36), nullable=False),
        Column("created_by", String(length=255)),
        Column("updated_by", String(length=255)),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_evaluation_datasets_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_evaluation_datasets"),
        UniqueConstraint("workspace_id", "dataset_id", name="uq_evaluation_datasets_workspace_id_dataset_id"),
    )


def _prompts() -> None:
    op.create_table(
        "prompts",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("description", Text()),
        Column("tags", Text(), nullable=False),
        Column("aliases", Text(), nullable=False),
        Column("last_version", Integer(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_prompts_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_prompts"),
        UniqueConstraint("workspace_id", "name", name="uq_prompts_workspace_id_name"),
    )


def _webhooks() -> None:
    op.create_table(
        "webhooks",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("webhook_id", String(length=64), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("url", Text(), nullable=False),
        Column("events", Text(), nullable=False),
        Column("description", Text()),
        Column("secret", Text()),
        Column("status", String(length=16), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_webhooks_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_webhooks"),
        UniqueConstraint("workspace_id", "webhook_id", name="uq_webhooks_workspace_id_webhook_id"),
    )


def _evaluation_dataset_experiments() -> None:
    op.create_table(
        "evaluation_dataset_experiments",
        Column("dataset", RowId, nullable=False),
        Column("experiment_id", RowId, nullable=False),
        ForeignKeyConstraint(
            ["dataset"],
            ["evaluation_datasets.id"],
            name="fk_evaluation_dataset_experiments_dataset",
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["experiment_id"], ["experiments.id"], name="fk_evaluation_dataset_experiments_experiment_id"
        ),
        PrimaryKeyConstraint("dataset", "experiment_id", name="pk_evaluation_dataset_experiments"),
        sqlite_with_rowid=False,
    )


def _evaluation_dataset_tags() -> None:
    op.create_table(
        "evaluation_dataset_tags",
        Column("dataset", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(
            ["dataset"], ["evaluation_datasets.id"], name="fk_evaluation_dataset_tags_dataset", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("dataset", "key", name="pk_evaluation_dataset_tags"),
        sqlite_with_rowid=False,
    )


def _evaluation_records() -> None:
    op.create_table(
        "evaluation_records",
        Column("id", RowId, nullable=False),
        Column("dataset", RowId, nullable=False),
        Column("record_id", String(length=64), nullable=False),
        Column("inputs_digest", String(length=64), nullable=False),
        Column("body", Text(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(
            ["dataset"], ["evaluation_datasets.id"], name="fk_evaluation_records_dataset", ondelete="CASCADE"
        ),
        PrimaryKeyConstraint("id", name="pk_evaluation_records"),
        UniqueConstraint("dataset", "inputs_digest", name="uq_evaluation_records_dataset_inputs_digest"),
        UniqueConstraint("dataset", "record_id", name="uq_evaluation_records_dataset_record_id"),
        sqlite_autoincrement=True,
    )


def _prompt_versions() -> None:
    op.create_table(
        "prompt_versions",
        Column("prompt", RowId, nullable=False),
        Column("version", Integer(), autoincrement=False, nullable=False),
        Column("source", Text(), nullable=False),
        Column("run_id", String(length=255)),
        Column("description", Text()),
        Column("tags", Text(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["prompt"], ["prompts.id"], name="fk_prompt_versions_prompt", ondelete="CASCADE"),
        PrimaryKeyConstraint("prompt", "version", name="pk_prompt_versions"),
    )


def _scorers() -> None:
    op.create_table(
        "scorers",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("experiment_id", RowId, nullable=False),
        Column("name", String(length=256), nullable=False),
        Column("scorer_id", String(length=64), nullable=False),
        ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_scorers_experiment_id"),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_scorers_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_scorers"),
        UniqueConstraint("experiment_id", "name", name="uq_scorers_experiment_id_name"),
    )
    op.create_index("ix_scorers_workspace_id", "scorers", ["workspace_id"])


def _traces() -> None:
    op.create_table(
        "traces",
        Column("id", RowId, nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("experiment_id", RowId, nullable=False),
        Column("trace_id", String(length=128), nullable=False),
        Column("timestamp_ms", BigInteger(), nullable=False),
        Column("execution_time_ms", BigInteger()),
        Column("state", String(length=32), nullable=False),
        Column("client_request_id", Text()),
        Column("request_preview", Text()),
        Column("response_preview", Text()),
        Column("finalized", Boolean(), nullable=False),
        Column("owner_job", String(length=255)),
        ForeignKeyConstraint(["experiment_id"], ["experiments.id"], name="fk_traces_experiment_id"),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_traces_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_traces"),
        UniqueConstraint("workspace_id", "trace_id", name="uq_traces_workspace_id_trace_id"),
    )
    op.create_index("ix_traces_experiment_time", "traces", ["experiment_id", "timestamp_ms"])


def _scorer_versions() -> None:
    op.create_table(
        "scorer_versions",
        Column("scorer", RowId, nullable=False),
        Column("version", Integer(), autoincrement=False, nullable=False),
        Column("serialized", Text(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["scorer"], ["scorers.id"], name="fk_scorer_versions_scorer", ondelete="CASCADE"),
        PrimaryKeyConstraint("scorer", "version", name="pk_scorer_versions"),
    )


def _trace_assessments() -> None:
    op.create_table(
        "trace_assessments",
        Column("trace", RowId, nullable=False),
        Column("assessment_id", String(length=64), nullable=False),
        Column("name", String(length=500), nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("value", Text()),
        Column("number", Double()),
        Column("valid", Boolean(), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        Column("body", Text(), nullable=False),
        ForeignKeyConstraint(["trace"], ["traces.id"], name="fk_trace_assessments_trace", ondelete="CASCADE"),
        PrimaryKeyConstraint("trace", "assessment_id", name="pk_trace_assessments"),
    )


def _trace_links() -> None:
    op.create_table(
        "trace_links",
        Column("trace", RowId, nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("target", String(length=600), nullable=False),
        ForeignKeyConstraint(["trace"], ["traces.id"], name="fk_trace_links_trace", ondelete="CASCADE"),
        PrimaryKeyConstraint("trace", "kind", "target", name="pk_trace_links"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_trace_links_target", "trace_links", ["kind", "target"])


def _trace_metadata() -> None:
    op.create_table(
        "trace_metadata",
        Column("trace", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["trace"], ["traces.id"], name="fk_trace_metadata_trace", ondelete="CASCADE"),
        PrimaryKeyConstraint("trace", "key", name="pk_trace_metadata"),
        sqlite_with_rowid=False,
    )


def _trace_spans() -> None:
    op.create_table(
        "trace_spans",
        Column("trace", RowId, nullable=False),
        Column("span_id", String(length=32), nullable=False),
        Column("parent_id", String(length=32)),
        Column("name", Text(), nullable=False),
        Column("type", String(length=250), nullable=False),
        Column("status", String(length=16), nullable=False),
        Column("start_ns", BigInteger(), nullable=False),
        Column("end_ns", BigInteger()),
        Column("attributes", Text(), nullable=False),
        Column("rest", Text(), nullable=False),
        ForeignKeyConstraint(["trace"], ["traces.id"], name="fk_trace_spans_trace", ondelete="CASCADE"),
        PrimaryKeyConstraint("trace", "span_id", name="pk_trace_spans"),
    )


def _trace_tags() -> None:
    op.create_table(
        "trace_tags",
        Column("trace", RowId, nullable=False),
        Column("key", String(length=250), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["trace"], ["traces.id"], name="fk_trace_tags_trace", ondelete="CASCADE"),
        PrimaryKeyConstraint("trace", "key", name="pk_trace_tags"),
        sqlite_with_rowid=False,
    )
