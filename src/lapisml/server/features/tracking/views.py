"""Views of the table of runs that people keep: each person's own, in each workspace."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson
from sqlalchemy import delete, func, insert, select, update

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError, not_found
from lapisml.server.features.tracking.limits import check_text
from lapisml.server.features.tracking.tables import run_views
from lapisml.server.platform.database import Database

MOST_VIEWS = 200
_LONGEST_NAME = 100
_LONGEST_STATE = 20_000


class View(NamedTuple):
    """A kept view; `state` is what the page makes of it: filter, order, columns."""

    name: str
    state: dict[str, Any]


class RunViews:
    """Keeps views."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def all_of(self, workspace_id: int, owner: str) -> list[View]:
        """Return a person's views by name."""
        query = select(run_views.c.name, run_views.c.state).where(*_of(workspace_id, owner)).order_by(run_views.c.name)
        with self._database.read() as connection:
            return [View(row.name, row.state) for row in connection.execute(query)]

    def keep(self, workspace_id: int, owner: str, view: View) -> None:
        """Keep a view, in the place of one of this name.

        Raises:
            LapisError: Usage when the name or the state is too long, Conflict when there are too many.
        """
        name = check_text(view.name.strip(), "name")
        if not name or len(name) > _LONGEST_NAME:
            raise LapisError(ErrorCode.USAGE, f"A view's name has 1 to {_LONGEST_NAME} characters.")
        if len(orjson.dumps(view.state)) > _LONGEST_STATE:
            raise LapisError(ErrorCode.USAGE, f"A view takes at most {_LONGEST_STATE} bytes.")
        values = {"state": view.state, "updated_at": self._clock.now_ms()}
        with self._database.write() as connection:
            named = (*_of(workspace_id, owner), run_views.c.name == name)
            if connection.execute(update(run_views).where(*named).values(values)).rowcount:
                return
            count = select(func.count()).select_from(run_views).where(*_of(workspace_id, owner))
            if connection.execute(count).scalar_one() >= MOST_VIEWS:
                raise LapisError(ErrorCode.CONFLICT, f"You keep {MOST_VIEWS} views already.", "Delete one of them.")
            connection.execute(insert(run_views).values(workspace_id=workspace_id, owner=owner, name=name, **values))

    def remove(self, workspace_id: int, owner: str, name: str) -> None:
        """Forget a view.

        Raises:
            LapisError: NotFound.
        """
        with self._database.write() as connection:
            gone = connection.execute(delete(run_views).where(*_of(workspace_id, owner), run_views.c.name == name))
            if gone.rowcount == 0:
                raise not_found("view", name)


def _of(workspace_id: int, owner: str) -> tuple[Any, Any]:
    return run_views.c.workspace_id == workspace_id, run_views.c.owner == owner
