"""What can be done with experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.tracking import grammars, limits
from lapisml.server.features.tracking.filters import parse_filter, parse_order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.paging import offset_token, read_offset
from lapisml.server.features.tracking.records import (
    ARTIFACTS,
    DEFAULT_EXPERIMENT_ID,
    Caller,
    Experiment,
    Page,
    View,
)
from lapisml.server.features.tracking.store import experiments as store
from lapisml.server.platform.database import Database


class Experiments:
    """Experiments of workspaces. Every workspace has one named "Default", with the public id "0".

    A job may make, find and tag experiments, but not delete, restore or rename them.
    """

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def create(
        self,
        caller: Caller,
        name: str,
        artifact_location: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> str:
        """Make an experiment and return its id.

        Args:
            artifact_location: where clients keep artifacts by themselves (``s3://bucket/folder``); by default
                the server keeps them.

        Raises:
            LapisError: AlreadyExists, Usage.
        """
        _check_name(name)
        location = _check_location(artifact_location)
        checked = dict(limits.check_pairs(list((tags or {}).items()), limits.MAX_EXPERIMENT_TAG_LENGTH))
        now = self._clock.now_ms()

        def write(connection: Connection) -> str:
            store.ensure_default(connection, caller.workspace_id, now)
            row = store.add(connection, caller.workspace_id, name, location, now)
            store.set_tags(connection, row, checked, now)
            return str(row)

        return self._commit.run(write)

    def get(self, caller: Caller, experiment_id: str) -> Experiment:
        """Return an experiment by its id.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            row = store.row_id(connection, caller.workspace_id, experiment_id)
            if row is not None or experiment_id != DEFAULT_EXPERIMENT_ID:
                return store.by_id(connection, caller.workspace_id, experiment_id)
        self._ensure_default(caller.workspace_id)
        with self._database.read() as connection:
            return store.by_id(connection, caller.workspace_id, experiment_id)

    def get_by_name(self, caller: Caller, name: str) -> Experiment:
        """Return an experiment by its name, a deleted one too.

        Raises:
            LapisError: NotFound.
        """
        self._ensure_default(caller.workspace_id)
        with self._database.read() as connection:
            found = store.by_name(connection, caller.workspace_id, name)
        if found is None:
            raise LapisError(ErrorCode.NOT_FOUND, f"Could not find experiment with name '{name[:200]}'")
        return found

    def get_or_create(self, caller: Caller, name: str) -> Experiment:
        """Return the active experiment of this name, making it when it is missing.

        Raises:
            LapisError: Usage when it was deleted or the name is not allowed.
        """
        try:
            found = self.get_by_name(caller, name)
        except LapisError as error:
            if error.code is not ErrorCode.NOT_FOUND:
                raise
            found = self._create_unless_there(caller, name)
        if found.deleted_at is not None:
            raise invalid(f"Experiment '{name}' is deleted; restore it, or use another name.")
        return found

    def search(
        self,
        caller: Caller,
        filter_text: str | None = None,
        order_by: Sequence[str] = (),
        view: View = View.ACTIVE,
        limit: int = 1000,
        token: str | None = None,
    ) -> Page[Experiment]:
        """Return a page of experiments.

        Raises:
            LapisError: Usage.
        """
        self._ensure_default(caller.workspace_id)
        clauses = parse_filter(filter_text, grammars.EXPERIMENTS)
        orders = [parse_order(text, grammars.EXPERIMENTS) for text in order_by]
        query = (filter_text, list(order_by), view)
        offset = read_offset(token, *query)
        with self._database.read() as connection:
            found = store.search(connection, caller.workspace_id, clauses, orders, view, limit + 1, offset)
        following = offset_token(offset + limit, *query) if len(found) > limit else None
        return Page(found[:limit], following)

    def delete(self, caller: Caller, experiment_id: str) -> None:
        """Mark an experiment and its runs deleted; doing it again changes nothing.

        Raises:
            LapisError: NotFound, Forbidden for a job, Usage for the default experiment.
        """
        _refuse_jobs(caller)
        if experiment_id == DEFAULT_EXPERIMENT_ID:
            raise invalid("The default experiment cannot be deleted.")
        now = self._clock.now_ms()

        def write(connection: Connection) -> None:
            row = store.require_row_id(connection, caller.workspace_id, experiment_id)
            if store.by_id(connection, caller.workspace_id, experiment_id).deleted_at is None:
                store.delete_with_runs(connection, row, now)

        self._commit.run(write)

    def restore(self, caller: Caller, experiment_id: str) -> None:
        """Make a deleted experiment and the runs that were deleted with it active again.

        Raises:
            LapisError: NotFound, Forbidden for a job.
        """
        _refuse_jobs(caller)
        now = self._clock.now_ms()

        def write(connection: Connection) -> None:
            row = store.require_row_id(connection, caller.workspace_id, experiment_id)
            if store.by_id(connection, caller.workspace_id, experiment_id).deleted_at is not None:
                store.restore_with_runs(connection, row, now)

        self._commit.run(write)

    def rename(self, caller: Caller, experiment_id: str, name: str) -> None:
        """Give an active experiment another name.

        Raises:
            LapisError: NotFound, AlreadyExists, Forbidden for a job, Usage.
        """
        _refuse_jobs(caller)
        _check_name(name)
        if experiment_id == DEFAULT_EXPERIMENT_ID:
            raise invalid("The default experiment keeps its name.")
        now = self._clock.now_ms()

        def write(connection: Connection) -> None:
            row = store.require_row_id(connection, caller.workspace_id, experiment_id)
            store.require_active(connection, row)
            other = store.by_name(connection, caller.workspace_id, name)
            if other is not None and other.experiment_id != experiment_id:
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"Experiment '{name}' already exists.")
            store.change(connection, row, now, name=name)

        self._commit.run(write)

    def set_tags(self, caller: Caller, experiment_id: str, tags: Mapping[str, str]) -> None:
        """Write tags over those that are there.

        Raises:
            LapisError: NotFound, Usage.
        """
        checked = dict(limits.check_pairs(list(tags.items()), limits.MAX_EXPERIMENT_TAG_LENGTH))
        now = self._clock.now_ms()

        def write(connection: Connection) -> None:
            store.ensure_default(connection, caller.workspace_id, now)
            row = store.require_row_id(connection, caller.workspace_id, experiment_id)
            store.require_active(connection, row)
            store.set_tags(connection, row, checked, now)

        self._commit.run(write)

    def delete_tag(self, caller: Caller, experiment_id: str, key: str) -> None:
        """Delete a tag.

        Raises:
            LapisError: NotFound when the experiment or the tag is not there.
        """

        def write(connection: Connection) -> None:
            row = store.require_row_id(connection, caller.workspace_id, experiment_id)
            if not store.delete_tag(connection, row, key):
                raise LapisError(ErrorCode.NOT_FOUND, f"No tag with name: {key[:250]} in experiment {experiment_id}")

        self._commit.run(write)

    def _create_unless_there(self, caller: Caller, name: str) -> Experiment:
        try:
            return self.get(caller, self.create(caller, name))
        except LapisError as error:
            if error.code is not ErrorCode.ALREADY_EXISTS:
                raise
            return self.get_by_name(caller, name)

    def _ensure_default(self, workspace_id: int) -> None:
        with self._database.read() as connection:
            if store.row_id(connection, workspace_id, DEFAULT_EXPERIMENT_ID) is not None:
                return
        now = self._clock.now_ms()
        self._commit.run(lambda connection: store.ensure_default(connection, workspace_id, now))


def _refuse_jobs(caller: Caller) -> None:
    if caller.job is not None:
        raise LapisError(ErrorCode.FORBIDDEN, "A job may not delete, restore or rename experiments.")


def _check_name(name: str) -> None:
    if not name or not name.strip():
        raise invalid(f"Invalid experiment name: '{name}'")
    if len(name) > limits.MAX_EXPERIMENT_NAME_LENGTH:
        raise invalid(f"'name' exceeds the maximum length of {limits.MAX_EXPERIMENT_NAME_LENGTH} characters")
    limits.check_text(name, "name")


def _check_location(location: str | None) -> str | None:
    """Accept a place that clients reach by themselves; refuse addresses that stand for what the server keeps."""
    if not location:
        return None
    limits.check_text(location, "artifact_location")
    if len(location) > 2048:
        raise invalid("'artifact_location' exceeds the maximum length of 2048 characters")
    if location.startswith(("runs:", "models:", ARTIFACTS)):
        raise invalid(
            "An artifact location names a place that clients reach by themselves, such as s3://bucket/folder; "
            "leave it out to let the server keep artifacts."
        )
    return location.rstrip("/")
