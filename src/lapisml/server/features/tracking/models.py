"""What can be done with logged models: models that runs logged, before or without being registered."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import new_job_name
from lapisml.server.features.tracking import grammars, limits
from lapisml.server.features.tracking.filters import Clause, Order, parse_order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.tracking.records import Caller, DatasetFilter, LoggedModel, ModelStatus, Page
from lapisml.server.features.tracking.store import experiments
from lapisml.server.features.tracking.store import logged_models as store
from lapisml.server.features.tracking.store import runs as run_store
from lapisml.server.platform.database import Database

_FORBIDDEN_IN_NAMES = frozenset("/:.%\"'")


class LoggedModels:
    """Logged models of workspaces. A job sees and changes the models that it or its run made."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def create(
        self,
        caller: Caller,
        experiment_id: str,
        name: str = "",
        model_type: str | None = None,
        source_run_id: str | None = None,
        params: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> LoggedModel:
        """Make a logged model whose files are still to come (status Pending).

        Raises:
            LapisError: NotFound when the experiment or the source run is not there, Forbidden when the run is
                another job's, Usage.
        """
        name = _check_name(name) if name else new_job_name()
        params_checked = dict(limits.check_pairs(list((params or {}).items()), limits.MAX_PARAM_LENGTH))
        tags_checked = dict(limits.check_pairs(list((tags or {}).items()), limits.MAX_TAG_LENGTH))
        now, model_id = self._clock.now_ms(), f"m-{uuid.uuid4().hex}"

        def write(connection: Connection) -> LoggedModel:
            if experiment_id == "0":
                experiments.ensure_default(connection, caller.workspace_id, now)
            experiment = experiments.require_row_id(connection, caller.workspace_id, experiment_id)
            experiments.require_active(connection, experiment)
            if source_run_id:
                run = run_store.require(connection, caller.workspace_id, source_run_id)
                _check_owner(caller, source_run_id, run.owner_job)
            row = store.add(
                connection,
                workspace_id=caller.workspace_id, experiment_id=experiment, model_id=model_id, name=name,
                model_type=model_type or None, source_run_id=source_run_id or None, status=ModelStatus.PENDING,
                created_at=now, updated_at=now, owner_job=caller.job,
            )  # fmt: skip
            model = store.by_rows(connection, [row])[0]
            store.add_params(connection, model, params_checked)
            store.set_tags(connection, row, tags_checked)
            return store.by_rows(connection, [row])[0]

        return self._commit.run(write)

    def get(self, caller: Caller, model_id: str, allow_deleted: bool = False) -> LoggedModel:
        """Return a logged model. Every member of the workspace may read it, for models are there to be used.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            return store.require(connection, caller.workspace_id, model_id, allow_deleted)

    def finalize(self, caller: Caller, model_id: str, status: ModelStatus) -> LoggedModel:
        """Say that the files of a model are there, or will not come.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        now = self._clock.now_ms()

        def write(connection: Connection) -> LoggedModel:
            model = self._changeable(connection, caller, model_id)
            store.change(connection, model.row, status=status, updated_at=now)
            return store.require(connection, caller.workspace_id, model_id)

        return self._commit.run(write)

    def delete(self, caller: Caller, model_id: str) -> None:
        """Mark a logged model deleted.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        now = self._clock.now_ms()

        def write(connection: Connection) -> None:
            model = self._changeable(connection, caller, model_id)
            store.change(connection, model.row, deleted_at=now, updated_at=now)

        self._commit.run(write)

    def set_tags(self, caller: Caller, model_id: str, tags: Mapping[str, str]) -> LoggedModel:
        """Write tags over those that are there.

        Raises:
            LapisError: NotFound, Forbidden, Usage.
        """
        checked = dict(limits.check_pairs(list(tags.items()), limits.MAX_TAG_LENGTH))
        now = self._clock.now_ms()

        def write(connection: Connection) -> LoggedModel:
            model = self._changeable(connection, caller, model_id)
            store.set_tags(connection, model.row, checked)
            store.change(connection, model.row, updated_at=now)
            return store.require(connection, caller.workspace_id, model_id)

        return self._commit.run(write)

    def delete_tag(self, caller: Caller, model_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            LapisError: NotFound when the model or the tag is not there, Forbidden.
        """

        def write(connection: Connection) -> None:
            model = self._changeable(connection, caller, model_id)
            if not store.delete_tag(connection, model.row, key):
                raise LapisError(ErrorCode.NOT_FOUND, f"No tag with key {key[:250]!r} found for model {model_id}.")

        self._commit.run(write)

    def add_params(self, caller: Caller, model_id: str, params: Mapping[str, str]) -> None:
        """Write parameters; each is written once.

        Raises:
            LapisError: NotFound, Forbidden, Usage when one would change.
        """
        checked = dict(limits.check_pairs(list(params.items()), limits.MAX_PARAM_LENGTH))

        def write(connection: Connection) -> None:
            store.add_params(connection, self._changeable(connection, caller, model_id), checked)

        self._commit.run(write)

    def search(
        self,
        caller: Caller,
        experiment_ids: Sequence[str],
        clauses: Sequence[Clause] = (),
        datasets: Sequence[DatasetFilter] = (),
        order_by: Sequence[tuple[str, bool, DatasetFilter | None]] = (),
        limit: int = 50,
        token: str | None = None,
    ) -> Page[LoggedModel]:
        """Return a page of the logged models of experiments.

        Args:
            order_by: (field, ascending, only values measured on this dataset).

        Raises:
            LapisError: Usage.
        """
        orders = [(_order(field, ascending), dataset) for field, ascending, dataset in order_by]
        query = (list(experiment_ids), [list(c) for c in clauses], list(datasets), list(order_by))
        offset = read_offset(token, *query)
        with self._database.read() as connection:
            rows = [experiments.row_id(connection, caller.workspace_id, one) for one in experiment_ids]
            known = [row for row in rows if row is not None]
            found = store.search(connection, caller, known, clauses, datasets, orders, limit + 1, offset)
        following = offset_token(offset + limit, *query) if len(found) > limit else None
        return Page(found[:limit], following)

    def of_run(self, caller: Caller, run_id: str) -> list[LoggedModel]:
        """Return the logged models of a run, deleted ones left out, the first made first."""
        with self._database.read() as connection:
            return store.of_run(connection, caller.workspace_id, run_id)

    def check_changeable(self, caller: Caller, model_id: str) -> LoggedModel:
        """Return a logged model when `caller` may change it.

        Raises:
            LapisError: NotFound, Forbidden.
        """
        with self._database.read() as connection:
            return self._changeable(connection, caller, model_id)

    @staticmethod
    def _changeable(connection: Connection, caller: Caller, model_id: str) -> LoggedModel:
        model = store.require(connection, caller.workspace_id, model_id)
        _check_owner(caller, model.source_run_id or "", model.owner_job)
        return model


def _order(field: str, ascending: bool) -> Order:
    order = parse_order(field, grammars.LOGGED_MODELS)
    return Order(order.entity, order.key, ascending)


def _check_owner(caller: Caller, run_id: str, owner_job: str | None) -> None:
    if not caller.owns(run_id, owner_job):
        raise LapisError(ErrorCode.FORBIDDEN, "A job may change the models that it made, no other.")


def _check_name(name: str) -> str:
    limits.check_text(name, "name")
    if not name.strip() or len(name) > 255 or _FORBIDDEN_IN_NAMES & set(name):
        raise invalid(
            f"Invalid model name ({name[:80]}) provided. Model name must be a non-empty string and cannot contain "
            "the following characters: ('/', ':', '.', '%', '\"', \"'\")."
        )
    return name
