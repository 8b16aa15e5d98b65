"""What can be done with prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from lapisml.core.clock import Clock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.ids import is_valid_name
from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.ingestion import GroupCommit
from lapisml.server.features.tracking.limits import invalid
from lapisml.server.features.tracking.prompts import matching
from lapisml.server.features.tracking.prompts.records import Prompt, PromptVersion
from lapisml.server.features.tracking.prompts.tables import prompt_versions, prompts
from lapisml.server.features.tracking.records import Caller
from lapisml.server.platform.database import Database


class Prompts:
    """Prompts of workspaces. A job may register, tag and read them, but not rename or delete them."""

    def __init__(self, database: Database, commit: GroupCommit, clock: Clock) -> None:
        self._database = database
        self._commit = commit
        self._clock = clock

    def find(self, caller: Caller, name: str) -> Prompt | None:
        """Return a prompt, None when there is none of this name."""
        with self._database.read() as connection:
            return _find(connection, caller, name)

    def create(self, caller: Caller, name: str, description: str | None, tags: dict[str, str]) -> Prompt:
        """Make a prompt without versions.

        Raises:
            LapisError: AlreadyExists, Usage.
        """
        _check_name(name)
        now = self._clock.now_ms()

        def write(connection: Connection) -> Prompt:
            if _find(connection, caller, name) is not None:
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"Registered Model (name={name}) already exists.")
            connection.execute(
                insert(prompts).values(
                    workspace_id=caller.workspace_id, name=name, description=description, tags=tags, aliases={},
                    last_version=0, created_by=caller.user, created_at=now, updated_at=now,
                )
            )  # fmt: skip
            return _require(connection, caller, name)

        return self._commit.run(write)

    def change(self, caller: Caller, name: str, change: Callable[[Prompt], Prompt]) -> Prompt:
        """Change description, tags or aliases of a prompt.

        Raises:
            LapisError: NotFound.
        """

        def write(connection: Connection) -> Prompt:
            made = change(_require(connection, caller, name, lock=True))
            values = {"description": made.description, "tags": made.tags, "aliases": made.aliases}
            _update(connection, made.row, updated_at=self._clock.now_ms(), **values)
            return _require(connection, caller, name)

        return self._commit.run(write)

    def rename(self, caller: Caller, name: str, new: str) -> Prompt:
        """Give a prompt another name.

        Raises:
            LapisError: NotFound, AlreadyExists, Usage; Forbidden for a job.
        """
        _refuse_job(caller)
        _check_name(new)

        def write(connection: Connection) -> Prompt:
            found = _require(connection, caller, name, lock=True)
            if _find(connection, caller, new) is not None:
                raise LapisError(ErrorCode.ALREADY_EXISTS, f"Registered Model (name={new}) already exists.")
            _update(connection, found.row, name=new, updated_at=self._clock.now_ms())
            return _require(connection, caller, new)

        return self._commit.run(write)

    def delete(self, caller: Caller, name: str) -> None:
        """Delete a prompt with its versions.

        Raises:
            LapisError: NotFound; Forbidden for a job.
        """
        _refuse_job(caller)

        def write(connection: Connection) -> None:
            found = _require(connection, caller, name, lock=True)
            connection.execute(delete(prompts).where(prompts.c.id == found.row))

        self._commit.run(write)

    def add_version(
        self, caller: Caller, name: str, source: str, run_id: str | None, description: str | None, tags: dict[str, str]
    ) -> PromptVersion:
        """Make the next version of a prompt.

        Raises:
            LapisError: NotFound.
        """

        def write(connection: Connection) -> PromptVersion:
            found = _require(connection, caller, name, lock=True)
            number, now = found.last_version + 1, self._clock.now_ms()
            connection.execute(
                insert(prompt_versions).values(
                    prompt=found.row, version=number, source=source, run_id=run_id, description=description,
                    tags=tags, created_by=caller.user, created_at=now, updated_at=now,
                )
            )  # fmt: skip
            _update(connection, found.row, last_version=number, updated_at=now)
            return _require_version(connection, found, number)

        return self._commit.run(write)

    def version(self, caller: Caller, name: str, number: int) -> PromptVersion:
        """Return a version of a prompt.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            return _require_version(connection, _require(connection, caller, name), number)

    def versions(self, caller: Caller, name: str) -> list[PromptVersion]:
        """Return every version of a prompt, the newest first.

        Raises:
            LapisError: NotFound.
        """
        with self._database.read() as connection:
            found = _require(connection, caller, name)
            return [_version(row, found) for row in connection.execute(_versions_of(found))]

    def change_version(
        self, caller: Caller, name: str, number: int, change: Callable[[PromptVersion], PromptVersion]
    ) -> PromptVersion:
        """Change description or tags of a version.

        Raises:
            LapisError: NotFound.
        """

        def write(connection: Connection) -> PromptVersion:
            found = _require(connection, caller, name, lock=True)
            made = change(_require_version(connection, found, number))
            connection.execute(
                update(prompt_versions)
                .where(prompt_versions.c.prompt == found.row, prompt_versions.c.version == number)
                .values(description=made.description, tags=made.tags, updated_at=self._clock.now_ms())
            )
            return _require_version(connection, found, number)

        return self._commit.run(write)

    def delete_version(self, caller: Caller, name: str, number: int) -> None:
        """Delete a version, with the aliases that point at it.

        Raises:
            LapisError: NotFound; Forbidden for a job.
        """
        _refuse_job(caller)

        def write(connection: Connection) -> None:
            found = _require(connection, caller, name, lock=True)
            _require_version(connection, found, number)
            columns = prompt_versions.c
            connection.execute(delete(prompt_versions).where(columns.prompt == found.row, columns.version == number))
            left = {alias: version for alias, version in found.aliases.items() if version != number}
            _update(connection, found.row, aliases=left, updated_at=self._clock.now_ms())

        self._commit.run(write)

    def set_alias(self, caller: Caller, name: str, alias: str, number: int | None) -> Prompt:
        """Point an alias at a version; None removes it, once or again.

        Raises:
            LapisError: NotFound.
        """
        if number is not None:
            self.version(caller, name, number)

        def change(found: Prompt) -> Prompt:
            aliases = {key: version for key, version in found.aliases.items() if key != alias}
            return replace(found, aliases=aliases if number is None else {**aliases, alias: number})

        return self.change(caller, name, change)

    def search(
        self, caller: Caller, clauses: Sequence[Clause], orders: Sequence[Order], limit: int, offset: int
    ) -> list[tuple[Prompt, PromptVersion | None]]:
        """Return prompts with their newest versions, by name when no order is given."""
        with self._database.read() as connection:
            query = select(prompts).where(prompts.c.workspace_id == caller.workspace_id)
            rows = connection.execute(query.order_by(prompts.c.name)).all()
            wanted = [one for one in map(_prompt, rows) if matching.fulfils(one, clauses)]
            wanted = matching.ordered(wanted, orders)[offset : offset + limit]
            newest = _newest(connection, wanted)
        return [(one, newest.get(one.row)) for one in wanted]


