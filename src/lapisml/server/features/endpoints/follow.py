"""Follows revisions: hands them over, hears what becomes of them, ends those that nobody asks any more."""

from __future__ import annotations

import contextlib
import logging
from functools import partial

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.ports import serving
from lapisml.ports.compute import ComputeBackend, Observation, Watch
from lapisml.ports.serving import Places, RevisionRecord
from lapisml.server.features.endpoints import store
from lapisml.server.features.endpoints.decisions import Verdict, is_over, on_end, on_wait, on_word, pause_ms
from lapisml.server.features.endpoints.hosts import compute_of
from lapisml.server.features.endpoints.parts import limits_of
from lapisml.server.features.endpoints.records import Revision, RevisionState
from lapisml.server.features.endpoints.runs import handle_of
from lapisml.server.features.endpoints.shares import ShareFollower
from lapisml.server.features.endpoints.specification import ServingLauncher
from lapisml.server.features.jobs.finish import PASSING
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database
from lapisml.server.platform.processes import ProcessIdentity

_log = logging.getLogger("lapis.endpoints")

_LATER_MS = 2_000
"""How long a hand-over waits that met a store or a disk which does not work, milliseconds."""
_DRAIN_MS = 10_000
"""What a revision that was told to finish is given beyond the time limit of a request, milliseconds."""


