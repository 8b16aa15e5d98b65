"""What a table of runs asks about the jobs behind them: in queries of its own, and for the rows that it shows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Select, select, text

from lapisml.server.features.jobs.tables import jobs


class JobFacts:
    """Implements `lapisml.server.features.tracking.run_query.JobNames`. A job and its run have one name."""

    def all(self, workspace_id: int) -> Select[tuple[str]]:
        """Select the names of a workspace's jobs."""
        return select(jobs.c.name).where(jobs.c.workspace_id == workspace_id)

    def archived(self, workspace_id: int) -> Select[tuple[str]]:
        """Select the names of the jobs that were archived."""
        return self.all(workspace_id).where(text("jobs.archived"))  # as the index says it

    def of_types(self, workspace_id: int, types: Sequence[str]) -> Select[tuple[str]]:
        """Select the names of the jobs of some types."""
        return self.all(workspace_id).where(jobs.c.type.in_(types))

    def types(self, connection: Connection, workspace_id: int, names: Sequence[str]) -> dict[str, tuple[str, bool]]:
        """Give the type of each job among `names`, and whether it was archived."""
        query = select(jobs.c.name, jobs.c.type, jobs.c.archived)
        query = query.where(jobs.c.workspace_id == workspace_id, jobs.c.name.in_(names))
        return {row.name: (row.type, row.archived) for row in connection.execute(query)}
