"""What the keepers of a revision's shares say, read through the compute, and put together for gateway and people."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace

from lapisml.core.errors import LapisError
from lapisml.ports import serving
from lapisml.ports.compute import ComputeBackend, Handle
from lapisml.ports.serving import Places, ReplicaRecord, RevisionRecord, ShareRecord
from lapisml.runner.serving import doors
from lapisml.server.features.endpoints.decisions import RUNNING_STATES
from lapisml.server.features.endpoints.records import Revision, RevisionState
from lapisml.server.features.endpoints.share_places import ANY
from lapisml.server.features.endpoints.share_store import Share
from lapisml.server.features.endpoints.spread import total

_LONGEST = 1 << 20

Key = tuple[str, int, int]
"""Revision, machine and attempt."""


class ShareWords:
    """Knows the last word of each keeper, and where its door is.

    Args:
        places: where the record for the gateway lies, and the revisions' certificates.
    """

    def __init__(self, places: Places) -> None:
        self._places = places
        self._words: dict[Key, RevisionRecord] = {}
        self._doors: dict[tuple[Key, int], str] = {}
        self._lock = threading.Lock()

    def look(self, backend: ComputeBackend, share: Share, handle: Handle) -> RevisionRecord | None:
        """Read what a keeper says now; the last that is known where it can't be read."""
        try:
            chunk = backend.read_log(handle, doors.STATE_LOG, 0, _LONGEST)
        except LapisError:
            return self.word(share)
        word = doors.read_record(chunk.data)
        if word is not None and word.revision == share.revision_id:
            with self._lock:
                self._words[_key(share)] = word
        return self.word(share)

    def swagger(self, backend: ComputeBackend, share: Share, handle: Handle) -> None:
        """Fetch the model's OpenAPI document, once."""
        path = self._places.replicas / f"{share.revision_id}.swagger.json"
        word = self.word(share)
        if word is None or word.swagger is None or path.exists():
            return
        try:
            data = backend.read_log(handle, doors.SWAGGER_LOG, 0, _LONGEST).data
        except LapisError:
            return
        if data:
            part = path.with_name(f".{path.name}.tmp")
            part.write_bytes(data)
            part.replace(path)

    def word(self, share: Share) -> RevisionRecord | None:
        """Give the last word of a keeper; None when it has not spoken to this server yet."""
        with self._lock:
            return self._words.get(_key(share))

    def forget(self, revision_id: str) -> None:
        """Forget a revision."""
        with self._lock:
            self._words = {key: word for key, word in self._words.items() if key[0] != revision_id}
            self._doors = {key: found for key, found in self._doors.items() if key[0][0] != revision_id}

    def needs_knock(self, share: Share) -> bool:
        """Say whether it is yet to be found out under which address a share's door can be reached."""
        word = self.word(share)
        return word is not None and bool(word.door) and self.address(share) == ""

    def address(self, share: Share) -> str:
        """Give the address of a share's door as seen from here; empty while there is none known."""
        word = self.word(share)
        with self._lock:
            return self._doors.get((_key(share), word.door), "") if word is not None else ""

    def knock(self, share: Share) -> str:
        """Find out under which address a share's door can be reached; a sentence when under none."""
        word = self.word(share)
        if word is None or not word.door:
            return ""
        own = [] if share.name == ANY else [share.name.partition(" ")[0]]
        tried = list(dict.fromkeys([*own, *word.addresses]))
        pem = self._places.certificate(share.revision_id)
        for address in tried:
            if address and doors.answers(address, word.door, pem, share.revision_id):
                with self._lock:
                    self._doors[_key(share), word.door] = address
                return ""
        return (
            f"The gateway can't reach {share.name} at port {word.door} ({', '.join(tried)}). "
            "Let this machine connect to the ports of that one."
        )

    def tell(self, share: Share, message: Mapping[str, object]) -> bool:
        """Tell a keeper something; False when it could not be told."""
        word, address = self.word(share), self.address(share)
        if word is None or not address:
            return False
        pem = self._places.certificate(share.revision_id)
        try:
            doors.tell_keeper(address, word.door, pem, share.revision_id, message)
        except doors.DoorError:
            return False
        return True

    def publish(self, revision: Revision, shares: Sequence[Share]) -> RevisionRecord:
        """Write the record of a revision for gateway and people, when it has changed; give it.

        What is not known of a share at present is taken from the record before: a server that has just started, or
        whose way to a machine is cut, takes nothing from the gateway.
        """
        path = self._places.record(revision.id)
        before = serving.read(RevisionRecord, path)
        record = self._merged(revision, shares, before)
        if record != before:
            self._places.make()
            serving.write(path, record)
            serving.tell(self._places.wake, {"revision": revision.id})
        return record

    def _merged(self, revision: Revision, shares: Sequence[Share], before: RevisionRecord | None) -> RevisionRecord:
        known = {one.name: one for one in before.shares} if before is not None else {}
        staying = [share for share in shares if not share.leaving]
        told = tuple(self._share(share, known.get(str(share.node))) for share in staying)
        words = {share.node: word for share in staying if (word := self.word(share)) is not None}
        replicas = [_of(share, one) for share in staying for one in _replicas(share, words, before)]
        first = next(iter(words.values()), None)
        failed = next(((s.name, words[s.node]) for s in staying if s.node in words and _failed(words[s.node])), None)
        swagger = self._places.replicas / f"{revision.id}.swagger.json"
        base = RevisionRecord(
            revision.id,
            _state(revision, _reachable(staying, told), failed is not None),
            reason=_reason(told, failed),
            log_tail=failed[1].log_tail if failed is not None else "",
            wanted=sum(_wanted(share, words.get(share.node)) for share in staying),
            replicas=tuple(replicas),
            swagger=str(swagger) if swagger.exists() else None,
            shares=told,
        )
        return replace(base, acceleration=first.acceleration) if first is not None else base

    def _share(self, share: Share, before: ShareRecord | None) -> ShareRecord:
        word = self.word(share)
        if word is None:
            known = before if before is not None else ShareRecord(str(share.node))
            return replace(known, node=share.name, sentence=share.sentence)
        address = self.address(share)
        port = word.door if address else 0
        return ShareRecord(str(share.node), share.name, address, port, word.state, share.sentence)