class RevisionFollower:
    """Brings revisions up to date; every step may be cut off and done again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        backend: ComputeBackend,
        launcher: ServingLauncher,
        workspaces: WorkspaceService,
        leased: SiteLease,
        tasks: Tasks,
        places: Places,
        shares: ShareFollower,
    ) -> None:
        self._database = database
        self._clock = clock
        self._backend = backend
        self._launcher = launcher
        self._workspaces = workspaces
        self._leased = leased
        self._tasks = tasks
        self._places = places
        self._shares = shares
        self._read_to: dict[str, tuple[int, int]] = {}

    def follow(self, revisions: list[Revision]) -> bool:
        """Bring the revisions that are to run, and those that failed, up to date; say whether anything changed."""
        changed = False
        for one in revisions:
            if one.state is not RevisionState.RETIRED:
                changed |= self._follow(one)
        return changed

    def end(self, revisions: list[Revision]) -> bool:
        """Let revisions end that the gateway no longer knows; say whether anything changed."""
        changed = False
        for one in revisions:
            changed |= self._end(one)
        return changed

    def _follow(self, revision: Revision) -> bool:
        if compute_of(revision) is not None:
            changed, verdict = self._shares.follow(revision)
            if not revision.handed_over and revision.wants_to_run:
                verdict = Verdict({"handed_over": True, "started_at": self._clock.now_ms(), **verdict.changes})
            return self._write(revision, verdict) or changed
        if revision.wants_to_run and not revision.handed_over:
            if self._clock.now_ms() >= revision.next_at:
                self._tasks.run(_task(revision), partial(self._hand_over, revision.id))
            return False
        observation = self._observe(revision)
        now = self._clock.now_ms()
        if revision.state is RevisionState.FAILED:
            if is_over(observation.phase):
                return self._write(revision, Verdict({"ended_at": now}))
            self._backend.cancel(observation.handle, by="the server: the deployment failed")
            return False
        word = serving.read(RevisionRecord, self._places.record(revision.id))
        if is_over(observation.phase):
            return self._fall(revision, observation, word, now)
        current = word if word is not None and _is_current(word) else None
        waiting = on_wait(revision, current, observation.sentence)
        if current is None or waiting.changes:
            return self._write(revision, waiting)
        return self._write(revision, on_word(revision, current, now))

    def _fall(self, revision: Revision, observation: Observation, word: RevisionRecord | None, now: int) -> bool:
        verdict = on_end(revision, observation.exit, word, now)
        _log.warning(
            "endpoint.revision.ended revision=%s attempt=%s reason=%s",
            revision.id,
            revision.attempt,
            observation.exit.reason if observation.exit else observation.sentence,
        )
        self._discard(revision, revision.attempt - 1)
        return self._write(revision, verdict)

    def _hand_over(self, revision_id: str) -> bool:
        """Give a revision to its compute; the keeper's first word wakes this server again."""
        with self._database.read() as connection:
            revision = store.revision(connection, revision_id)
        if revision is None or not revision.wants_to_run or revision.handed_over:
            return False
        try:
            self._places.make()
            self._backend.submit(self._launcher.specification(self._workspace(revision), revision))
        except LapisError as error:
            return self._not_handed_over(revision, error)
        return self._write(revision, Verdict({"handed_over": True, "started_at": self._clock.now_ms()}))

    def _not_handed_over(self, revision: Revision, error: LapisError) -> bool:
        now = self._clock.now_ms()
        if error.code in PASSING:
            _log.warning("endpoint.hand_over.later revision=%s reason=%s", revision.id, error.message)
            return self._write(revision, Verdict({"next_at": now + _LATER_MS}))
        if revision.state is RevisionState.STARTING:
            failed = {"state": RevisionState.FAILED.value, "reason": str(error), "ended_at": now}
            return self._write(revision, Verdict(failed))
        tries = revision.tries + 1
        again = {"reason": str(error), "tries": tries, "next_at": now + max(_LATER_MS, pause_ms(tries))}
        return self._write(revision, Verdict(again))

    def _end(self, revision: Revision) -> bool:
        if compute_of(revision) is not None:
            changed, verdict = self._shares.end(revision)
            if "ended_at" in verdict.changes:
                self._remove_files(revision)
            return self._write(revision, verdict) or changed
        observation = self._observe(revision)
        now = self._clock.now_ms()
        if is_over(observation.phase):
            self._tasks.run(_task(revision), partial(self._ended, revision.id))
            return False
        if revision.retired_at is None:
            serving.tell(self._places.control(revision.id), {"do": "drain"})
            return self._write(revision, Verdict({"retired_at": now}))
        limit = float(limits_of(revision.document).get("timeout_s", 5.0)) * 1000 + _DRAIN_MS
        word = serving.read(RevisionRecord, self._places.record(revision.id))
        speaks = word is not None and _is_current(word)
        if not speaks or now - revision.retired_at > limit:
            self._backend.cancel(observation.handle, by="the server: the revision is replaced")
        return False

    def _ended(self, revision_id: str) -> bool:
        """Note that nothing of a retired revision runs: looked at once more, on the thread of its hand-over."""
        with self._database.read() as connection:
            revision = store.revision(connection, revision_id)
        if revision is None or revision.ended_at is not None or not is_over(self._observe(revision).phase):
            return False
        for attempt in range(max(1, revision.attempt - 1), revision.attempt + 1):
            self._discard(revision, attempt)
        self._remove_files(revision)
        for attempt in range(1, revision.attempt + 1):
            self._read_to.pop(revision.job_of(attempt), None)
        return self._write(revision, Verdict({"ended_at": self._clock.now_ms()}))

    def _discard(self, revision: Revision, attempt: int) -> None:
        """Remove the folder of an attempt that is over."""
        if attempt < 1:
            return
        with contextlib.suppress(LapisError, OSError):
            self._backend.discard(handle_of(self._workspace(revision), revision, attempt))

    def _remove_files(self, revision: Revision) -> None:
        for path in self._places.replicas.glob(f"{revision.id}.*"):
            path.unlink(missing_ok=True)

    def _observe(self, revision: Revision) -> Observation:
        """Ask the compute; what its job wrote before is not read again."""
        read_to = self._read_to.get(revision.job, (0, 0))
        watch = Watch(handle_of(self._workspace(revision), revision), *read_to)
        observation = self._backend.observe([watch])[0]
        cursors = zip((observation.journal_cursor, observation.metrics_cursor), read_to, strict=True)
        journal, metrics = (max(new, old) for new, old in cursors)
        self._read_to[revision.job] = (journal, metrics)
        return observation

    def _workspace(self, revision: Revision) -> Workspace:
        return self._workspaces.by_id(revision.workspace_id)

    def _write(self, revision: Revision, verdict: Verdict) -> bool:
        if verdict.changes:
            with self._leased.write() as connection:
                changed = store.change_revision(connection, revision.id, revision.attempt, **verdict.changes)
        else:
            changed = False
        if verdict.end_job:
            handle = handle_of(self._workspace(revision), revision)
            self._backend.cancel(handle, by="the server: the deployment failed")
        return changed


def _is_current(word: RevisionRecord) -> bool:
    """Say whether the keeper that wrote this still runs: what a dead one wrote is no news."""
    keeper = word.keeper
    if not isinstance(keeper, dict):
        return False
    try:
        identity = ProcessIdentity(int(keeper["pid"]), str(keeper["boot_id"]), int(keeper["start_ticks"]))
    except (KeyError, TypeError, ValueError):
        return False
    return identity.is_running()


def _task(revision: Revision) -> int:
    """Give the number under which steps of a revision take turns."""
    return int(revision.id, 16)
