"""One log of a job as it grows, as lines of JSON: what the web page follows.

Each line is ``{"log": text, "offset": bytes that the reader has now}``, ``{}`` for "nothing new, and the server is
there", or ``{"end": true}``. The file is looked at ever more rarely while nothing comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
from starlette.concurrency import run_in_threadpool

from lapisml.server.features.jobs.logs import JobLogs
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.stream import CHUNK, Tail
from lapisml.server.features.workspaces.service import Workspace

_SOONEST_S, _LATEST_S = 0.1, 0.5
_HEARTBEAT_S = 15.0


class LogFollower:
    """Makes streams of logs."""

    def __init__(self, jobs: JobService, logs: JobLogs) -> None:
        self._jobs = jobs
        self._logs = logs

    async def lines(self, workspace: Workspace, job: JobRecord, path: str, offset: int) -> AsyncIterator[bytes]:
        """Give the text of a log from byte `offset` on until the job is over and all of it was given."""
        tail = Tail(path, offset)
        pause, quiet = _SOONEST_S, 0.0
        while True:
            text, reached, is_over = await run_in_threadpool(self._look, workspace, job.name, tail)
            if text:
                pause, quiet = _SOONEST_S, 0.0
                yield orjson.dumps({"log": text, "offset": reached}) + b"\n"
                if len(text) >= CHUNK // 4:  # there is more already
                    continue
            elif is_over:
                yield b'{"end":true}\n'
                return
            quiet += pause
            if quiet >= _HEARTBEAT_S:
                quiet = 0.0
                yield b"{}\n"
            await asyncio.sleep(pause)
            pause = min(_LATEST_S, pause * 1.3)

    def _look(self, workspace: Workspace, name: str, tail: Tail) -> tuple[str, int, bool]:
        """Give what is new, how far it reaches, and whether the job is over."""
        job = self._jobs.get(workspace, name)
        found = tail.read(self._logs, workspace, job, last=job.is_over)
        return (found[0]["log"], found[0]["offset"], job.is_over) if found else ("", 0, job.is_over)
