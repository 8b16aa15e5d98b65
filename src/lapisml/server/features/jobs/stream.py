"""A job live: its moves, the reason for each wait, its build log and its log, as lines of JSON.

A pipeline or a sweep has no log; it tells the moves of all jobs that it started, at any depth, and why they wait.

Offsets are bytes of the log files, so a reader that was cut off goes on exactly where it was. Text is decoded
as UTF-8 with a stand-in for bytes that are not; an offset never falls within a character.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from starlette.concurrency import run_in_threadpool

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import COMPOSITE, JobState
from lapisml.server.features.jobs.family import Family, FamilyMove
from lapisml.server.features.jobs.logs import BUILD_LOG, USER_LOG, JobLogs
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.jobs.topics import TOPIC_NEWS
from lapisml.server.features.jobs.wire import event_body, move_body
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus

CHUNK = 1 << 18
"""Bytes of a log that are read at once."""
_LOOK_S = 0.1
_WAIT_LOOK_S = 1.0
_FAMILY_LOOK_S = 0.5
_GATHER_S = 0.02
"""How long a family is left alone after it was looked at, seconds: its moves come in bunches."""
_HEARTBEAT_S = 15.0
_WAITING_TOLD = 20
"""Of how many waiting children the reason is told; the others wait behind them."""


class JobStream:
    """Makes live streams."""

    def __init__(self, jobs: JobService, logs: JobLogs, events: EventBus, database: Database) -> None:
        self._jobs = jobs
        self._logs = logs
        self._events = events
        self._database = database

    async def lines(
        self, workspace: Workspace, job: JobRecord, after: int, log_offset: int, build_offset: int
    ) -> AsyncIterator[bytes]:
        """Give what happens to a job as NDJSON until it is over.

        Args:
            after: number of the last event that the reader has.
            log_offset: bytes of the user's log that the reader has.
            build_offset: bytes of the environment's build log that the reader has.
        """
        if job.type in COMPOSITE:
            family = await run_in_threadpool(Family, self._database, workspace.id, job.name, after)
            state: _Reader | _FamilyReader = _FamilyReader(self._jobs, workspace, job.name, family)
        else:
            state = _Reader(self, workspace, job.name, after, log_offset, build_offset)
        gather = _GATHER_S if job.type in COMPOSITE else 0
        listener = self._events.listen(TOPIC_NEWS)
        quiet = 0.0
        while True:
            found, over, pause = await run_in_threadpool(state.look)
            for line in found:
                yield json.dumps(line).encode() + b"\n"
            if over:
                return
            quiet = 0.0 if found else quiet + pause
            if quiet >= _HEARTBEAT_S:
                quiet = 0.0
                yield b"{}\n"
            if not found:
                await listener.wait_async(pause)
            else:
                await asyncio.sleep(gather)


class _Reader:
    def __init__(
        self, stream: JobStream, workspace: Workspace, name: str, after: int, log_offset: int, build_offset: int
    ) -> None:
        self._jobs = stream._jobs  # noqa: SLF001 - one mechanism in two classes of one module
        self._logs = stream._logs  # noqa: SLF001
        self._workspace = workspace
        self._name = name
        self._after = after
        self._tails = [Tail(BUILD_LOG, build_offset), Tail(USER_LOG, log_offset)]
        self._waiting = ""

    def look(self) -> tuple[list[dict[str, Any]], bool, float]:
        """Give what is new, whether the job is over, and how long to rest when nothing is."""
        job = self._jobs.get(self._workspace, self._name)
        lines: list[dict[str, Any]] = []
        for event in self._jobs.events(self._workspace, self._name, self._after):
            self._after = event.seq
            if not _is_end(event.after):
                lines.append({"event": event_body(event)})
        lines += self._wait_reason(job)
        more = [line for tail in self._tails for line in tail.read(self._logs, self._workspace, job, last=job.is_over)]
        lines += more
        if job.is_over and not more:
            lines.append({"end": _end(job)})
            return lines, True, 0.0
        return lines, False, _WAIT_LOOK_S if job.status == JobState.QUEUED else _LOOK_S

    def _wait_reason(self, job: JobRecord) -> list[dict[str, Any]]:
        if job.status != JobState.QUEUED:
            return []
        reason = self._jobs.standing(self._workspace, job).reason
        if reason == self._waiting:
            return []
        self._waiting = reason
        return [{"waiting": reason}]


class _FamilyReader:
    """Follows a composite job by the moves of its family."""

    def __init__(self, jobs: JobService, workspace: Workspace, name: str, family: Family) -> None:
        self._jobs = jobs
        self._workspace = workspace
        self._name = name
        self._family = family
        self._note = ""
        self._waits: dict[str, str] = {}
        self._over: set[str] = set()
        self._told_at = 0.0

    def look(self) -> tuple[list[dict[str, Any]], bool, float]:
        """Give what is new, whether the job is over, and how long to rest when nothing is."""
        job = self._jobs.get(self._workspace, self._name)
        moves = self._family.moves()
        lines = [line for move in moves if (line := self._line(move)) is not None]
        if not self._family.is_whole:
            return lines, False, 0.0
        if job.is_over:  # it was before the moves were read, so they are all
            return [*lines, {"end": _end(job)}], True, 0.0
        now = time.monotonic()
        if now - self._told_at >= _WAIT_LOOK_S:
            self._told_at = now
            lines += self._notes(job)
        return lines, False, _FAMILY_LOOK_S

    def _line(self, move: FamilyMove) -> dict[str, Any] | None:
        if move.job != self._name:
            self._waits.pop(move.job, None)
            if _is_end(move.after):
                self._over.add(move.job)
            return {"child": move_body(move)}
        return None if _is_end(move.after) else {"event": move_body(move)}

    def _notes(self, job: JobRecord) -> list[dict[str, Any]]:
        """Tell what the job is about as a whole, and why its first waiting children wait."""
        lines: list[dict[str, Any]] = []
        note = self._jobs.standing(self._workspace, job).reason
        if note != self._note:
            self._note = note
            lines.append({"note": note})
        for parent in sorted(self._family.parents() - self._over):
            queued = JobFilter(None, status=JobState.QUEUED.value, parent_name=parent)
            waiting = self._jobs.find(self._workspace, queued, _WAITING_TOLD)
            standings = self._jobs.standings(self._workspace, waiting)
            for child, standing in zip(waiting, standings, strict=True):
                if self._waits.get(child.name) != standing.reason:
                    self._waits[child.name] = standing.reason
                    lines.append({"child_waiting": {"name": child.name, "reason": standing.reason}})
        return lines


def _end(job: JobRecord) -> dict[str, Any]:
    return {
        "status": job.status.value,
        "code": job.status_code,
        "reason": job.status_reason,
        "exit_code": job.exit_code,
    }


class Tail:
    """Reads a log on from where it was, as text."""

    def __init__(self, path: str, offset: int) -> None:
        self._path = path
        self._offset = offset
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self, logs: JobLogs, workspace: Workspace, job: JobRecord, *, last: bool) -> list[dict[str, Any]]:
        """Give the text that came since, at most one chunk of it."""
        try:
            data = logs.read(workspace, job, self._path, self._offset, CHUNK).data
        except LapisError as error:
            if error.code not in (ErrorCode.NOT_FOUND, ErrorCode.SERVER_UNREACHABLE):
                raise
            return []  # not written yet, or written where nobody answers now
        text = self._decoder.decode(data, final=last and not data)
        self._offset += len(data)
        if not text:
            return []
        pending = len(self._decoder.getstate()[0])
        return [{"log": text, "path": self._path, "offset": self._offset - pending}]


def _is_end(state: str) -> bool:
    return state in (JobState.COMPLETED.value, JobState.FAILED.value, JobState.CANCELED.value)
