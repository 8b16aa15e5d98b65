"""Tickets of a server that runs, and the jobs that they are for."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from lapisml.core.clock import Clock, SystemClock
from lapisml.ports.attach import Hold
from lapisml.ports.compute import Handle
from lapisml.server.features.node.tickets import Tickets
from lapisml.server.platform.vault import Vault
from tests.support.server import LapisServer

_ELSEWHERE = "a server of another site"


def of(server: LapisServer, clock: Clock | None = None) -> Tickets:
    """Make tickets with the key of a server."""
    return Tickets(Vault.open(server.home / "secret.key"), clock or SystemClock(), lambda _job: Hold.HEARD)


def let_run(server: LapisServer, job: Handle, status: str = "Running") -> None:
    """Write into the database that a job is in a state; the server itself leaves it alone, as one of another site."""
    with closing(sqlite3.connect(server.home / "lapis.db", timeout=30)) as database, database:
        (workspace,) = database.execute("SELECT id FROM workspaces WHERE name = ?", (job.workspace,)).fetchone()
        known = database.execute("SELECT 1 FROM jobs WHERE name = ? AND workspace_id = ?", (job.job, workspace))
        if known.fetchone():
            database.execute("UPDATE jobs SET status = ? WHERE name = ?", (status, job.job))
            return
        row = {
            **dict.fromkeys(("status_code", "status_reason", "compute", "created_by", "display_name"), ""),
            **dict.fromkeys(("properties", "document"), "{}"),
            **dict.fromkeys(("warnings", "nodes"), "[]"),
            **dict.fromkeys(("created_at", "changed_at", "archived", "priority"), 0),
            "name": job.job,
            "workspace_id": workspace,
            "submit_key": job.submit_key,
            "status": status,
            "site": _ELSEWHERE,
            "type": "command",
            "wanted_nodes": 1,
            "handed_over": 1,
            "submitted_digest": "",
            "experiment_name": "Default",
        }
        marks = ", ".join("?" * len(row))
        database.execute(f"INSERT INTO jobs ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
