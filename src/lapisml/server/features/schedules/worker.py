"""The thread that fires schedules: it sleeps until the next is due, and is woken when one changes."""

from __future__ import annotations

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import LapisError
from lapisml.server.features.schedules.firing import Firer
from lapisml.server.features.schedules.topics import TOPIC_FIRED, TOPIC_SCHEDULES
from lapisml.server.platform.events import EventBus

_log = logging.getLogger("lapis.schedules")

RESYNC_S = 10.0
"""How often everything is looked at even though nothing is due, seconds: clocks may be set, machines may sleep."""
_SHORTEST_S = 0.25
"""The least pause after a round that left something over, seconds."""


class ScheduleWorker:
    """Runs a `Firer`."""

    def __init__(self, events: EventBus, firer: Firer) -> None:
        self._events = events
        self._firer = firer
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="schedule-worker", daemon=True)

    def start(self) -> None:
        """Begin; what is due, and what was left over, comes first."""
        self._thread.start()

    def stop(self) -> None:
        """End after the firing under way."""
        self._stopping.set()
        self._events.notify(TOPIC_SCHEDULES)
        self._thread.join(timeout=5)

    def _loop(self) -> None:
        changed = self._events.listen(TOPIC_SCHEDULES)
        while not self._stopping.is_set():
            changed.wait(self._round())

    def _round(self) -> float:
        """Fire what is due and give the time to sleep, seconds."""
        try:
            if self._firer.round():
                self._events.notify(TOPIC_FIRED)
            left = self._firer.seconds_left()
        except (LapisError, SQLAlchemyError, OSError) as error:
            _log.warning("schedule.round.failed reason=%s: %s", type(error).__name__, error)
        except Exception:  # noqa: BLE001 - a thread's boundary: one bad schedule must not stop the others for good
            _log.exception("schedule.round.broken")
        else:
            return RESYNC_S if left is None else min(RESYNC_S, max(_SHORTEST_S if left == 0 else 0.001, left))
        return RESYNC_S
