"""The thread that moves jobs on: woken by news at once, and looking by itself every two seconds."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.server.features.jobs.dispatch import Dispatcher
from lapisml.server.features.jobs.lanes import GATHER_S, RESYNC_S, Lanes
from lapisml.server.features.jobs.oversee import Overseer
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.jobs.topics import TOPIC_LINE, TOPIC_MOVED, TOPIC_NEWS
from lapisml.server.features.jobs.wake import WakeListener
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import LeaseLostError

_log = logging.getLogger("lapis.jobs")


class JobWorker:
    """Runs `Dispatcher` and `Overseer` for one installation, and looks after the lanes of attached computes."""

    def __init__(
        self,
        clock: Clock,
        events: EventBus,
        leased: SiteLease,
        dispatcher: Dispatcher,
        overseer: Overseer,
        tasks: Tasks,
        wake: WakeListener,
        lanes: Lanes,
    ) -> None:
        self._clock = clock
        self._events = events
        self._leased = leased
        self._dispatcher = dispatcher
        self._overseer = overseer
        self._tasks = tasks
        self._wake = wake
        self._lanes = lanes
        self._stopping = threading.Event()
        self._lines_due = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="job-worker", daemon=True)
        self._synced_at = 0

    def start(self) -> None:
        """Begin to work."""
        self._wake.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop working; jobs go on by themselves."""
        self._stopping.set()
        self._events.notify(TOPIC_NEWS)
        self._thread.join(timeout=5)
        self._wake.stop()
        self._lanes.stop()
        self._tasks.close()
        self._leased.release()

    def _loop(self) -> None:
        news = self._events.listen(TOPIC_NEWS)
        stop_passing_on = self._events.on_notify(TOPIC_LINE, self._line_moved)
        while not self._stopping.is_set():
            try:
                self._round()
            except LeaseLostError:
                _log.warning("job.lease.lost another server acts for this installation now")
            except (LapisError, SQLAlchemyError, OSError) as error:
                _log.warning("job.round.failed reason=%s: %s", type(error).__name__, error)
            except Exception:  # noqa: BLE001 - a thread's boundary: one bad job must not stop the others for good
                _log.exception("job.round.broken")
            if news.wait(RESYNC_S):
                self._stopping.wait(GATHER_S)
        stop_passing_on()

    def _line_moved(self) -> None:
        self._lines_due.set()
        self._events.deliver(TOPIC_NEWS)

    def _round(self) -> None:
        now = self._clock.now_ms()
        names: set[str] | None = self._wake.take()
        is_due = now - self._synced_at >= RESYNC_S * 1000
        if is_due:
            if not self._leased.hold():
                self._lanes.tend()  # those may be ours
                return
            self._lines_due.set()
            names, self._synced_at = None, now
        given = 0
        if self._lines_due.is_set():
            self._lines_due.clear()
            given = self._dispatcher.dispatch()
        if is_due or given:
            self._lanes.tend()
        self._overseer.oversee(names)
        self._events.deliver(TOPIC_MOVED)
