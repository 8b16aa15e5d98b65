"""Batch endpoints and their deployments."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Integer, PrimaryKeyConstraint, String, Text
from sqlalchemy import UniqueConstraint as Unique

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "batch_endpoints",
        Column("id", Integer(), nullable=False),
        Column("workspace_id", Integer(), nullable=False),
        Column("name", String(255), nullable=False),
        Column("document", Text(), nullable=False),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["workspace_id"], ["workspaces.id"], name="fk_batch_endpoints_workspace_id"),
        PrimaryKeyConstraint("id", name="pk_batch_endpoints"),
        Unique("workspace_id", "name", name="uq_batch_endpoints_workspace_id_name"),
    )
    op.create_table(
        "batch_deployments",
        Column("id", Integer(), nullable=False),
        Column("endpoint_id", Integer(), nullable=False),
        Column("name", String(255), nullable=False),
        Column("given", Text(), nullable=False),
        Column("document", Text(), nullable=False),
        Column("runs", Text(), nullable=False),
        Column("model", String(600)),
        Column("created_by", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        Column("updated_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["endpoint_id"], ["batch_endpoints.id"], name="fk_batch_deployments_endpoint_id"),
        PrimaryKeyConstraint("id", name="pk_batch_deployments"),
        Unique("endpoint_id", "name", name="uq_batch_deployments_endpoint_id_name"),
    )
    op.create_index("ix_batch_deployments_model", "batch_deployments", ["model"])
    op.create_table(
        "batch_invocations",
        Column("id", Integer(), nullable=False),
        Column("endpoint_id", Integer(), nullable=False),
        Column("deployment", String(255), nullable=False),
        Column("job_name", String(255), nullable=False),
        Column("created_at", BigInteger(), nullable=False),
        ForeignKeyConstraint(["endpoint_id"], ["batch_endpoints.id"], name="fk_batch_invocations_endpoint_id"),
        PrimaryKeyConstraint("id", name="pk_batch_invocations"),
        Unique("endpoint_id", "job_name", name="uq_batch_invocations_endpoint_id_job_name"),
    )
    op.create_index("ix_batch_invocations_deployment", "batch_invocations", ["endpoint_id", "deployment"])
