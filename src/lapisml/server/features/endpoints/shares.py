"""Follows revisions whose replicas run on other machines: a share, which is a job of its own, on each of them.

A machine that can't be reached is no machine that has failed: its share goes on, and the gateway asks it as long as it
answers. After a while the others keep its replicas as well; when it is back, what is too much is told to finish.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.ports.compute import ComputeBackend, JobPhase, Observation, Standing
from lapisml.ports.endings import EndReason
from lapisml.server.features.endpoints import share_store, store
from lapisml.server.features.endpoints.decisions import Verdict, is_over, on_end, on_wait, on_word, pause_ms
from lapisml.server.features.endpoints.hosts import Hosts
from lapisml.server.features.endpoints.records import Revision, RevisionState
from lapisml.server.features.endpoints.share_book import ShareBook, discard, handle_of, turn_of
from lapisml.server.features.endpoints.share_ends import ShareEnds
from lapisml.server.features.endpoints.share_places import AWAY_MS, is_lost, is_there, wanted
from lapisml.server.features.endpoints.share_store import Share
from lapisml.server.features.endpoints.share_words import ShareWords
from lapisml.server.features.endpoints.specification import ServingLauncher
from lapisml.server.features.jobs.finish import PASSING
from lapisml.server.features.jobs.site import SiteLease
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.workspaces.service import Workspace, WorkspaceService
from lapisml.server.platform.database import Database

_log = logging.getLogger("lapis.endpoints")

_LATER_MS = 2_000


class ShareFollower:
    """Brings the shares of revisions up to date; every step may be cut off and done again."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        hosts: Hosts,
        launcher: ServingLauncher,
        workspaces: WorkspaceService,
        leased: SiteLease,
        tasks: Tasks,
        words: ShareWords,
    ) -> None:
        self._database = database
        self._clock = clock
        self._hosts = hosts
        self._launcher = launcher
        self._workspaces = workspaces
        self._leased = leased
        self._tasks = tasks
        self._words = words
        self._book = ShareBook(database, leased)
        self._ends = ShareEnds(self._book, words, tasks, clock)

    def follow(self, revision: Revision) -> tuple[bool, Verdict]:
        """Bring the shares of a revision that is to run, or that failed, up to date.

        Returns:
            Whether anything changed, and what follows for the revision.
        """
        workspace, now = self._workspaces.by_id(revision.workspace_id), self._clock.now_ms()
        try:
            backend = self._backend(workspace, revision)
        except LapisError as error:
            return self._without_compute(revision, error, now)
        if revision.state is RevisionState.FAILED:
            is_over_now = self._ends.finish(workspace, revision, backend, hurry=True)
            return False, Verdict({"ended_at": now} if is_over_now else {})
        standing = self._hosts.standing(workspace, revision, backend)
        changed = self._plan(revision, standing, queues=backend.capabilities.queues)
        shares = self._book.of(revision.id)
        if not shares:
            sentence = standing.sentence or "No machine of its compute can be had at present."
            return changed, on_wait(revision, None, sentence)
        seen = self._book.observe(workspace, backend, shares)
        for share in shares:
            if backend.capabilities.queues and not share.handed_over and not is_there(share, standing):
                changed |= self._without_machine(share)
                continue
            moved, verdict = self._follow(workspace, revision, backend, share, seen[share.node])
            if verdict is not None:
                return True, verdict
            changed |= moved
        return changed, self._judge(revision, seen, now)

    def end(self, revision: Revision) -> tuple[bool, Verdict]:
        """Let the shares of a retired revision end; what follows as in `follow`."""
        workspace, now = self._workspaces.by_id(revision.workspace_id), self._clock.now_ms()
        try:
            backend = self._backend(workspace, revision)
        except LapisError:
            self._ends.drop_all(revision)
            return True, Verdict({"ended_at": now})
        if revision.retired_at is None:
            return True, Verdict({"retired_at": now})
        if self._ends.finish(workspace, revision, backend, hurry=False):
            self._words.forget(revision.id)
            return True, Verdict({"ended_at": now, "waits_for": ""})
        away = [share.name for share in self._book.of(revision.id) if share.away_since is not None]
        sentence = f"{', '.join(away)} can't be reached; what runs there is ended when it can." if away else ""
        return False, Verdict({"waits_for": sentence} if sentence != revision.waits_for else {})

    # ---- which machines

    def _plan(self, revision: Revision, standing: Standing, *, queues: bool) -> bool:
        """See that the machines keep as many replicas as they should; say whether anything changed."""
        shares, now = {one.node: one for one in self._book.of(revision.id)}, self._clock.now_ms()
        found = wanted(revision, standing, list(shares.values()), now, queues=queues)
        if found is None:
            return False
        changed = False
        for node, scale in found.scales.items():
            if node not in shares:
                added = Share(revision.id, node, found.names[node], scale, next_at=now)
                self._book.add(added)
                changed = True
            elif shares[node].scale != scale:
                self._rescale(shares[node], scale)
        for node in found.leaving:
            changed |= self._book.change(shares[node], leaving=True)
        return changed

    def _rescale(self, share: Share, scale: Mapping[str, object]) -> None:
        if not share.handed_over:
            self._book.change(share, scale=scale)
        else:
            self._tasks.run(turn_of(share), partial(self._tell_scale, share, scale))

    def _tell_scale(self, share: Share, scale: Mapping[str, object]) -> bool:
        """Tell a keeper how many replicas it shall have; asked again each round until it was told."""
        return self._words.tell(share, {"do": "scale", "scale": scale}) and self._book.change(share, scale=scale)

    # ---- one share

    def _follow(
        self, workspace: Workspace, revision: Revision, backend: ComputeBackend, share: Share, seen: Observation
    ) -> tuple[bool, Verdict | None]:
        """Bring one share up to date; say whether anything changed, and what follows for the revision at once."""
        now = self._clock.now_ms()
        if share.leaving:
            self._ends.let_go(workspace, revision, backend, share, seen)
            return False, None
        if not share.handed_over:
            if now >= share.next_at:
                self._tasks.run(turn_of(share), partial(self._hand_over, revision.id, share.node))
            return False, None
        if seen.phase is JobPhase.UNKNOWN:
            values = {"away_since": share.away_since or now, "sentence": f"{share.name}: {seen.sentence}"}
            return self._book.change(share, **values), None
        if is_over(seen.phase):
            return self._fall(workspace, revision, backend, share, seen)
        if seen.phase is JobPhase.SUBMITTED and now - (share.started_at or now) >= AWAY_MS:
            values = {"away_since": share.started_at, "sentence": f"{share.name}: {seen.sentence}"}
            return self._book.change(share, **values), None  # no room there: others keep its replicas as well
        self._tasks.run(turn_of(share), partial(self._look, workspace, backend, share))
        if self._words.needs_knock(share):
            return self._book.change(share, away_since=None), None
        return self._book.change(share, away_since=None, sentence=""), None

    def _without_machine(self, share: Share) -> bool:
        """Wait for a machine that left its cluster, until others keep its replicas; say whether anything changed."""
        now = self._clock.now_ms()
        if is_lost(share, now) or share.leaving:
            self._book.remove(share)
            return True
        sentence = f"{share.name} does not belong to its cluster at present."
        return self._book.change(share, away_since=share.away_since or now, sentence=sentence)

    def _look(self, workspace: Workspace, backend: ComputeBackend, share: Share) -> bool:
        """Hear the keeper, and find its door; say whether there is news. Machines may take long to answer."""
        before, handle = self._words.word(share), handle_of(workspace, share)
        word = self._words.look(backend, share, handle)
        self._words.swagger(backend, share, handle)
        if not self._words.needs_knock(share):
            return word != before
        self._book.change(share, sentence=self._words.knock(share))
        return word != before or bool(self._words.address(share))

    def _fall(
        self, workspace: Workspace, revision: Revision, backend: ComputeBackend, share: Share, seen: Observation
    ) -> tuple[bool, Verdict | None]:
        """Start a share again whose job has ended, or fail the revision that could never be served."""
        now = self._clock.now_ms()
        word = self._words.look(backend, share, handle_of(workspace, share))
        like = replace(revision, attempt=share.attempt, tries=share.tries, started_at=share.started_at)
        found = on_end(like, seen.exit, word, now).changes
        reason = seen.exit.reason if seen.exit else seen.sentence
        _log.warning("endpoint.share.ended revision=%s node=%s reason=%s", revision.id, share.name, reason)
        if found.get("state") == RevisionState.FAILED.value:
            found.pop("ended_at", None)
            return True, Verdict({**found, "reason": f"On {share.name}: {found['reason']}"})
        values = {key: found[key] for key in ("attempt", "tries", "handed_over", "next_at")}
        away = (share.away_since or now) if seen.exit and seen.exit.reason_code is EndReason.NODE_LOST else None
        changed = self._book.change(share, **values, away_since=away, sentence=f"{share.name}: {reason}")
        if changed:
            discard(workspace, backend, share)
        return changed, None

    def _hand_over(self, revision_id: str, node: int) -> bool:
        """Give a share to its machine."""
        with self._database.read() as connection:
            revision = store.revision(connection, revision_id)
            share = next((one for one in share_store.of_revision(connection, revision_id) if one.node == node), None)
        if revision is None or share is None or not revision.wants_to_run or share.handed_over or share.leaving:
            return False
        workspace, now = self._workspaces.by_id(revision.workspace_id), self._clock.now_ms()
        try:
            backend = self._backend(workspace, revision)
            queues = backend.capabilities.queues
            backend.submit(self._launcher.share(workspace, revision, share, queues=queues))
        except LapisError as error:
            return self._not_handed_over(revision, share, error)
        return self._book.change(share, handed_over=True, started_at=now, away_since=None, sentence="")

    def _not_handed_over(self, revision: Revision, share: Share, error: LapisError) -> bool:
        now, sentence = self._clock.now_ms(), f"{share.name}: {error.message}"
        if error.code in PASSING:
            values = {"next_at": now + _LATER_MS, "away_since": share.away_since or now, "sentence": sentence}
            return self._book.change(share, **values)
        if revision.state is RevisionState.STARTING:
            failed = {"state": RevisionState.FAILED.value, "reason": f"On {share.name}: {error}"}
            with self._leased.write() as connection:
                return store.change_revision(connection, revision.id, revision.attempt, **failed)
        tries = share.tries + 1
        return self._book.change(share, tries=tries, next_at=now + max(_LATER_MS, pause_ms(tries)), sentence=sentence)

    def _without_compute(self, revision: Revision, error: LapisError, now: int) -> tuple[bool, Verdict]:
        """Say what follows when the compute is attached no longer: nobody can look after what runs there."""
        if revision.state is RevisionState.FAILED:
            self._ends.drop_all(revision)
            return True, Verdict({"ended_at": now})
        if revision.state is RevisionState.STARTING:
            return True, Verdict({"state": RevisionState.FAILED.value, "reason": str(error)})
        return False, Verdict({"reason": str(error)} if revision.reason != str(error) else {})

    # ---- what is known

    def _judge(self, revision: Revision, seen: Mapping[int, Observation], now: int) -> Verdict:
        record = self._words.publish(revision, self._book.of(revision.id))
        if revision.state is RevisionState.STARTING and record.state == "starting":
            told = (one.sentence for one in seen.values() if one.phase is not JobPhase.ABSENT and one.sentence)
            waits = record.reason or next(told, "")
            return on_wait(revision, None if waits else record, waits)
        verdict = on_word(replace(revision, tries=0), record, now)
        if revision.reason and record.state in ("ready", "zero"):
            return replace(verdict, changes={**verdict.changes, "reason": "", "log_tail": ""})
        return replace(verdict, end_job=False)

    def _backend(self, workspace: Workspace, revision: Revision) -> ComputeBackend:
        found = self._hosts.backend(workspace, revision)
        assert found is not None  # only revisions that name a compute come here
        return found
