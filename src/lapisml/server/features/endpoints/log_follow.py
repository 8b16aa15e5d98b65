"""A deployment's logs as they grow: lines of JSON, first the last lines that there are, then what is added.

A line is ``{"revision": …, "attempt": …}`` where another process begins to write, ``{"file": …, "text": …}``, or ``{}``
to show that the stream is alive. Text is decoded as UTF-8 with a stand-in for bytes that are not.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from lapisml.core.errors import LapisError
from lapisml.ports.compute import LogFile
from lapisml.server.features.endpoints.deployments import DeploymentService
from lapisml.server.features.endpoints.logs import CONTAINERS
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.runs import RevisionRuns, Run
from lapisml.server.features.workspaces.service import Workspace

_LOOK_S = 0.5
_HEARTBEAT_S = 15.0
_LONGEST_S = 900.0
"""When a stream ends by itself, seconds: the page comes back, and is asked again who it is."""
_CHUNK = 1 << 17
_FIRST_BYTES = 1 << 17


class LogFollower:
    """Follows logs where revisions run."""

    def __init__(self, deployments: DeploymentService, runs: RevisionRuns) -> None:
        self._deployments = deployments
        self._runs = runs

    async def lines(self, workspace: Workspace, endpoint: str, name: str, container: str) -> AsyncIterator[bytes]:
        """Give what a deployment's processes write, until it is gone.

        Args:
            container: ``inference-server`` or ``storage-initializer``.
        """
        reader = _Reader(self._runs, workspace, CONTAINERS[container])
        ends_at, quiet = time.monotonic() + _LONGEST_S, 0.0
        while time.monotonic() < ends_at:
            try:
                found = await run_in_threadpool(self._look, reader, workspace, endpoint, name)
            except LapisError:  # it was deleted
                return
            for line in found:
                yield json.dumps(line).encode() + b"\n"
            quiet = 0.0 if found else quiet + _LOOK_S
            if quiet >= _HEARTBEAT_S:
                quiet = 0.0
                yield b"{}\n"
            await asyncio.sleep(_LOOK_S)

    def _look(self, reader: _Reader, workspace: Workspace, endpoint: str, name: str) -> list[dict[str, Any]]:
        view = self._deployments.get(workspace, endpoint, name)
        revision = view.revision or view.serving
        return reader.look(revision) if revision is not None else []


class _Reader:
    """Knows how far the files of one revision's attempt were read."""

    def __init__(self, runs: RevisionRuns, workspace: Workspace, folder: str) -> None:
        self._runs = runs
        self._workspace = workspace
        self._folder = folder
        self._of: tuple[str, int] | None = None
        self._read_to: dict[tuple[str, str], int] = {}
        self._decoders: dict[tuple[str, str], codecs.IncrementalDecoder] = {}

    def look(self, revision: Revision) -> list[dict[str, Any]]:
        """Give what was written since the last look."""
        lines: list[dict[str, Any]] = []
        if self._of != (revision.id, revision.attempt):
            self._of = (revision.id, revision.attempt)
            self._read_to, self._decoders = {}, {}
            lines.append({"revision": revision.id, "attempt": revision.attempt})
        for run in self._runs.of(self._workspace, revision):
            for log in run.logs(self._folder):
                text = self._more(run, log)
                if text:
                    name = log.path.removeprefix(self._folder)
                    lines.append({"file": f"{run.node}: {name}" if run.node else name, "text": text})
        return lines

    def _more(self, run: Run, log: LogFile) -> str:
        key = (run.handle.job, log.path)
        start = self._read_to.setdefault(key, max(0, log.size - _FIRST_BYTES))
        if log.size <= start:
            return ""
        data = run.backend.read_log(run.handle, log.path, start, min(_CHUNK, log.size - start)).data
        self._read_to[key] = start + len(data)
        decoder = self._decoders.setdefault(key, codecs.getincrementaldecoder("utf-8")("replace"))
        return decoder.decode(data)
