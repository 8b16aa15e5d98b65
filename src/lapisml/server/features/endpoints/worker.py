"""The thread that makes true what documents of endpoints say: woken by changes and keepers, and looking by itself."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.server.features.endpoints.settle import Round, Settler
from lapisml.server.features.endpoints.topics import TOPIC_ENDPOINTS, TOPIC_SETTLED
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.jobs.topics import TOPIC_NEWS
from lapisml.server.platform.events import EventBus
from lapisml.server.platform.leases import LeaseLostError

_log = logging.getLogger("lapis.endpoints")

RESYNC_S = 2.0
"""How often everything is looked at though nobody called, seconds."""
_IDLE_S = 10.0
"""The same while there is no endpoint."""
_FIRST_LOOK_S, _SLOWEST_LOOK_S = 0.02, 0.5
"""Pause between looks while something is on its way, seconds; it grows while nothing changes."""


class EndpointWorker:
    """Runs a `Settler` for one installation.

    Attributes:
        leased: the right to do so.
        tasks: the slow steps that rounds start.
    """

    def __init__(self, clock: Clock, events: EventBus, leased: SiteLease, settler: Settler, tasks: Tasks) -> None:
        self._clock = clock
        self._events = events
        self.leased = leased
        self.tasks = tasks
        self._settler = settler
        self._stopping = threading.Event()
        self._is_idle = False
        self._held_at = 0
        self._pause = _FIRST_LOOK_S
        self._thread = threading.Thread(target=self._loop, name="endpoint-worker", daemon=True)

    def start(self) -> None:
        """Begin to work; what was left over comes first."""
        self._thread.start()

    def stop(self) -> None:
        """Stop working; gateway and replicas go on by themselves."""
        self._stopping.set()
        self._events.notify(TOPIC_ENDPOINTS)
        self._thread.join(timeout=5)
        self.tasks.close()
        self.leased.release()

    def _loop(self) -> None:
        called = self._events.listen(TOPIC_ENDPOINTS)
        stop_hearing = self._events.on_notify(TOPIC_NEWS, self._hear)
        while not self._stopping.is_set():
            if called.wait(self._round()):
                self._pause = _FIRST_LOOK_S
        stop_hearing()

    def _hear(self) -> None:
        """Pass news of jobs on: some are of keepers."""
        if not self._is_idle:
            self._events.deliver(TOPIC_ENDPOINTS)

    def _round(self) -> float:
        """Look at everything, and give the time until the next look, seconds."""
        try:
            if not self._is_ours():
                return RESYNC_S
            found = self._settler.round()
        except LeaseLostError:
            self._held_at = 0
            _log.warning("endpoint.lease.lost another server acts for this installation now")
        except (LapisError, SQLAlchemyError, OSError) as error:
            _log.warning("endpoint.round.failed reason=%s: %s", type(error).__name__, error)
        except Exception:  # noqa: BLE001 - a thread's boundary: one bad endpoint must not stop the others for good
            _log.exception("endpoint.round.broken")
        else:
            return self._until_next(found)
        return RESYNC_S

    def _is_ours(self) -> bool:
        """Renew the lease now and then; each step that writes looks at it again."""
        now = self._clock.now_ms()
        if now - self._held_at >= RESYNC_S * 1000:
            if not self.leased.hold():
                return False
            self._held_at = now
        return True

    def _until_next(self, found: Round) -> float:
        self._is_idle = found.is_idle
        if found.is_idle:
            return _IDLE_S
        if found.changed:
            self._events.notify(TOPIC_SETTLED)
            self._pause = _FIRST_LOOK_S
        if not found.pending and not found.changed:
            return RESYNC_S
        pause, self._pause = self._pause, min(_SLOWEST_LOOK_S, self._pause * 1.3)
        return pause
