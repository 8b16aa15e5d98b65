"""How the replicas of one revision are, and what its keepers are told of the requests that are under way."""

from __future__ import annotations

import time
from collections import deque
from pathlib import Path

from lapisml.gateway.calls import Call
from lapisml.gateway.doorlinks import DoorLink, Share
from lapisml.gateway.links import Link
from lapisml.ports.serving import DeploymentRoute, Places, RevisionRecord, tell
from lapisml.runner.serving import doors

_LEAST_SILENT_S, _MOST_SILENT_S = 0.5, 3.0


class Standing:
    """What is known of a revision.

    Args:
        revision: its name.
        route: how it is served; may be replaced.
        places: where its sockets lie.
    """

    def __init__(self, revision: str, route: DeploymentRoute, places: Places) -> None:
        self.revision = revision
        self.route = route
        self.record: RevisionRecord | None = None
        self.waiting: deque[Call] = deque()
        self.is_raw: bool | None = None
        self._places = places
        self._links: dict[tuple[str, int], Link] = {}
        self._shares: dict[str, Share] = {}
        self._usable: list[Link] = []
        self._usable_since = 0.0
        self._arrivals = 0
        self._busy_s = 0.0
        self._told = (time.monotonic(), 0)
        self._control = places.control(revision)

    @property
    def is_available(self) -> bool:
        """Whether a replica answers."""
        return bool(self._usable)

    @property
    def sleeps(self) -> bool:
        """Whether no replica runs until a request comes."""
        return self._state == "zero"

    @property
    def has_failed(self) -> bool:
        """Whether the keeper has given up."""
        return self._state == "failed"

    @property
    def wanted(self) -> int:
        """Replicas that shall run."""
        if self._shares:
            return sum(share.record.wanted for share in self._shares.values() if share.record is not None)
        return self.record.wanted if self.record is not None else 0

    @property
    def certificate(self) -> Path:
        """File with certificate and key for the doors of other machines."""
        return self._places.certificate(self.revision)

    @property
    def silence_s(self) -> float:
        """How long another machine may say nothing before its requests are given to others, seconds."""
        return min(_MOST_SILENT_S, max(_LEAST_SILENT_S, self.route.timeout_s / 2))

    @property
    def _state(self) -> str | None:
        if self._shares:
            known = [share.record.state for share in self._shares.values() if share.record is not None]
            return doors.state_of(known) if known else "starting"
        return self.record.state if self.record is not None else None

    @property
    def ready(self) -> int:
        """Replicas that answer."""
        return len(self._usable)

    @property
    def in_flight(self) -> int:
        """Calls that replicas work on."""
        return sum(len(link.calls) for link in self._links.values())

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is under way."""
        return not self.waiting and not self.in_flight

    def links_of(self, share: Share) -> list[Link]:
        """Give the connections to the replicas of another machine."""
        return [link for link in self._links.values() if isinstance(link, DoorLink) and link.share is share]

    def can_do_without(self, share: Share) -> bool:
        """Say whether replicas elsewhere answer."""
        return any(link.is_usable and not link.is_doubtful for key, link in self._links.items() if key[0] != share.name)

    def _free(self) -> Link | None:
        """Return the replica with the most room."""
        best, most = None, 0
        for link in self._usable:
            room = link.capacity - len(link.calls)
            if room > most:
                best, most = link, room
        return best

    def _tell_load(self, now: float) -> None:
        """Tell how many requests are under way: on the average of the last second, or now if that is more."""
        since, arrivals = self._told
        passed = now - since
        under_way = max(float(self.in_flight), self._busy_s / passed)
        rate = (self._arrivals - arrivals) / passed
        self._tell(under_way, len(self.waiting), rate)

    def _tell(self, under_way: float, queued: int, rate: float) -> None:
        """Tell the keeper of the load, or each keeper of its part."""
        if not self._shares:
            tell(self._control, {"do": "load", "in_flight": under_way, "queued": queued, "rps": rate})
            return
        heard = [share for share in self._shares.values() if share.record is not None and not share.is_doubtful]
        asked = heard or list(self._shares.values())
        parts = doors.split_load(under_way + queued, [share.takes for share in asked])
        for share, part in zip(asked, parts, strict=True):
            share.tell({"do": "load", "in_flight": part, "queued": 0, "rps": rate})