def _key(share: Share) -> Key:
    return share.revision_id, share.node, share.attempt


def _of(share: Share, replica: ReplicaRecord) -> ReplicaRecord:
    """Give a replica as people see it: what can't be reached is not ready. The gateway goes by what it sees itself."""
    return replace(replica, share=str(share.node), ready=replica.ready and share.away_since is None)


def _replicas(
    share: Share, words: Mapping[int, RevisionRecord], before: RevisionRecord | None
) -> Sequence[ReplicaRecord]:
    if share.node in words:
        return words[share.node].replicas
    return [one for one in before.replicas if one.share == str(share.node)] if before is not None else ()


def _reachable(shares: Sequence[Share], told: Sequence[ShareRecord]) -> list[ShareRecord]:
    """Give what is told of shares whose machines can be asked."""
    return [record for share, record in zip(shares, told, strict=True) if share.away_since is None]


def _failed(word: RevisionRecord) -> bool:
    return word.state == "failed"


def _wanted(share: Share, word: RevisionRecord | None) -> int:
    return word.wanted if word is not None else total(share.scale)


def _state(revision: Revision, shares: Sequence[ShareRecord], has_failed: bool) -> str:
    """Give the state: before it has ever been ready, all machines have to be."""
    if revision.state is RevisionState.STARTING:
        if has_failed:
            return "failed"
        reached = [share.port and share.state in RUNNING_STATES for share in shares if not share.sentence]
        is_whole = bool(reached) and all(reached)
        return doors.state_of([share.state for share in shares]) if is_whole else "starting"
    return doors.state_of([share.state for share in shares if share.port])


def _reason(shares: Sequence[ShareRecord], failed: tuple[str, RevisionRecord] | None) -> str:
    if failed is not None:
        return f"On {failed[0]}: {failed[1].reason}"
    return " ".join(dict.fromkeys(share.sentence for share in shares if share.sentence))
