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
        await asyncio.to_thread(self._ensure)
        while True:
            job = await asyncio.to_thread(self._dashboard.job, self._name)
            log = await asyncio.to_thread(self._dashboard.logs, self._name)
            facts = _told(log)
            if "refused" in facts:
                raise LapisError(ErrorCode.NOT_SUPPORTED, str(facts["refused"]))
            if job is None or job.get("status") in ENDED or time.monotonic() > deadline:
                raise self._did_not_start(job, log)
            if "port" in facts:
                return facts
            await asyncio.sleep(_LOOK_EVERY_S)

    def _ensure(self) -> None:
        """See that a front of these very sources runs, or is about to."""
        job = self._dashboard.job(self._name)
        if job is not None and job.get("status") not in ENDED:
            if (job.get("metadata") or {}).get("lapis_front") == self._package.digest:
                return
            self._dashboard.stop(self._name)
            job = self._wait_for_end()
        if job is not None:
            self._dashboard.delete(self._name)
        self._submit(time.monotonic() + _HEAD_IS_UP_WITHIN_S)

    def _submit(self, deadline: float) -> None:
        """Start the front; right after Ray's own start its head takes no job for some seconds."""
        while True:
            try:
                self._dashboard.put_package(self._package.uri, self._package.data)
                self._dashboard.submit(self._name, _ENTRY, self._package.uri, {"lapis_front": self._package.digest})
            except LapisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(_LOOK_EVERY_S)
            else:
                return

    def _wait_for_end(self) -> dict[str, Any] | None:
        deadline = time.monotonic() + _ENDS_WITHIN_S
        while True:
            job = self._dashboard.job(self._name)
            if job is None or job.get("status") in ENDED:
                return job
            if time.monotonic() > deadline:
                sentence = (
                    f"The earlier front ({self._name}) on the Ray cluster at {self._dashboard.address} does not end."
                )
                raise LapisError(ErrorCode.SERVER_UNREACHABLE, sentence, f"End it: ray job stop {self._name}")
            time.sleep(_LOOK_EVERY_S)

    def _did_not_start(self, job: dict[str, Any] | None, log: str) -> LapisError:
        message = str((job or {}).get("message") or "").strip()
        last = (log.strip().splitlines() or [""])[-1]
        why = (message or last or "it says nothing").splitlines()[0][:_SHOWN].rstrip(".")
        state = (job or {}).get("status", "gone")
        return LapisError(
            ErrorCode.SERVER_UNREACHABLE,
            f"Lapis's front did not start on the Ray cluster at {self._dashboard.address} ({state}): {why}.",
            f"Its log: ray job logs {self._name}",
        )


def _told(log: str) -> dict[str, Any]:
    """Return the last thing that the front said in its log; empty when it has said nothing yet."""
    for line in reversed(log.splitlines()):
        if line.startswith(MARK):
            with contextlib.suppress(ValueError):
                return dict(json.loads(line[len(MARK) :]))
    return {}
