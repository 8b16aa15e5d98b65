"""The tables of batch endpoints, of their deployments, and of the jobs that invocations made."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

batch_endpoints = Table(
    "batch_endpoints",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "name"),
)

batch_deployments = Table(
    "batch_deployments",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("endpoint_id", Integer, ForeignKey("batch_endpoints.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("given", JsonText, nullable=False),
    Column("document", JsonText, nullable=False),
    Column("runs", JsonText, nullable=False),
    Column("model", String(600)),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("endpoint_id", "name"),
    Index("ix_batch_deployments_model", "model"),
)

batch_invocations = Table(
    "batch_invocations",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("endpoint_id", Integer, ForeignKey("batch_endpoints.id"), nullable=False),
    Column("deployment", String(255), nullable=False),
    Column("job_name", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    UniqueConstraint("endpoint_id", "job_name"),
    Index("ix_batch_invocations_deployment", "endpoint_id", "deployment"),
)
