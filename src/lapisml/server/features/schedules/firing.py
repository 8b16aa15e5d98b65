"""Decides for every schedule that is due, writes down what is to fire, and has it submitted.

Written down first: from then on a firing is neither lost nor doubled, whatever ends this server. A lease for each
schedule keeps two servers of one database from doing the same work; that they do nothing twice is up to the row of
the firing, of which there is one for a moment, and to the name of its job.
"""

from __future__ import annotations

import logging
from dataclasses import replace

from sqlalchemy import Connection

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.schedules.missed import MOST_COUNTED, ON_TIME_MS, MissedRuns, Policy, Verdict, decide
from lapisml.server.features.schedules import store
from lapisml.server.features.schedules.documents import run_document, run_mark, run_name
from lapisml.server.features.schedules.records import Firing, FiringState, ScheduleRecord
from lapisml.server.features.schedules.submitting import Submitter
from lapisml.server.platform.database import Database
from lapisml.server.platform.leases import Lease, LeaseLostError, Leases
from lapisml.server.platform.wire import timestamp

_log = logging.getLogger("lapis.schedules")

KEPT_FIRINGS = 500
"""How much of a schedule's history is kept, firings."""
MISSED_PROPERTY = "lapis.missed_runs"
"""Property of a schedule that says what to do about missed runs, in place of the server's setting."""


def lease_name(schedule_id: int) -> str:
    """Name the lease of a schedule."""
    return f"schedule:{schedule_id}"


class Firer:
    """Fires schedules.

    Args:
        policy: what to do about missed runs, where a schedule does not say.
    """

    def __init__(self, database: Database, clock: Clock, leases: Leases, submitter: Submitter, policy: Policy) -> None:
        self._database = database
        self._clock = clock
        self._leases = leases
        self._submitter = submitter
        self._policy = policy

    def round(self) -> bool:
        """Fire what is due, and submit what was left over; say whether there was anything."""
        with self._database.read() as connection:
            found = store.to_attend(connection, self._clock.now_ms())
        for schedule_id in found:
            lease = self._leases.claim(lease_name(schedule_id))
            if lease is not None:  # else another server is about it
                self._attend(schedule_id, lease)
        return bool(found)

    def seconds_left(self) -> float | None:
        """Give the time until the next schedule is due, None when none ever is."""
        with self._database.read() as connection:
            moment = store.next_moment(connection)
        return None if moment is None else max(0.0, (moment - self._clock.now_ms()) / 1000)

    def _attend(self, schedule_id: int, lease: Lease) -> None:
        try:
            with self._leases.applying(lease) as connection:
                schedule = store.get_locked(connection, schedule_id)
                if schedule is None:  # deleted meanwhile
                    return
                if schedule.is_enabled:
                    self._decide(connection, schedule)
                waiting = store.waiting(connection, schedule_id)
            for firing in waiting:
                self._submit(schedule, firing, lease)
        except LeaseLostError:
            _log.warning("schedule.lease.lost another server fires it now")
        finally:
            self._leases.release(lease)

    def _submit(self, schedule: ScheduleRecord, firing: Firing, lease: Lease) -> None:
        if not self._leases.renew(lease):
            raise LeaseLostError(lease.resource)
        self._submitter.try_to_submit(schedule, firing)

    def _decide(self, connection: Connection, schedule: ScheduleRecord) -> None:
        now = self._clock.now_ms()
        if schedule.decided > now:  # the clock was put back: what is due from now on is due again, once
            schedule = _put_back(schedule, now)
        try:
            trigger = schedule.trigger()
        except LapisError as error:
            self._give_up(connection, schedule, error, now)
            return
        verdict = decide(trigger, schedule.decided, now, self._policy_of(schedule))
        for due in verdict.fire:
            name = _run_name(schedule, due)
            document = run_document(schedule.job, schedule.name, name, due)
            store.record(connection, schedule.id, due, name, FiringState.RECORDED, now, document=document)
        self._note_passed_over(connection, schedule, verdict, now)
        decided = max([schedule.decided, *verdict.fire, verdict.last or 0])
        following = trigger.next_after(max(decided, now))
        values = {"decided": decided, "anchor": schedule.anchor, "next_at": following}
        store.change(connection, schedule.id, **values)
        store.forget_old(connection, schedule.id, KEPT_FIRINGS)

    @staticmethod
    def _give_up(connection: Connection, schedule: ScheduleRecord, error: LapisError, now: int) -> None:
        """Let a schedule rest whose trigger can't be read any longer, until it is changed."""
        reason = " ".join([error.message, *(problem.render() for problem in error.problems)])
        store.record(connection, schedule.id, now, _run_name(schedule, now), FiringState.FAILED, now, reason=reason)
        store.change(connection, schedule.id, next_at=None, decided=now)

    @staticmethod
    def _note_passed_over(connection: Connection, schedule: ScheduleRecord, verdict: Verdict, now: int) -> None:
        if verdict.last is None:
            return
        name = _run_name(schedule, verdict.last)
        reason = f"No server ran at {timestamp(verdict.last)}."
        if verdict.passed_over > 1:
            span = f"from {timestamp(verdict.first)} to {timestamp(verdict.last)}"
            least = "at least " if verdict.passed_over >= MOST_COUNTED else ""
            reason = f"No server ran at {least}{verdict.passed_over} moments {span}."
        store.record(connection, schedule.id, verdict.last, name, FiringState.PASSED_OVER, now, reason=reason)

    def _policy_of(self, schedule: ScheduleRecord) -> Policy:
        asked = (schedule.document.get("properties") or {}).get(MISSED_PROPERTY)
        return self._policy if asked is None else Policy(MissedRuns(asked), self._policy.within_ms)


def _run_name(schedule: ScheduleRecord, due: int) -> str:
    return run_name(schedule.name, due, run_mark(schedule.key, due))


def _put_back(schedule: ScheduleRecord, now: int) -> ScheduleRecord:
    """Give a schedule as it is when the clock was put back: the last minute may hold moments that nobody saw."""
    _log.warning("schedule.clock the clock was put back by %s s", (schedule.decided - now) // 1000)
    decided = max(now - ON_TIME_MS, min(now, schedule.updated_at))
    return replace(schedule, decided=decided, anchor=min(schedule.anchor, now))
