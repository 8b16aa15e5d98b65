"""Delivers the spool: in order, in batches, for as long as it takes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os

from lapisml.runner import durable, layout
from lapisml.runner.relay.http1 import Headers
from lapisml.runner.relay.spool import Batch, Spool
from lapisml.runner.relay.upstream import ServerAwayError, Upstream

_LINGER_S = 0.05
_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 1.0
_PASSING = frozenset((408, 425, 429))


class RefusedError(Exception):
    """The server understood and said no; saying it again would not help."""


class Delivery:
    """Sends what the spool holds.

    Args:
        spool: where it lies.
        upstream: the server.
        path: the workspace's MLflow root on it.
        token: the job's.
        folder: the job's folder; takes ``undelivered.jsonl``.
    """

    def __init__(self, spool: Spool, upstream: Upstream, path: str, token: str, folder: str) -> None:
        self._spool = spool
        self._upstream = upstream
        self._target = f"{path}/api/2.0/mlflow/runs/log-batch".encode()
        self._headers: Headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
        ]
        self._folder = folder
        self._told: set[str] = set()
        self._waiting = 0
        self._news = asyncio.Event()
        self._hurry = asyncio.Event()
        self._progress = asyncio.Condition()

    def notify(self) -> None:
        """Say that the spool has grown."""
        self._news.set()

    async def flush(self) -> None:
        """Return when all that the spool holds now has arrived."""
        wanted = self._spool.size
        if self._spool.done >= wanted:
            return
        self._waiting += 1
        self._hurry.set()
        self._news.set()
        try:
            async with self._progress:
                await self._progress.wait_for(lambda: self._spool.done >= wanted)
        finally:
            self._waiting -= 1

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            while self._spool.is_empty:
                self._news.clear()
                await self._news.wait()
            await self._linger()
            batches, end = self._spool.window()
            for batch in batches:
                await self._deliver(batch)
            self._spool.arrived(end)
            async with self._progress:
                self._progress.notify_all()

    async def _linger(self) -> None:
        """Wait a moment for more to send at once, unless somebody waits for the delivery."""
        self._hurry.clear()
        if self._waiting:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), _LINGER_S)

    async def _deliver(self, batch: Batch) -> None:
        """Send one batch until it is taken; what the server refuses is kept aside, point by point."""
        pause = _FIRST_PAUSE_S
        while True:
            try:
                await self._send(batch)
            except ServerAwayError:
                await asyncio.sleep(pause)
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            except RefusedError as error:
                await self._refused(batch, str(error))
                return
            else:
                return

    async def _send(self, batch: Batch) -> None:
        body = json.dumps({"run_id": batch.run_id, "metrics": batch.metrics}).encode()
        headers = [*self._headers, (b"idempotency-key", batch.key.encode())]
        exchange = await self._upstream.send(b"POST", self._target, headers, body)
        answer = await exchange.read()
        status = exchange.response.status
        if status >= 500 or status in _PASSING:
            raise ServerAwayError(f"the server answered {status}")
        if status >= 400:
            raise RefusedError(answer.decode(errors="replace")[:500])

    async def _refused(self, batch: Batch, why: str) -> None:
        half = len(batch.metrics) // 2
        if half:
            for part, metrics in enumerate((batch.metrics[:half], batch.metrics[half:])):
                await self._deliver(Batch(batch.run_id, metrics, f"{batch.key}.{part}"))
            return
        line = {"run_id": batch.run_id, "metrics": batch.metrics, "why": why}
        durable.append_line(os.path.join(self._folder, layout.UNDELIVERED), line)
        if batch.run_id not in self._told:
            self._told.add(batch.run_id)
            text = f"[lapis] The tracking server refused a metric of run {batch.run_id}: {why}\n"
            durable.append_bytes(os.path.join(self._folder, layout.STD_LOG), text.encode())
