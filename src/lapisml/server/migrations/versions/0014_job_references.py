"""What jobs use, in words that can be looked up."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from alembic import op
from sqlalchemy import (
    Column,
    Connection,
    ForeignKeyConstraint,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    column,
    select,
    table,
)

from lapisml.server.features.jobs.references import references_of

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_AT_ONCE = 1_000


def upgrade() -> None:
    """Make the table, and fill it for the jobs that are there."""
    made = op.create_table(
        "job_references",
        Column("job_seq", Integer(), nullable=False),
        Column("word", Text(), nullable=False),
        ForeignKeyConstraint(["job_seq"], ["jobs.seq"], name="fk_job_references_job_seq"),
        PrimaryKeyConstraint("job_seq", "word", name="pk_job_references"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_job_references_word", "job_references", ["word", "job_seq"])
    _fill(op.get_bind(), made)


def _fill(connection: Connection, made: Table) -> None:
    for rows in _documents(connection):
        words = [{"job_seq": seq, "word": word} for seq, text in rows for word in sorted(references_of(text))]
        if words:
            connection.execute(made.insert(), words)


def _documents(connection: Connection) -> Iterator[list[tuple[int, dict[str, object]]]]:
    """Give row number and document of all jobs, some at a time."""
    jobs, last = table("jobs", column("seq", Integer()), column("document", Text())), 0
    while True:
        query = select(jobs.c.seq, jobs.c.document).where(jobs.c.seq > last).order_by(jobs.c.seq).limit(_AT_ONCE)
        rows = [(int(seq), orjson.loads(text)) for seq, text in connection.execute(query)]
        if not rows:
            return
        yield rows
        last = rows[-1][0]
