"""The first tables: platform, workspaces, assets, computes, jobs."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, those first that others refer to."""
    _disk_reserve()
    _idempotency_keys()
    _leases()
    _tokens()
    _workspaces()
    _asset_containers()
    _computes()
    _datastores()
    _job_outputs()
    _jobs()
    _asset_container_tags()
    _asset_labels()
    _assets()
    _job_events()
    _asset_tags()


def _disk_reserve() -> None:
    op.create_table(
        "disk_reserve",
        Column("id", Integer(), autoincrement=False, nullable=False),
        Column("filler", LargeBinary(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_disk_reserve"),
    )


def _idempotency_keys() -> None:
    op.create_table(
        "idempotency_keys",
        Column("principal", String(length=300), nullable=False),
        Column("key", String(length=255), nullable=False),
        Column("request_digest", String(length=64), nullable=False),
        Column("server", String(length=255), nullable=False),
        Column("applied", Boolean(), nullable=False),
        Column("status", Integer()),
        Column("content_type", String(length=255)),
        Column("body", LargeBinary()),
        Column("created_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("principal", "key", name="pk_idempotency_keys"),
    )


def _leases() -> None:
    op.create_table(
        "leases",
        Column("resource", String(length=255), nullable=False),
        Column("owner", String(length=255), nullable=False),
        Column("token", BigInteger(), nullable=False),
        Column("expires_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("resource", name="pk_leases"),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        Column("id", Integer(), nullable=False),
        Column("digest", String(length=64), nullable=False),
        Column("kind", String(length=16), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("label", String(length=255), nullable=False),
        Column("workspace", String(length=255)),
        Column("job", String(length=255)),
        Column("created_at", BigInteger(), nullable=False),
        Column("expires_at", BigInteger()),
        Column("revoked_at", BigInteger()),
        PrimaryKeyConstraint("id", name="pk_tokens"),
        UniqueConstraint("digest", name="uq_tokens_digest"),
    )
    op.create_index("ix_tokens_job", "tokens", ["job"])


def _workspaces() -> None:
    op.create_table(
        "workspaces",
        Column("id", Integer(), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_by", String(length=255), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        PrimaryKeyConstraint("id", name="pk_workspaces"),
        UniqueConstraint("name", name="uq_workspaces_name"),
        sqlite_autoincrement=True,
    )


def _asset_containers() -> None:
    op.create_table(
        "asset_containers",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("kind", String(length=32), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("description", Text()),
        Column("next_version", Integer(), nullable=False),
        Column("archived", Boolean(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_asset_containers_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_asset_containers"),
        UniqueConstraint("workspace_id", "kind", "name", name="uq_asset_containers_workspace_id_kind_name"),
    )


def _computes() -> None:
    op.create_table(
        "computes",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("state", String(length=32), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_computes_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_computes"),
        UniqueConstraint("workspace_id", "name", name="uq_computes_workspace_id_name"),
    )


def _datastores() -> None:
    op.create_table(
        "datastores",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("credentials", Text()),
        Column("is_default", Boolean(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_datastores_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_datastores"),
        UniqueConstraint("workspace_id", "name", name="uq_datastores_workspace_id_name"),
    )


def _job_outputs() -> None:
    op.create_table(
        "job_outputs",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("job_name", String(length=255), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("type", String(length=32), nullable=False),
        Column("uri", Text(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_job_outputs_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_job_outputs"),
        UniqueConstraint("workspace_id", "job_name", "name", name="uq_job_outputs_workspace_id_job_name_name"),
    )


def _jobs() -> None:
    op.create_table(
        "jobs",
        Column("seq", Integer(), nullable=False),
        Column("name", String(length=255), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("document", Text(), nullable=False),
        Column("submitted_digest", String(length=64), nullable=False),
        Column("experiment_name", String(length=255), nullable=False),
        Column("display_name", String(length=255), nullable=False),
        Column("parent_name", String(length=255)),
        Column("properties", Text(), nullable=False),
        Column("warnings", Text(), nullable=False),
        Column("status", String(length=32), nullable=False),
        Column("status_code", String(length=64), nullable=False),
        Column("status_reason", Text(), nullable=False),
        Column("compute", String(length=255), nullable=False),
        Column("wanted_nodes", Integer(), nullable=False),
        Column("nodes", Text(), nullable=False),
        Column("priority", Integer(), nullable=False),
        Column("submit_key", String(length=64), nullable=False),
        Column("site", String(length=64)),
        Column("handed_over", Boolean(), nullable=False),
        Column("cancel_requested_at", BigInteger()),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("changed_at", BigInteger(), nullable=False),
        Column("allotted_at", BigInteger()),
        Column("started_at", BigInteger()),
        Column("ended_at", BigInteger()),
        Column("exit_code", Integer()),
        Column("archived", Boolean(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_jobs_workspace_id"),
        PrimaryKeyConstraint("seq", name="pk_jobs"),
        UniqueConstraint("workspace_id", "name", name="uq_jobs_workspace_id_name"),
    )
    op.create_index("ix_jobs_line", "jobs", ["workspace_id", "compute", "status"])
    op.create_index("ix_jobs_parent", "jobs", ["parent_name"])
    op.create_index("ix_jobs_status", "jobs", ["status"])
    op.create_index("ix_jobs_workspace_seq", "jobs", ["workspace_id", "seq"])


def _asset_container_tags() -> None:
    op.create_table(
        "asset_container_tags",
        Column("container_id", Integer(), nullable=False),
        Column("key", String(length=255), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["container_id"], ["asset_containers.id"], name="fk_asset_container_tags_container_id"),
        PrimaryKeyConstraint("container_id", "key", name="pk_asset_container_tags"),
    )


def _asset_labels() -> None:
    op.create_table(
        "asset_labels",
        Column("container_id", Integer(), nullable=False),
        Column("label", String(length=255), nullable=False),
        Column("version", String(length=255), nullable=False),
        ForeignKeyConstraint(["container_id"], ["asset_containers.id"], name="fk_asset_labels_container_id"),
        PrimaryKeyConstraint("container_id", "label", name="pk_asset_labels"),
    )


def _assets() -> None:
    op.create_table(
        "assets",
        Column("id", Integer(), nullable=False),
        Column("container_id", Integer(), nullable=False),
        Column("version", String(length=255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("content_hash", String(length=64), nullable=False),
        Column("source", Text()),
        Column("job_name", String(length=255)),
        Column("stage", String(length=64)),
        Column("archived", Boolean(), nullable=False),
        Column("created_by", String(length=255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["container_id"], ["asset_containers.id"], name="fk_assets_container_id"),
        PrimaryKeyConstraint("id", name="pk_assets"),
        UniqueConstraint("container_id", "version", name="uq_assets_container_id_version"),
    )
    op.create_index("ix_assets_job_name", "assets", ["job_name"])


def _job_events() -> None:
    op.create_table(
        "job_events",
        Column("seq", Integer(), nullable=False),
        Column("job_seq", Integer(), nullable=False),
        Column("at", BigInteger(), nullable=False),
        Column("before", String(length=32), nullable=False),
        Column("after", String(length=32), nullable=False),
        Column("code", String(length=64), nullable=False),
        Column("reason", Text(), nullable=False),
        ForeignKeyConstraint(["job_seq"], ["jobs.seq"], name="fk_job_events_job_seq"),
        PrimaryKeyConstraint("seq", name="pk_job_events"),
    )
    op.create_index("ix_job_events_job", "job_events", ["job_seq", "seq"])


def _asset_tags() -> None:
    op.create_table(
        "asset_tags",
        Column("asset_id", Integer(), nullable=False),
        Column("key", String(length=255), nullable=False),
        Column("value", Text(), nullable=False),
        ForeignKeyConstraint(["asset_id"], ["assets.id"], name="fk_asset_tags_asset_id"),
        PrimaryKeyConstraint("asset_id", "key", name="pk_asset_tags"),
    )
    op.create_index("ix_asset_tags_key", "asset_tags", ["key"])
