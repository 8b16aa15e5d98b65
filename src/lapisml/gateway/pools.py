"""The replicas of one revision, and the requests that wait for one of them."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

from lapisml.gateway import answers
from lapisml.gateway.calls import Call, Refusal
from lapisml.gateway.doorlinks import DoorLink, Share
from lapisml.gateway.limits import Limits
from lapisml.gateway.links import Link
from lapisml.gateway.standing import Standing
from lapisml.ports.serving import DeploymentRoute, Places, RevisionRecord
from lapisml.scoring.lapis_scoring import frames

RETRY = b"retry-after: 1\r\n"

_GRACE_S = 0.25
"""A replica that keeps its own time limit answers better than the gateway; it gets this much longer, seconds."""
_SETTLE_S = 0.005
"""How long lost calls wait before they are sent again: replicas that die together are all known to be dead then."""
_CALL_FOR_HELP_S = 0.1
_LOAD_EVERY_S = 1.0


class Pool(Standing):
    """One revision.

    Args:
        revision: its name.
        route: how it is served; may be replaced.
        places: where its sockets lie.
        limits: bounds.
        resend: takes a call that a dead replica, or the end of this pool, left without an answer.
    """

    def __init__(
        self, revision: str, route: DeploymentRoute, places: Places, limits: Limits, resend: Callable[[Call], None]
    ) -> None:
        super().__init__(revision, route, places)
        self.resent = 0
        self._limits = limits
        self._resend = resend
        self._called = 0.0

    def apply(self, record: RevisionRecord) -> None:
        """Go by what the keeper says now."""
        is_other_keeper = self.record is not None and self.record.keeper != record.keeper
        self.record = record
        if record.shares or self._shares:
            self._apply_shares(record)
            return
        wanted = {("", replica.number): replica for replica in record.replicas}
        for key, replica in wanted.items():
            link = self._links.get(key)
            if link is None:
                link = self._links[key] = Link(self, replica.number, self._places.replicas / replica.socket)
            link.update(replica, is_other_keeper)
        for key in self._links.keys() - wanted.keys():
            self._links[key].leave()
        self.changed()

    def _apply_shares(self, record: RevisionRecord) -> None:
        """Knock at the doors that there are, and at no others."""
        wanted = {share.name: share for share in record.shares if share.port}
        for name, told in wanted.items():
            share = self._shares.get(name)
            if share is not None and (share.address, share.port) != (told.address, told.port):
                self._shares.pop(name).leave()
                share = None
            if share is None:
                self._shares[name] = Share(self, name, told.address, told.port)
        for name in self._shares.keys() - wanted.keys():
            share = self._shares.pop(name)
            share.leave(now=share.is_doubtful)
            for link in self.links_of(share):
                link.leave()
        self.changed()

    def heard(self, share: Share, is_other_keeper: bool) -> None:
        """Go by what the keeper of another machine says now."""
        if self._shares.get(share.name) is not share or share.record is None:
            return
        wanted = {(share.name, replica.number): replica for replica in share.record.replicas}
        for key, replica in wanted.items():
            link = self._links.get(key)
            if not isinstance(link, DoorLink) or link.share is not share:
                self._drop(link)
                link = self._links[key] = DoorLink(self, share, replica.number)
            link.update(replica, is_other_keeper)
        for key in self._links.keys() - wanted.keys():
            if key[0] == share.name:
                self._links[key].leave()
        self.changed()

    def _drop(self, link: Link | None) -> None:
        """Let go of a connection to a door that is there no longer; what was under way in it goes elsewhere."""
        if link is not None:
            link.give_up()

    def retire(self) -> None:
        """Take no more calls: those that wait go elsewhere, those under way are answered."""
        waiting, self.waiting = self.waiting, deque()
        for share in self._shares.values():
            share.leave(now=False)
        for link in self._links.values():
            link.leave()
        self.changed()
        for call in waiting:
            self._resend(call)

    def submit(self, call: Call, now: float) -> None:
        """Send a call to a replica, or let it wait for one; a copy never waits.

        Args:
            now: monotonic seconds.

        Raises:
            Refusal: 429 when the line is too long, 503 when no replica will come.
        """
        self._arrivals += 1
        call.queued = now
        link = self._free()
        if link is not None:
            self._send(link, call, now)
            return
        if not self._usable:
            self._expect_one(now)
        if call.is_copy:
            raise Refusal(429, "TooManyRequests", "No replica is free for a copy.")
        if call.attempts:  # its replica died: it has waited long enough
            self.waiting.appendleft(call)
            return
        if len(self.waiting) >= self._limits.queued:
            raise Refusal(429, "TooManyRequests", "Too many requests wait for this deployment.", RETRY)
        self.waiting.append(call)

    def answered(self, call: Call, frame: frames.Frame) -> None:
        """Pass on an answer, and give the replica its next call."""
        self._busy_s += time.monotonic() - call.sent
        if self.waiting:
            self._feed()
        client = call.client
        if client is None:
            return
        if not frame.head:
            client.reply(call, 200, answers.JSON, b"", frame.body)
            return
        try:
            head = frames.read_head(frame.head)
            status = int(head.get("status", 200))
            kind = str(head.get("content_type") or "application/json").encode("latin-1", "replace")
            lines = answers.lines(head.get("headers") or ())
        except (frames.FrameError, TypeError, ValueError):
            client.refuse(call, Refusal(500, "Internal", "The replica gave an answer that makes no sense."))
            return
        client.reply(call, status if 200 <= status <= 599 else 500, answers.value(kind), lines, frame.body)

    def lost(self, link: Link, calls: list[Call]) -> None:
        """Send the calls of a dead replica to another one."""
        if self._links.get(link.key) is link and not link.is_usable:
            self.changed()
        calls = [call for call in calls if call.client is not None]
        if calls:
            asyncio.get_running_loop().call_later(_SETTLE_S, self._again, calls)

    def changed(self) -> None:
        """See which replicas are of use now, and give them what waits."""
        if not self._usable:
            self._usable_since = time.monotonic()
        self._links = {key: link for key, link in self._links.items() if not link.is_gone}
        usable = [link for link in self._links.values() if link.is_usable]
        self._usable = [link for link in usable if not link.is_doubtful] or usable if self._shares else usable
        for link in self._usable:
            self.is_raw = link.is_raw
        self._feed()

    def tick(self, now: float) -> None:
        """End what took too long, and tell the keeper of the load.

        Args:
            now: monotonic seconds.
        """
        for link in self._links.values():
            if link.calls:
                self._end_late(link, now)
        for share in self._shares.values():
            share.tick(now)
        self._end_waiting(now)
        since, arrivals = self._told
        if now - since >= _LOAD_EVERY_S:
            if self._arrivals != arrivals or not self.is_idle:
                self._tell_load(now)
            self._told = (now, self._arrivals)
            self._busy_s = 0.0

    def refuse(self, call: Call, refusal: Refusal) -> None:
        """Answer a call without a replica."""
        if call.client is not None:
            call.client.refuse(call, refusal)

    def _send(self, link: Link, call: Call, now: float) -> None:
        if call.method != b"POST" and not link.is_raw:
            self.refuse(call, method_not_allowed())
            return
        link.send(call, now)

    def _feed(self) -> None:
        now = time.monotonic()
        while self.waiting:
            link = self._free()
            if link is None:
                return
            call = self.waiting.popleft()
            if call.client is not None:
                self._send(link, call, now)

    def _again(self, calls: list[Call]) -> None:
        for call in calls:
            if call.client is None:
                continue
            if call.attempts > self._limits.resends:
                sentence = "Replicas went away while they worked on this request."
                self.refuse(call, Refusal(503, "ReplicaLost", sentence, RETRY))
                continue
            self.resent += 1
            self._resend(call)

    def _expect_one(self, now: float) -> None:
        """See to a replica's being started.

        Raises:
            Refusal: none will be.
        """
        if self.has_failed:
            raise Refusal(503, "NoReplica", "This deployment has failed; no replica runs.", RETRY)
        if now - self._called >= _CALL_FOR_HELP_S:
            self._called = now
            self._tell(self.in_flight, len(self.waiting) + 1, 0.0)

    def _end_late(self, link: Link, now: float) -> None:
        limit = self.route.timeout_s + _GRACE_S
        late = []
        for call in link.calls.values():  # in the order in which they were sent
            if now - call.sent < limit:
                break
            late.append(call)
        for call in late:
            if now - call.sent >= 2 * limit:
                link.forget(call)
            if call.client is not None:
                link.cancel(call)
                sentence = f"The deployment did not answer within {self.route.timeout_s:g} seconds."
                self.refuse(call, Refusal(408, "RequestTimeout", sentence))
        if late:
            self._feed()

    def _end_waiting(self, now: float) -> None:
        while self.waiting:
            call = self.waiting[0]
            if call.client is not None and now < self._latest(call):
                return
            self.waiting.popleft()
            if self._usable:
                self.refuse(call, Refusal(429, "TooManyRequests", "No replica was free in time.", RETRY))
            else:
                self.refuse(call, Refusal(503, "NoReplica", "No replica of this deployment is there yet.", RETRY))

    def _latest(self, call: Call) -> float:
        if self._usable:
            return max(call.queued, self._usable_since) + self.route.max_queue_wait_s
        if self.has_failed:
            return 0.0
        return call.queued + max(self.route.timeout_s, self._limits.hold_s)


def method_not_allowed() -> Refusal:
    """Say that only POST is possible."""
    return Refusal(405, "MethodNotAllowed", "Send the request as POST.", b"allow: POST\r\n")
