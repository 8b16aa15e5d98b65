"""The table of steps that ran or were reused: what went into each, and what it gave."""

from sqlalchemy import Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

step_results = Table(
    "step_results",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("job_name", String(255), nullable=False),
    Column("digest", String(64), nullable=False),  # of the key
    Column("parts", JsonText, nullable=False),  # list of [part, value]: the order is for people
    Column("unknown", JsonText, nullable=False),  # part → why its content can't be known
    Column("state", String(16), nullable=False),  # started | reusable | reused | lost | unusable
    Column("remark", Text),  # why it is lost or unusable
    Column("reused_from", String(255)),  # the job whose outputs were taken
    Column("outputs", JsonText),  # name, type, address and content of each output, once it is complete
    Column("created_at", Millis, nullable=False),
    Column("completed_at", Millis),
    UniqueConstraint("workspace_id", "job_name"),
    Index("ix_step_results_digest", "workspace_id", "digest", "state"),
)
