"""Tables of assets, of the labels that point at them, and of what jobs put out."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

asset_containers = Table(
    "asset_containers",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("kind", String(32), nullable=False),  # data | models | environments | components
    Column("name", String(255), nullable=False),
    Column("description", Text, nullable=True),
    Column("next_version", Integer, nullable=False),  # the number that a create without a version takes
    Column("archived", Boolean, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "kind", "name"),
)

assets = Table(
    "assets",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("container_id", Integer, ForeignKey("asset_containers.id"), nullable=False),
    Column("version", String(255), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("content_hash", String(64), nullable=False),  # of what may never change in a version
    Column("source", Text, nullable=True),  # the URI that the content was taken from
    Column("job_name", String(255), nullable=True),  # the job or run that made it
    Column("stage", String(64), nullable=True),  # of a model
    Column("archived", Boolean, nullable=False),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("container_id", "version"),
    Index("ix_assets_job_name", "job_name"),
)

asset_labels = Table(
    "asset_labels",
    metadata,
    Column("container_id", Integer, ForeignKey("asset_containers.id"), primary_key=True),
    Column("label", String(255), primary_key=True),  # for models also the registry's alias
    Column("version", String(255), nullable=False),
)

asset_tags = Table(
    "asset_tags",
    metadata,
    Column("asset_id", Integer, ForeignKey("assets.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
    Index("ix_asset_tags_key", "key"),
)

asset_container_tags = Table(
    "asset_container_tags",
    metadata,
    Column("container_id", Integer, ForeignKey("asset_containers.id"), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("value", Text, nullable=False),
)

job_outputs = Table(
    "job_outputs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("job_name", String(255), nullable=False),
    Column("name", String(255), nullable=False),
    Column("type", String(32), nullable=False),
    Column("uri", Text, nullable=False),
    UniqueConstraint("workspace_id", "job_name", "name"),
)
