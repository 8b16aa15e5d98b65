"""The way to the front: it is started where there is none, and found by what it wrote into its log."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import time
from typing import Any
from urllib.parse import urlsplit

from lapisml.backends.compute.node.transport import Streams
from lapisml.backends.compute.node.wire import LARGEST_TAIL
from lapisml.backends.compute.ray.dashboard import ENDED, Dashboard
from lapisml.backends.compute.ray.package import MARK, Package
from lapisml.core.errors import ErrorCode, LapisError

_STARTS_WITHIN_S = 120.0
_ENDS_WITHIN_S = 30.0
_HEAD_IS_UP_WITHIN_S = 60.0
_CONNECTS_WITHIN_S = 5.0
_LOOK_EVERY_S = 0.2
_ENDED_ONES_KEPT = 3
_ENTRY = 'exec "$(command -v python3 || command -v python)" lapis_front.py'
_SHOWN = 500


class RayTransport:
    """Connects to the front of one attached cluster.

    Args:
        dashboard: the cluster's.
        name: of the front's job.
        package: makes what it is started from; called once, when it is needed.
        context: TLS with the identity.
    """

    def __init__(self, dashboard: Dashboard, name: str, package: Package, context: ssl.SSLContext) -> None:
        self._dashboard = dashboard
        self._name = name
        self._package = package
        self._context = context
        self._known: dict[str, Any] | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def open(self) -> Streams:
        """Connect to the front that was there last time, or to the one that the cluster tells of."""
        await self.close()
        if self._known is not None:
            with contextlib.suppress(OSError):
                return await self._connect(self._known)
        self._known = await self._find()
        try:
            return await self._connect(self._known)
        except OSError as error:
            where = " or ".join(f"{host}:{self._known['port']}" for host in self._hosts(self._known))
            self._known = None
            raise LapisError(
                ErrorCode.SERVER_UNREACHABLE,
                f"Lapis's front on the Ray cluster at {self._dashboard.address} runs, but can't be reached at {where}:"
                f" {error.strerror or error}.",
                "Let this server reach that port; `front_port:` in the compute's document makes it always the same.",
            ) from error

    async def close(self) -> None:
        """Close the connection; the front goes on."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()

    async def _connect(self, facts: dict[str, Any]) -> Streams:
        error: OSError = OSError("it tells no address")
        for host in self._hosts(facts):
            try:
                async with asyncio.timeout(_CONNECTS_WITHIN_S):
                    reader, writer = await asyncio.open_connection(
                        host, int(facts["port"]), ssl=self._context, server_hostname="", limit=LARGEST_TAIL
                    )
            except TimeoutError:
                error = OSError("no answer in time")
            except OSError as failure:
                error = failure
            else:
                self._writer = writer
                return reader, writer
        raise error

    def _hosts(self, facts: dict[str, Any]) -> list[str]:
        """Return where the front may be: as the server reaches the dashboard, and as the cluster knows its head."""
        named = urlsplit(self._dashboard.address).hostname or ""
        return list(dict.fromkeys(host for host in (named, str(facts.get("address") or "")) if host))

    async def _find(self) -> dict[str, Any]:
        """Return what the front wrote into its log; it is started, or replaced, if need be."""
        await asyncio.to_thread(self._dashboard.version)
        deadline = time.monotonic() + _STARTS_WITHIN_S
        name = await asyncio.to_thread(self._ensure)
        while True:
            job = await asyncio.to_thread(self._dashboard.job, name)
            log = await asyncio.to_thread(self._dashboard.logs, name)
            facts = _told(log)
            if "refused" in facts:
                raise LapisError(ErrorCode.NOT_SUPPORTED, str(facts["refused"]))
            if job is None or job.get("status") in ENDED or time.monotonic() > deadline:
                raise self._did_not_start(name, job, log)
            if "port" in facts:
                return facts
            await asyncio.sleep(_LOOK_EVERY_S)

    def _ensure(self) -> str:
        """See that a front of these very sources runs, or is about to; give its job's name.

        Each start has a number of its own: Ray may hold the name of a job that was killed.
        """
        ours = self._ours()
        running = {number: job for number, job in ours.items() if job.get("status") not in ENDED}
        for number, job in sorted(running.items(), reverse=True):
            if (job.get("metadata") or {}).get("lapis_front") == self._package.digest:
                return f"{self._name}-{number}"
        for number in running:
            self._end(f"{self._name}-{number}")
        name = f"{self._name}-{max(ours, default=0) + 1}"
        self._submit(name, time.monotonic() + _HEAD_IS_UP_WITHIN_S)
        for number in sorted(ours)[:-_ENDED_ONES_KEPT]:
            with contextlib.suppress(LapisError):
                self._dashboard.delete(f"{self._name}-{number}")
        return name

    def _ours(self) -> dict[int, dict[str, Any]]:
        """Return the fronts of this compute that Ray knows of, by number."""
        found = {}
        for job in self._dashboard.jobs():
            name, _, number = str(job.get("submission_id") or "").rpartition("-")
            if name == self._name and number.isdigit():
                found[int(number)] = job
        return found

    def _submit(self, name: str, deadline: float) -> None:
        """Start the front; right after Ray's own start its head takes no job for some seconds."""
        while True:
            try:
                self._dashboard.put_package(self._package.uri, self._package.data)
                self._dashboard.submit(name, _ENTRY, self._package.uri, {"lapis_front": self._package.digest})
            except LapisError as error:
                if error.code is not ErrorCode.SERVER_UNREACHABLE or time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_EVERY_S)
            else:
                return

    def _end(self, name: str) -> None:
        """End a front of other sources, or of other settings."""
        self._dashboard.stop(name)
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while (job := self._dashboard.job(name)) is not None and job.get("status") not in ENDED:
            if time.monotonic() > deadline:
                sentence = f"The earlier front ({name}) on the Ray cluster at {self._dashboard.address} does not end."
                raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence, f"End it: ray job stop {name}")
            time.sleep(_LOOK_EVERY_S)

    def _did_not_start(self, name: str, job: dict[str, Any] | None, log: str) -> LapisError:
        message = str((job or {}).get("message") or "").strip()
        last = (log.strip().splitlines() or [""])[-1]
        why = (message or last or "it says nothing").splitlines()[0][:_SHOWN].rstrip(".")
        state = (job or {}).get("status", "gone")
        return LapisError(
            ErrorCode.SERVER_UNREACHABLE,
            f"Lapis's front did not start on the Ray cluster at {self._dashboard.address} ({state}): {why}.",
            f"Its log: ray job logs {name}",
        )


def _told(log: str) -> dict[str, Any]:
    """Return the last thing that the front said in its log; empty when it has said nothing yet."""
    for line in reversed(log.splitlines()):
        if line.startswith(MARK):
            with contextlib.suppress(ValueError):
                return dict(json.loads(line[len(MARK) :]))
    return {}
