"""The tables of jobs and of what happened to them."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from lapisml.server.platform.database import JsonText, Millis, metadata

_ARCHIVED = text("archived")
"""Few jobs are archived, and every list asks which."""

jobs = Table(
    "jobs",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("name", String(255), nullable=False),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("submitted_digest", String(64), nullable=False),
    Column("experiment_name", String(255), nullable=False),
    Column("display_name", String(255), nullable=False),
    Column("parent_name", String(255)),
    Column("type", String(32), nullable=False),
    Column("step", String(255)),
    Column("properties", JsonText, nullable=False),
    Column("warnings", JsonText, nullable=False),
    Column("status", String(32), nullable=False),
    Column("status_code", String(64), nullable=False),
    Column("status_reason", Text, nullable=False),
    Column("compute", String(255), nullable=False),
    Column("wanted_nodes", Integer, nullable=False),
    Column("nodes", JsonText, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("submit_key", String(64), nullable=False),
    Column("site", String(64)),
    Column("engine", String(255)),
    Column("handed_over", Boolean, nullable=False),
    Column("cancel_requested_at", Millis),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("changed_at", Millis, nullable=False),
    Column("allotted_at", Millis),
    Column("started_at", Millis),
    Column("ended_at", Millis),
    Column("exit_code", Integer),
    Column("archived", Boolean, nullable=False),
    UniqueConstraint("workspace_id", "name"),
    Index("ix_jobs_workspace_seq", "workspace_id", "seq"),
    Index("ix_jobs_line", "workspace_id", "compute", "status"),
    Index("ix_jobs_status", "status"),
    Index("ix_jobs_engine", "workspace_id", "engine", "status"),
    Index("ix_jobs_parent", "parent_name"),
    Index("ix_jobs_type", "workspace_id", "type", "name"),
    Index("ix_jobs_archived", "workspace_id", "name", sqlite_where=_ARCHIVED, postgresql_where=_ARCHIVED),
)

job_events = Table(
    "job_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("job_seq", Integer, ForeignKey("jobs.seq"), nullable=False),
    Column("at", Millis, nullable=False),
    Column("before", String(32), nullable=False),
    Column("after", String(32), nullable=False),
    Column("code", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Index("ix_job_events_job", "job_seq", "seq"),
)

job_references = Table(
    "job_references",
    metadata,
    Column("job_seq", Integer, ForeignKey("jobs.seq"), primary_key=True, autoincrement=False),
    Column("word", Text, primary_key=True),
    Index("ix_job_references_word", "word", "job_seq"),
    sqlite_with_rowid=False,
)