def _find(connection: Connection, caller: Caller, name: str, lock: bool = False) -> Prompt | None:
    query = select(prompts).where(prompts.c.workspace_id == caller.workspace_id, prompts.c.name == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    return None if row is None else _prompt(row)


def _require(connection: Connection, caller: Caller, name: str, lock: bool = False) -> Prompt:
    found = _find(connection, caller, name, lock)
    if found is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Registered Model with name={name[:200]} not found")
    return found


def _require_version(connection: Connection, prompt: Prompt, number: int) -> PromptVersion:
    row = connection.execute(_versions_of(prompt).where(prompt_versions.c.version == number)).first()
    if row is None:
        raise LapisError(ErrorCode.NOT_FOUND, f"Model Version (name={prompt.name}, version={number}) not found")
    return _version(row, prompt)


def _versions_of(prompt: Prompt) -> Any:
    query = select(prompt_versions).where(prompt_versions.c.prompt == prompt.row)
    return query.order_by(prompt_versions.c.version.desc())


def _newest(connection: Connection, found: Sequence[Prompt]) -> dict[int, PromptVersion]:
    by_row = {one.row: one for one in found}
    columns = prompt_versions.c
    last = select(columns.prompt, func.max(columns.version).label("version"))
    last_of = last.where(columns.prompt.in_(list(by_row))).group_by(columns.prompt).subquery()
    joined = (last_of.c.prompt == columns.prompt) & (last_of.c.version == columns.version)
    rows = connection.execute(select(prompt_versions).join(last_of, joined))
    return {row.prompt: _version(row, by_row[row.prompt]) for row in rows}


def _update(connection: Connection, row: int, **values: Any) -> None:
    connection.execute(update(prompts).where(prompts.c.id == row).values(**values))


def _prompt(row: Row[Any]) -> Prompt:
    return Prompt(
        row.id, row.name, row.description, row.tags, row.aliases, row.last_version, row.created_by,
        row.created_at, row.updated_at,
    )  # fmt: skip


def _version(row: Row[Any], prompt: Prompt) -> PromptVersion:
    aliases = tuple(sorted(alias for alias, version in prompt.aliases.items() if version == row.version))
    return PromptVersion(
        prompt.name, row.version, row.source, row.run_id, row.description, row.tags, aliases, row.created_by,
        row.created_at, row.updated_at,
    )  # fmt: skip


def _check_name(name: str) -> None:
    if not is_valid_name(name):
        raise invalid(f"Invalid name '{name[:80]}': a prompt's name has letters, digits, '_', '-' and '.'.")


def _refuse_job(caller: Caller) -> None:
    if caller.job is not None:
        raise LapisError(ErrorCode.FORBIDDEN, "A job may register prompts, but not rename or delete them.")
