"""Slow steps of single jobs, a few at a time, never two of one job at once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

_log = logging.getLogger("lapis.jobs")


class Tasks:
    """Runs steps on a few threads; a step for a job that has one under way is left out.

    Whoever asks for a step asks again at the next round as long as it is due, so leaving one out loses nothing.

    Args:
        after: called, on the step's thread, when a step has ended its job.
    """

    def __init__(self, threads: int, after: Callable[[], None]) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="job-step")
        self._after = after
        self._lock = threading.Lock()
        self._busy: set[int] = set()

    @property
    def is_busy(self) -> bool:
        """Whether a step is under way."""
        with self._lock:
            return bool(self._busy)

    def run(self, job: int, step: Callable[[], bool]) -> None:
        """Start a step of a job unless one is under way; the step says whether it ended the job."""
        with self._lock:
            if job in self._busy:
                return
            self._busy.add(job)
        self._pool.submit(self._run, job, step)

    def close(self) -> None:
        """Wait for the steps under way and start no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run(self, job: int, step: Callable[[], bool]) -> None:
        ended = False
        try:
            ended = step()
        except Exception:  # noqa: BLE001 - a thread's boundary: the step is tried again, the others go on
            _log.exception("job.step.failed job=%s", job)
        finally:
            with self._lock:
                self._busy.discard(job)
        if ended:
            self._after()
