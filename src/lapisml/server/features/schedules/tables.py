"""The tables of schedules and of what they fired."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from lapisml.server.platform.database import JsonText, Millis, metadata

schedules = Table(
    "schedules",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("name", String(255), nullable=False),
    Column("key", String(64), nullable=False),
    Column("document", JsonText, nullable=False),
    Column("job", JsonText, nullable=False),
    Column("is_enabled", Boolean, nullable=False),
    Column("anchor", Millis, nullable=False),
    Column("decided", Millis, nullable=False),
    Column("next_at", Millis),
    Column("created_by", String(255), nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    UniqueConstraint("workspace_id", "name"),
    Index("ix_schedules_next", "is_enabled", "next_at"),
)

schedule_firings = Table(
    "schedule_firings",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("schedule_id", Integer, ForeignKey("schedules.id"), nullable=False),
    Column("due", Millis, nullable=False),
    Column("by_hand", Boolean, nullable=False),
    Column("job_name", String(255), nullable=False),
    Column("document", JsonText),
    Column("state", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("recorded_at", Millis, nullable=False),
    Column("changed_at", Millis, nullable=False),
    UniqueConstraint("schedule_id", "job_name"),
    Index("ix_schedule_firings_state", "state"),
    Index("ix_schedule_firings_due", "schedule_id", "due"),
)
