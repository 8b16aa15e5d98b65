"""The thread that drives pipelines and sweeps: woken when a child ends, and looking by itself every two seconds.

A pass over one job is short and may be repeated; two passes over one job never run at once. All that a driver
knows is in the database, so another server, or this one after its return, goes on where the last one stopped.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState
from lapisml.server.features.jobs import store
from lapisml.server.features.jobs.composites import CompositeJobs
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.topics import TOPIC_CHILDREN
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import LeaseLostError

_log = logging.getLogger("lapis.jobs")

RESYNC_S = 2.0
_THREADS = 4

Key = tuple[int, str]
"""Workspace id and name of a composite job."""


class CompositeDriver(Protocol):
    """What moves one type of composite job on."""

    type: str
    """The type of the documents that it drives."""

    def drive(self, workspace: Workspace, job: JobRecord) -> float | None:
        """Make one pass over a running job: start what can start, end the job when all is done.

        Called when the job begins, whenever a child has ended, and every two seconds.

        Returns:
            In how many seconds it wants to be called at the latest; None when it only waits for children.

        Raises:
            LapisError: the pass is to be made again.
        """
        ...

    def forget(self) -> None:
        """Forget what it remembers of jobs: another server may have driven them meanwhile."""
        ...


class ChildNews:
    """The composite jobs that need attention, collected between two rounds; threads share it."""

    def __init__(self, events: EventBus) -> None:
        self._events = events
        self._lock = threading.Lock()
        self._due: set[Key] = set()

    def tell(self, workspace_id: int, parent: str) -> None:
        """Note that a child of `parent` has ended."""
        with self._lock:
            self._due.add((workspace_id, parent))
        self._events.notify(TOPIC_CHILDREN)

    def take(self) -> set[Key]:
        """Give what came since the last call."""
        with self._lock:
            due, self._due = self._due, set()
        return due


class CompositeWorker:
    """Drives the composite jobs of all servers over one database, while it holds the lease; another does otherwise.

    Args:
        leased: the right to drive them; held and given back here.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: EventBus,
        composites: CompositeJobs,
        workspaces: WorkspaceService,
        leased: SiteLease,
        news: ChildNews,
    ) -> None:
        self._database = database
        self._clock = clock
        self._events = events
        self._composites = composites
        self._workspaces = workspaces
        self._leased = leased
        self._news = news
        self._drivers: dict[str, CompositeDriver] = {}
        self._passes = _Passes(self._pass)
        self._wanted: dict[Key, int] = {}
        self._held_until = 0
        self._term: int | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._retimes = 0
        self._told = 0
        self._thread = threading.Thread(target=self._loop, name="composite-worker", daemon=True)

    def add(self, driver: CompositeDriver) -> None:
        """Take the driver of a type; called while the server is put together."""
        self._drivers[driver.type] = driver

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def stop(self) -> None:
        """Stop working; children go on by themselves."""
        self._stopping.set()
        self._events.notify(TOPIC_CHILDREN)
        self._thread.join(timeout=5)
        self._passes.close()
        self._leased.release()

    def _loop(self) -> None:
        told = self._events.listen(TOPIC_CHILDREN)
        while not self._stopping.is_set():
            try:
                self._round()
            except (LapisError, SQLAlchemyError, OSError) as error:
                _log.warning("composite.round.failed reason=%s: %s", type(error).__name__, error)
            except Exception:  # noqa: BLE001 - a thread's boundary: one bad job must not stop the others for good
                _log.exception("composite.round.broken")
            told.wait(self._rest())

    def _rest(self) -> float:
        """Give how long to sleep at most, seconds: until a driver wants its turn, never beyond the resync."""
        soonest = min(self._wanted.values(), default=None)
        if soonest is None:
            return RESYNC_S
        return min(RESYNC_S, max(0.01, (soonest - self._clock.now_ms()) / 1000))

    def _round(self) -> None:
        now = self._clock.now_ms()
        if not self._is_ours(now):
            return
        due = self._news.take()
        due |= {key for key, at in list(self._wanted.items()) if at <= now}
        if not due and not self._was_only_retimed():  # a resync, a new job, a cancel, or news from another server
            with self._database.read() as connection:
                due = set(store.live_composites(connection))
        for key in due:
            self._wanted.pop(key, None)
            self._passes.ask(key)

    def _is_ours(self, now: int) -> bool:
        """Renew the lease now and then; say whether this server is the one that drives."""
        if now < self._held_until:
            return True
        held = self._leased.hold()
        self._held_until = now + int(RESYNC_S * 1000) if held else 0
        if held and self._leased.term != self._term:
            self._term = self._leased.term
            for driver in self._drivers.values():
                driver.forget()
        return held

    def _was_only_retimed(self) -> bool:
        """Say whether all that woke the thread since the last look were drivers that want an earlier turn."""
        count = self._events.count(TOPIC_CHILDREN)
        with self._lock:
            told, self._told = count - self._told, count
            retimes, self._retimes = self._retimes, 0
        return 0 < told <= retimes

    def _pass(self, key: Key) -> None:
        workspace = self._workspaces.by_id(key[0])
        job = self._composites.find(workspace, key[1])
        if job is None or job.is_over:
            return
        if job.status == JobState.NOT_STARTED:
            job = self._composites.begin(workspace, job)
        if job is None:
            return
        if job.status == JobState.CANCEL_REQUESTED:
            self._cancel(workspace, job)
            return
        rest = self._drivers[job.type].drive(workspace, job)
        if rest is not None:
            self._wanted[key] = self._clock.now_ms() + int(rest * 1000)
            with self._lock:
                self._retimes += 1
            self._events.deliver(TOPIC_CHILDREN)

    def _cancel(self, workspace: Workspace, job: JobRecord) -> None:
        """Ask every child to end; when all have ended, end the job."""
        live = [child for child in self._composites.children(workspace, job.name) if not child.is_over]
        for child in live:
            self._composites.cancel(workspace, child.name, reason=f"'{job.name}' was canceled.")
        if not live:
            self._composites.end(workspace, job, JobState.CANCELED, "Canceled", "Canceled.")


class _Passes:
    """Runs passes on a few threads: never two over one job at once, and one more when it was asked for meanwhile."""

    def __init__(self, run: Callable[[Key], None]) -> None:
        self._run = run
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="composite")
        self._lock = threading.Lock()
        self._busy: set[Key] = set()
        self._again: set[Key] = set()

    def ask(self, key: Key) -> None:
        """Have a pass made soon."""
        with self._lock:
            if key in self._busy:
                self._again.add(key)
                return
            self._busy.add(key)
        self._pool.submit(self._make, key)

    def close(self) -> None:
        """Wait for the passes under way and make no more."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _make(self, key: Key) -> None:
        try:
            self._run(key)
        except LeaseLostError:
            self._held_until = 0
            _log.warning("composite.lease.lost another server drives %s now", key[1])
        except (LapisError, SQLAlchemyError, OSError) as error:
            _log.warning("composite.pass.failed job=%s reason=%s: %s", key[1], type(error).__name__, error)
        except Exception:  # noqa: BLE001 - a thread's boundary: the pass is made again
            _log.exception("composite.pass.broken job=%s", key[1])
        with self._lock:
            self._busy.discard(key)
            again = key in self._again
            self._again.discard(key)
        if again:
            self.ask(key)
