"""Lets shares end that are not wanted any more: they finish what they work on first."""

from __future__ import annotations

import contextlib
from functools import partial

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.ports.compute import ComputeBackend, Handle, JobPhase, Observation
from lapisml.server.features.endpoints.decisions import is_over
from lapisml.server.features.endpoints.parts import limits_of
from lapisml.server.features.endpoints.records import Revision
from lapisml.server.features.endpoints.share_book import ShareBook, discard, handle_of, turn_of
from lapisml.server.features.endpoints.share_store import Share
from lapisml.server.features.endpoints.share_words import ShareWords
from lapisml.server.features.jobs.tasks import Tasks
from lapisml.server.features.workspaces.service import Workspace

_DRAIN_MS = 10_000


class ShareEnds:
    """Ends shares; every step may be cut off and done again.

    Args:
        book: the shares.
        words: of their keepers.
        tasks: where what may take long is done.
        clock: the server's.
    """

    def __init__(self, book: ShareBook, words: ShareWords, tasks: Tasks, clock: Clock) -> None:
        self._book = book
        self._words = words
        self._tasks = tasks
        self._clock = clock

    def finish(self, workspace: Workspace, revision: Revision, backend: ComputeBackend, *, hurry: bool) -> bool:
        """Let all shares of a revision end; True when nothing of them is left.

        Args:
            hurry: whether what they work on need not be awaited.
        """
        shares = self._book.of(revision.id)
        seen = self._book.observe(workspace, backend, shares)
        for share in shares:
            self.let_go(workspace, revision, backend, share, seen[share.node], hurry=hurry)
        return not self._book.of(revision.id)

    def let_go(
        self,
        workspace: Workspace,
        revision: Revision,
        backend: ComputeBackend,
        share: Share,
        seen: Observation,
        *,
        hurry: bool = False,
    ) -> None:
        """Let a share finish what it has, end it, and forget it when it has ended."""
        now, handle = self._clock.now_ms(), handle_of(workspace, share)
        if is_over(seen.phase):
            self._tasks.run(turn_of(share), partial(self._gone, workspace, backend, share))
        elif seen.phase is JobPhase.UNKNOWN:
            self._book.change(share, leaving=True, away_since=share.away_since or now)
        elif share.retired_at is None:
            self._tasks.run(turn_of(share), partial(self._drain, backend, share, handle))
            self._book.change(share, leaving=True, retired_at=now, away_since=None)
        else:
            limit = float(limits_of(revision.document).get("timeout_s", 5.0)) * 1000 + _DRAIN_MS
            if hurry or now - share.retired_at > limit or not self._words.address(share):
                self._tasks.run(turn_of(share), partial(_cancel, backend, handle))

    def drop_all(self, revision: Revision) -> None:
        """Forget the shares of a revision whose compute is attached no longer."""
        self._book.remove(*self._book.of(revision.id))
        self._words.forget(revision.id)

    def _gone(self, workspace: Workspace, backend: ComputeBackend, share: Share) -> bool:
        """Forget a share that has ended: looked at once more, on the thread of its hand-over."""
        if not is_over(self._book.observe(workspace, backend, [share])[share.node].phase):
            return False
        discard(workspace, backend, share)
        self._book.remove(share)
        return True

    def _drain(self, backend: ComputeBackend, share: Share, handle: Handle) -> bool:
        self._words.look(backend, share, handle)
        if not self._words.address(share):
            self._words.knock(share)
        return self._words.tell(share, {"do": "drain"})


def _cancel(backend: ComputeBackend, handle: Handle) -> bool:
    """End a share's job; asked again as long as it runs."""
    with contextlib.suppress(LapisError):
        backend.cancel(handle, by="the server: these replicas are not needed here any more")
    return False
