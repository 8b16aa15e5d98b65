"""What can be done with scorers: named, versioned texts of an experiment that clients understand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Select, delete, func, insert, select

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking.evaluation.records import ScorerVersion
from lapisml.server.features.tracking.evaluation.tables import scorer_versions, scorers
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import check_text, invalid
from lapisml.server.features.tracking.records import Caller
from lapisml.server.features.tracking.store import experiments as experiment_store
from lapisml.server.features.tracking.store.experiments import public_id
from lapisml.server.features.tracking.tables import experiments
from lapisml.server.platform.database import Database

MAX_NAME_LENGTH = 256
_GATEWAY_MODEL = "gateway:/"


class Scorers:
    """Scorers of workspaces. A job may register and read them, but not delete them."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def register(self, caller: Caller, experiment_id: str, name: str, serialized: str) -> ScorerVersion:
        """Keep the next version of a scorer.

        Raises:
            LapisError: Usage, NotFound; NotSupported for a judge behind MLflow's own gateway.
        """
        if not name.strip() or len(check_text(name, "name")) > MAX_NAME_LENGTH:
            raise invalid(f"Scorer name cannot be empty, and has at most {MAX_NAME_LENGTH} characters.")
        _check(serialized)

        def write(connection: Connection) -> int:
            now = self._clock.now_ms()
            place = experiment_store.place(connection, caller.workspace_id, experiment_id, now)[0]
            row = _row(connection, place, name)
            if row is None:
                values = {"workspace_id": caller.workspace_id, "experiment_id": place, "name": name}
                made = insert(scorers).values(**values, scorer_id=str(uuid4())).returning(scorers.c.id)
                row = int(connection.execute(made).scalar_one())
            last = connection.execute(
                select(func.max(scorer_versions.c.version)).where(scorer_versions.c.scorer == row)
            ).scalar_one()
            version = (last or 0) + 1
            connection.execute(
                insert(scorer_versions).values(scorer=row, version=version, serialized=serialized, created_at=now)
            )
            return version

        return self.get(caller, experiment_id, name, self._commit.run(write))

    def latest(self, caller: Caller, experiment_ids: Sequence[str]) -> list[ScorerVersion]:
        """Return the last version of each scorer of experiments, by name.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            places = [experiment_store.require_row_id(connection, caller.workspace_id, one) for one in experiment_ids]
            found = _load(connection, _versions().where(scorers.c.experiment_id.in_(places)))
        last = {(one.experiment_id, one.name): one for one in found}
        return [last[key] for key in sorted(last)]

    def versions(self, caller: Caller, experiment_id: str, name: str) -> list[ScorerVersion]:
        """Return every version of a scorer.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            place = experiment_store.require_row_id(connection, caller.workspace_id, experiment_id)
            wanted = (scorers.c.experiment_id == place, scorers.c.name == name)
            found = _load(connection, _versions().where(*wanted))
        if not found:
            raise _missing(experiment_id, name, None)
        return found

    def get(self, caller: Caller, experiment_id: str, name: str, version: int | None) -> ScorerVersion:
        """Return a version of a scorer, the last one for None.

        Raises:
            LapisError: NotFound.
        """
        found = self.versions(caller, experiment_id, name)
        wanted = [one for one in found if version in (None, one.version)]
        if not wanted:
            raise _missing(experiment_id, name, version)
        return wanted[-1]

    def delete(self, caller: Caller, experiment_id: str, name: str, version: int | None) -> None:
        """Delete a version of a scorer, or the scorer with all of them.

        Raises:
            LapisError: NotFound; Forbidden for a job.
        """
        if caller.job is not None:
            raise LapisError(ErrorCode.FORBIDDEN, "A job may register scorers, but not delete them.")
        self.get(caller, experiment_id, name, version)

        def write(connection: Connection) -> None:
            place = experiment_store.require_row_id(connection, caller.workspace_id, experiment_id)
            row = _row(connection, place, name)
            columns = scorer_versions.c
            if version is not None:
                connection.execute(delete(scorer_versions).where(columns.scorer == row, columns.version == version))
            left = select(func.count()).select_from(scorer_versions).where(columns.scorer == row)
            if version is None or not connection.execute(left).scalar_one():
                connection.execute(delete(scorers).where(scorers.c.id == row))

        self._commit.run(write)


def _row(connection: Connection, experiment: int, name: str) -> int | None:
    query = select(scorers.c.id).where(scorers.c.experiment_id == experiment, scorers.c.name == name)
    return connection.execute(query.with_for_update()).scalar_one_or_none()


def _versions() -> Select[Any]:
    columns = (scorers.c.name, scorers.c.scorer_id, experiments.c.id.label("experiment"), experiments.c.is_default)
    query = select(scorer_versions, *columns).join(scorers, scorers.c.id == scorer_versions.c.scorer)
    return query.join(experiments, experiments.c.id == scorers.c.experiment_id)


def _load(connection: Connection, query: Select[Any]) -> list[ScorerVersion]:
    return [
        ScorerVersion(
            public_id(row.experiment, row.is_default), row.name, row.scorer_id, row.version, row.serialized,
            row.created_at,
        )
        for row in connection.execute(query.order_by(scorers.c.name, scorer_versions.c.version))
    ]  # fmt: skip


def _check(serialized: str) -> None:
    try:
        found = orjson.loads(serialized)
    except orjson.JSONDecodeError:
        raise invalid("'serialized_scorer' is not valid JSON.") from None
    if not isinstance(found, dict):
        raise invalid("'serialized_scorer' must be a JSON object.")
    judge = found.get("instructions_judge_pydantic_data") or found.get("builtin_scorer_pydantic_data") or {}
    if isinstance(judge, dict) and str(judge.get("model") or "").startswith(_GATEWAY_MODEL):
        raise LapisError(
            ErrorCode.NOT_SUPPORTED, "MLflow's gateway is not part of this server: name the judge's model directly."
        )


def _missing(experiment_id: str, name: str, version: int | None) -> LapisError:
    which = f" and version {version}" if version is not None else ""
    return LapisError(
        ErrorCode.NOT_FOUND, f"Scorer with name '{name[:80]}'{which} not found for experiment {experiment_id}."
    )
