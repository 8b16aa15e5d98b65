"""Online endpoints, their deployments and revisions."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Boolean, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy import UniqueConstraint as Unique

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    _endpoints()
    _deployments()
    _revisions()


def _endpoints() -> None:
    op.create_table(
        "online_endpoints",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("site", String(64), nullable=False),
        Column("name", String(255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("traffic", Text(), nullable=False),
        Column("mirror", Text(), nullable=False),
        Column("secrets", Text(), nullable=False),
        Column("wanted", Integer(), nullable=False),
        Column("applied", Integer(), nullable=False),
        Column("deleting", Boolean(), nullable=False),
        Column("error", Text()),
        Column("url", Text(), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_online_endpoints_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_online_endpoints"),
        Unique("workspace_id", "name", name="uq_online_endpoints_workspace_id_name"),
    )
    op.create_index("ix_online_endpoints_site", "online_endpoints", ["site"])


def _deployments() -> None:
    op.create_table(
        "online_deployments",
        Column("id", Integer(), nullable=False),
        Column("endpoint_id", Integer(), nullable=False),
        Column("name", String(255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("warnings", Text(), nullable=False),
        Column("revision", String(12), nullable=False),
        Column("serving", String(12)),
        Column("wanted", Integer(), nullable=False),
        Column("applied", Integer(), nullable=False),
        Column("deleting", Boolean(), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["endpoint_id"], ["online_endpoints.id"], name="fk_online_deployments_endpoint_id"),
        PrimaryKeyConstraint("id", name="pk_online_deployments"),
        Unique("endpoint_id", "name", name="uq_online_deployments_endpoint_id_name"),
    )


def _revisions() -> None:
    op.create_table(
        "online_revisions",
        Column("id", String(12), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("deployment_id", Integer()),
        Column("site", String(64), nullable=False),
        Column("endpoint", String(255), nullable=False),
        Column("deployment", String(255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("digest", String(64), nullable=False),
        Column("model", String(520)),
        Column("model_job", String(255)),
        Column("environment", String(520)),
        Column("scale", Text(), nullable=False),
        Column("state", String(16), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("log_tail", Text(), nullable=False),
        Column("waits_for", Text(), nullable=False),
        Column("attempt", Integer(), nullable=False),
        Column("tries", Integer(), nullable=False),
        Column("submit_key", String(64), nullable=False),
        Column("handed_over", Boolean(), nullable=False),
        Column("next_at", BigInteger(), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("started_at", BigInteger()),
        Column("ready_at", BigInteger()),
        Column("retired_at", BigInteger()),
        Column("ended_at", BigInteger()),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_online_revisions_workspace_id"),
        ForeignKeyConstraint(["deployment_id"], ["online_deployments.id"], name="fk_online_revisions_deployment_id"),
        PrimaryKeyConstraint("id", name="pk_online_revisions"),
    )
    op.create_index("ix_online_revisions_site", "online_revisions", ["site", "ended_at"])
    op.create_index("ix_online_revisions_deployment", "online_revisions", ["deployment_id"])
