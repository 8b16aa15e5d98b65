"""How far a mini-batch job is: lines in its log, and metrics of its run."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping

from lapisml.runner.parallel.ledger import Ledger

_EVERY_S = 5.0
_POST_TIMEOUT_S = 10.0
_LOG_BATCH = "/api/2.0/mlflow/runs/log-batch"


class Log:
    """Writes lines into the job's log.

    Args:
        level: the job's ``logging_level``.
    """

    def __init__(self, level: str) -> None:
        self._level = logging.getLevelName(level)

    def debug(self, sentence: str) -> None:
        """Write what only someone who looks for a fault wants to know."""
        self._write(logging.DEBUG, sentence)

    def info(self, sentence: str) -> None:
        """Write how it goes."""
        self._write(logging.INFO, sentence)

    def warning(self, sentence: str) -> None:
        """Write what went wrong; `logging_level` may hide it, never an error."""
        self._write(logging.WARNING, sentence)

    def error(self, sentence: str) -> None:
        """Write why the job ends."""
        self._write(logging.CRITICAL, sentence)

    def _write(self, level: int, sentence: str) -> None:
        if level >= self._level:
            sys.stdout.write(f"[lapis] {sentence}\n")
            sys.stdout.flush()


class Progress:
    """Tells how far the job is, every few seconds.

    Args:
        ledger: what became of the mini-batches.
        log: takes the lines.
        send: takes the metrics; must not block.
        noun: what an item is (``files``, ``rows``).
    """

    def __init__(self, ledger: Ledger, log: Log, send: Callable[[Mapping[str, float]], None], noun: str) -> None:
        self._ledger = ledger
        self._log = log
        self._send = send
        self._noun = noun
        self._told = time.monotonic()
        self._ended = 0

    @property
    def due(self) -> float:
        """When there is something to tell again, monotonic clock."""
        return self._told + _EVERY_S

    def tell(self, total: int | None, *, last: bool = False) -> None:
        """Tell it, if it is time and there is news."""
        now, ledger = time.monotonic(), self._ledger
        if not last and (now < self.due or ledger.ended == self._ended):
            if now >= self.due:
                self._told = now
            return
        self._told, self._ended = now, ledger.ended
        of = f" of {total}" if total is not None else ""
        self._log.info(
            f"{ledger.ended}{of} mini-batches done ({ledger.items} {self._noun}), {ledger.failed} failed, "
            f"{ledger.failed_items} {self._noun} failed, {ledger.retried} retried."
        )
        metrics = {
            "minibatches_completed": ledger.completed,
            "minibatches_failed": ledger.failed,
            "items_processed": ledger.items,
            "items_failed": ledger.failed_items,
        }
        self._send(metrics if total is None else {**metrics, "minibatches_total": total})


class Metrics:
    """Sends metrics to the job's run, in a thread; a tracking server that is away costs nothing.

    Args:
        env: holds ``MLFLOW_TRACKING_URI``, ``MLFLOW_TRACKING_TOKEN`` and ``MLFLOW_RUN_ID``; without them nothing
            is sent.
    """

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._uri = env.get("MLFLOW_TRACKING_URI", "")
        self._run = env.get("MLFLOW_RUN_ID", "")
        self._token = env.get("MLFLOW_TRACKING_TOKEN", "")
        self._threads: list[threading.Thread] = []
        self._step = 0

    def send(self, metrics: Mapping[str, float]) -> None:
        """Send metrics; returns at once."""
        if not self._uri.startswith("http") or not self._run:
            return
        self._step += 1
        at = int(time.time() * 1000)
        points = [{"key": k, "value": v, "timestamp": at, "step": self._step} for k, v in metrics.items()]
        thread = threading.Thread(target=self._post, args=({"run_id": self._run, "metrics": points},), daemon=True)
        thread.start()
        self._threads = [t for t in self._threads if t.is_alive()] + [thread]

    def finish(self) -> None:
        """Wait a moment for what is under way."""
        deadline = time.monotonic() + _POST_TIMEOUT_S
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _post(self, body: dict[str, object]) -> None:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        request = urllib.request.Request(self._uri + _LOG_BATCH, json.dumps(body).encode(), headers)  # noqa: S310
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(request, timeout=_POST_TIMEOUT_S).close()
        except OSError as error:
            sys.stderr.write(f"[lapis] Progress could not be sent to the run: {error}\n")
