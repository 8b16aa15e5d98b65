"""What pages of environments show: what was built from a definition, exactly, and who uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from lapisml.core.errors import LapisError
from lapisml.ports.environments import BUILD_LOG_FILE, BuiltEnvironment
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.launch import Launcher
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.uses import JobGlimpse, JobUses
from lapisml.server.features.workspaces.service import Workspace

MOST_TEXT = 512 << 10
"""Bytes of a lock or of the end of a log that are told; both are files of the server."""


class BuildBody(TypedDict):
    """What stands, on this machine, behind a definition.

    Attributes:
        state: ``Ready``; ``Unfinished`` (being built, or its last build broke: see the log); ``NotBuilt``;
            ``Impossible`` with a `reason`.
        key: the definition's address: equal definitions share one build.
        resolution: how strictly it is honoured: ``exact``, ``compatible``, ``host``.
        python: version of the interpreter.
        lock: what exactly was installed.
        log: the end of the build's log.
        warnings: what was not honoured, a sentence each.
    """

    state: str
    key: str | None
    resolution: str
    reason: str | None
    python: str | None
    lock: str | None
    log: str | None
    warnings: list[str]


class JobEnvironmentBody(TypedDict):
    """The environment of a job.

    Attributes:
        name, version: None when the job's document holds the definition itself.
        curated: it comes with Lapis.
        definition: what was asked for.
    """

    name: str | None
    version: str | None
    curated: bool
    definition: dict[str, Any]
    build: BuildBody


class EnvironmentPages:
    """Puts together what is known of environments in several features.

    Args:
        root: folder of the environments that were built.
    """

    def __init__(self, assets: AssetService, jobs: JobService, uses: JobUses, launcher: Launcher, root: Path) -> None:
        self._assets = assets
        self._jobs = jobs
        self._uses = uses
        self._launcher = launcher
        self._builder = launcher.builder
        self._root = root

    def curated(self, workspace: Workspace) -> Sequence[AssetRecord]:
        """Give the environments that come with Lapis, by name."""
        return self._assets.curated(workspace)

    def build(self, workspace: Workspace, name: str, version: str) -> BuildBody:
        """Say what was built of a version.

        Raises:
            LapisError: NotFound.
        """
        record = self._assets.get(workspace, AssetKind.ENVIRONMENTS, name, version)
        return self._build(workspace, {**record.document, "name": record.name, "version": record.version})

    def users(self, workspace: Workspace, name: str, version: str, limit: int, before: int | None) -> list[JobGlimpse]:
        """Give the jobs that use a version, newest first.

        Raises:
            LapisError: NotFound.
        """
        record = self._assets.get(workspace, AssetKind.ENVIRONMENTS, name, version)
        words = [f"environment:{record.key}", *([f"environment:azureml/{record.key}"] if record.id == 0 else [])]
        return self._uses.users(workspace, words, limit, before)

    def of_job(self, workspace: Workspace, name: str) -> JobEnvironmentBody | None:
        """Give a job's environment; None for a job without one.

        Raises:
            LapisError: NotFound.
        """
        document = self._jobs.get(workspace, name).document
        asked = document.get("environment") or (document.get("task") or {}).get("environment")
        if asked is None:
            return None
        if isinstance(asked, Mapping):
            definition = dict(asked)
            known = (definition.get("name"), definition.get("version"), False)
        else:
            try:
                record = self._assets.resolve(workspace, AssetKind.ENVIRONMENTS, str(asked))
            except LapisError as error:
                return _gone(str(asked), error)
            definition = {**record.document, "name": record.name, "version": record.version}
            known = (record.name, record.version, record.id == 0)
        built = self._build(workspace, definition)
        return {"name": known[0], "version": known[1], "curated": known[2], "definition": definition, "build": built}

    def _build(self, workspace: Workspace, definition: Mapping[str, Any]) -> BuildBody:
        resolution = self._launcher.settings.resolution.value
        try:
            key = self._builder.key(self._launcher.environment_definition(workspace, dict(definition)))
        except LapisError as error:
            return _impossible(resolution, error)
        built, log = self._builder.lookup(key), _end_of(self._root / key / BUILD_LOG_FILE)
        state = "Ready" if built is not None else "Unfinished" if log is not None else "NotBuilt"
        return {
            "state": state, "key": key, "resolution": resolution, "reason": None,
            "python": built.python_version if built is not None else None,
            "lock": _lock(built), "log": log, "warnings": list(built.warnings) if built is not None else [],
        }  # fmt: skip


def _impossible(resolution: str, error: LapisError) -> BuildBody:
    reason = " ".join(part for part in (error.message, error.hint) if part)
    return {
        "state": "Impossible", "key": None, "resolution": resolution, "reason": reason, "python": None, "lock": None,
        "log": None, "warnings": [],
    }  # fmt: skip


def _gone(asked: str, error: LapisError) -> JobEnvironmentBody:
    build = _impossible("", error)
    return {"name": asked, "version": None, "curated": False, "definition": {}, "build": build}


def _lock(built: BuiltEnvironment | None) -> str | None:
    if built is None:
        return None
    try:
        with built.lock.open("rb") as stream:
            return stream.read(MOST_TEXT).decode("utf-8", "replace")
    except OSError:
        return None


def _end_of(file: Path) -> str | None:
    try:
        with file.open("rb") as stream:
            stream.seek(max(0, file.stat().st_size - MOST_TEXT))
            return stream.read(MOST_TEXT).decode("utf-8", "replace")
    except OSError:
        return None
