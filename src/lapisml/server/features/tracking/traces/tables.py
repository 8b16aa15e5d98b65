"""The tables of traces, their spans and their assessments."""

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, String, Table, Text
from sqlalchemy import UniqueConstraint as Unique

from lapisml.server.platform.database import JsonText, Millis, metadata

RowId = BigInteger().with_variant(Integer(), "sqlite")

traces = Table(
    "traces",
    metadata,
    Column("id", RowId, primary_key=True, autoincrement=True),
    Column("workspace_id", Integer, ForeignKey("workspaces.id"), nullable=False),
    Column("experiment_id", RowId, ForeignKey("experiments.id"), nullable=False),
    Column("trace_id", String(128), nullable=False),
    Column("timestamp_ms", Millis, nullable=False),
    Column("execution_time_ms", BigInteger),
    Column("state", String(32), nullable=False),
    Column("client_request_id", Text),
    Column("request_preview", Text),
    Column("response_preview", Text),
    Column("finalized", Boolean, nullable=False),
    Column("owner_job", String(255)),
    Unique("workspace_id", "trace_id"),
    Index("ix_traces_experiment_time", "experiment_id", "timestamp_ms"),
)

trace_tags = Table(
    "trace_tags",
    metadata,
    Column("trace", RowId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

trace_metadata = Table(
    "trace_metadata",
    metadata,
    Column("trace", RowId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    Column("key", String(250), primary_key=True),
    Column("value", Text, nullable=False),
    sqlite_with_rowid=False,
)

trace_links = Table(
    "trace_links",
    metadata,
    Column("trace", RowId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("target", String(600), primary_key=True),
    Index("ix_trace_links_target", "kind", "target"),
    sqlite_with_rowid=False,
)

trace_spans = Table(
    "trace_spans",
    metadata,
    Column("trace", RowId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    Column("span_id", String(32), primary_key=True),
    Column("parent_id", String(32)),
    Column("name", Text, nullable=False),
    Column("type", String(250), nullable=False),
    Column("status", String(16), nullable=False),
    Column("start_ns", BigInteger, nullable=False),
    Column("end_ns", BigInteger),
    Column("attributes", JsonText, nullable=False),
    Column("rest", JsonText, nullable=False),
)

trace_assessments = Table(
    "trace_assessments",
    metadata,
    Column("trace", RowId, ForeignKey("traces.id", ondelete="CASCADE"), primary_key=True),
    Column("assessment_id", String(64), primary_key=True),
    Column("name", String(500), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", Text),
    Column("number", Double),
    Column("valid", Boolean, nullable=False),
    Column("created_at", Millis, nullable=False),
    Column("updated_at", Millis, nullable=False),
    Column("body", JsonText, nullable=False),
)
