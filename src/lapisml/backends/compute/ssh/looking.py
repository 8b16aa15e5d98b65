"""Observing the jobs of a pool: each machine is asked once, all at a time, and losses are told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from lapisml.backends.compute.node import parts
from lapisml.backends.compute.ssh.asking import Asking
from lapisml.backends.compute.ssh.members import LostError, Member, UnsureError, lost, members_of
from lapisml.backends.compute.ssh.placements import Placement, Placements
from lapisml.core.clock import SystemClock
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason, ExitStatus, Handle, JobPhase, Observation, Watch
from lapisml.ports.endings import OUTCOMES

PATIENCE_S = 4.0
"""How long the other machines are kept waiting by one that does not answer."""

_Answers = dict[tuple[int, Watch], Observation]


@dataclass(frozen=True)
class _Plan:
    """Whom to ask about a job.

    Attributes:
        watch: what is asked about the whole.
        asked: machine and what it is asked, one for each part; all machines for a job that is looked for.
        placement: where the job was put; None for a job that is looked for.
        lost: number of the part → what is said of one that is lost, and not asked for.
        known: what is said of the whole without asking.
    """

    watch: Watch
    asked: Sequence[tuple[int, Watch]] = ()
    placement: Placement | None = None
    lost: Mapping[int, Observation] = field(default_factory=dict)
    known: Observation | None = None


class Looking:
    """Observes jobs.

    Args:
        members: the machines.
        placements: where jobs were put.
        compute: the compute's name, for sentences.
    """

    def __init__(self, members: Sequence[Member], placements: Placements, compute: str) -> None:
        self._members = members
        self._placements = placements
        self._compute = compute
        self._asking: Asking[list[Observation]] = Asking(len(members), PATIENCE_S, "ssh-observe")

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Say what is known of each job, in the order asked."""
        plans = [self._plan(watch) for watch in watches]
        answers = self._answers([pair for plan in plans for pair in plan.asked])
        return [plan.known or self._told(plan, answers) for plan in plans]

    def found(self, handle: Handle) -> Placement | None:
        """Look for a job on all machines; None when none has it.

        Raises:
            LapisError: ServerUnreachable when a machine that may have it can't be asked.
        """
        seen = self.observe([Watch(handle)])[0]
        if seen.phase is JobPhase.UNKNOWN and self._placements.get(handle) is None:
            raise LapisError(ErrorCode.SERVER_UNREACHABLE, seen.sentence)
        return self._placements.get(handle)

    def close(self) -> None:
        """Ask no more."""
        self._asking.close()

    def _plan(self, watch: Watch) -> _Plan:
        placement = self._placements.get(watch.handle)
        if placement is None:
            return _Plan(watch, [(member.number, watch) for member in self._members])
        try:
            there = members_of(placement, self._members, self._compute)
        except UnsureError as error:
            self._reach_all()
            return _Plan(watch, known=_unknown(watch, str(error)))
        each = [watch] if len(there) == 1 else parts.watches(watch, len(there))
        lost_ones = {n: self._lose(each[n], n, str(m)) for n, m in enumerate(there) if isinstance(m, LostError)}
        asked = [(m.number, each[n]) for n, m in enumerate(there) if isinstance(m, Member)]
        return _Plan(watch, asked, placement, lost_ones)

    def _answers(self, pairs: Sequence[tuple[int, Watch]]) -> _Answers:
        questions: dict[int, list[Watch]] = {}
        for number, watch in pairs:
            questions.setdefault(number, []).append(watch)
        got = self._asking.ask(questions, self._put, self._late)
        return {
            (number, watch): answer
            for number, watches in questions.items()
            for watch, answer in zip(watches, got[number], strict=True)
        }

    def _put(self, number: int, watches: list[Watch]) -> list[Observation]:
        return self._members[number].backend.observe(watches)

    def _late(self, number: int, watches: list[Watch], seconds: float) -> list[Observation]:
        name = self._members[number].host.name
        return [_unknown(watch, f"{name} has not answered for {seconds:.0f} s.") for watch in watches]

    def _told(self, plan: _Plan, answers: _Answers) -> Observation:
        answered = [answers[pair] for pair in plan.asked]
        if plan.placement is None:
            return self._looked_for(plan.watch, answered)
        count = len(plan.placement.spots)
        places = [n for n in range(count) if n not in plan.lost]
        asked = dict(zip(places, plan.asked, strict=True))
        told = {n: self._or_lost(plan.placement, n, asked[n][0], one) for n, one in zip(places, answered, strict=True)}
        found = [plan.lost[n] if n in plan.lost else told[n] for n in range(count)]
        if count == 1:
            return found[0]
        merged = parts.merged(plan.watch, found)
        for number, by in merged.ends:
            self._end(asked[number][0], parts.part_of(plan.watch.handle, number), by)
        return merged.observation

    def _or_lost(self, placement: Placement, number: int, asked: int, one: Observation) -> Observation:
        """Take a part for lost that its machine had taken and does not have any more.

        Which machine that is is looked at again: the one that was asked may have shown itself just now as another.
        """
        if one.phase is not JobPhase.ABSENT or not placement.given:
            return one
        watch = Watch(one.handle, one.journal_cursor, one.metrics_cursor)
        try:
            there = members_of(placement, self._members, self._compute)[number]
        except UnsureError as error:
            return _unknown(watch, str(error))
        if isinstance(there, Member) and there.number != asked:
            return _unknown(watch, f"Its machine is at {there.host.name} now; it is asked there.")
        name = placement.spots[number].address
        why = lost(name, "it had taken the job, and the job's folder is not there")
        return self._lose(watch, number, str(there if isinstance(there, LostError) else why))

    def _looked_for(self, watch: Watch, found: Sequence[Observation]) -> Observation:
        """Say what all machines together say of a job that none is known to have."""
        have = [number for number, one in enumerate(found) if one.phase not in (JobPhase.ABSENT, JobPhase.UNKNOWN)]
        if have:
            return self._adopted(watch, have[0], found[have[0]])
        silent = [one for one in found if one.phase is JobPhase.UNKNOWN]
        return silent[0] if silent else found[0]

    def _adopted(self, watch: Watch, number: int, first: Observation) -> Observation:
        """Write down where a job was found, with all its parts."""
        spots, count = [self._members[number].spot], 1
        while True:
            part = Watch(replace(watch.handle, part=count))
            seen = self._answers([(member.number, part) for member in self._members])
            has = [n for (n, _part), one in seen.items() if one.phase not in (JobPhase.ABSENT, JobPhase.UNKNOWN)]
            if not has:
                break
            spots.append(self._members[has[0]].spot)
            count += 1
        silent = [one for one in seen.values() if one.phase is JobPhase.UNKNOWN]
        if silent and len(spots) > 1:
            return _unknown(watch, silent[0].sentence)
        if not silent:
            self._placements.put(watch.handle.job, Placement(watch.handle.submit_key, tuple(spots), given=True))
        return first if len(spots) == 1 else self.observe([watch])[0]

    def _lose(self, watch: Watch, part: int, reason: str) -> Observation:
        """Write down that a part is lost, and tell it; it is the same ending ever after."""
        noted = self._placements.note_lost(watch.handle.job, part, reason, SystemClock().now_ms())
        return _gone(watch, *noted)

    def _end(self, number: int, handle: Handle, by: str) -> None:
        try:
            self._members[number].backend.cancel(handle, by=by)
        except LapisError:
            return  # the next observation says so again

    def _reach_all(self) -> None:
        """Have every link that was never up be tried."""
        unread: dict[int, list[Watch]] = {member.number: [] for member in self._members if not member.node}
        self._asking.ask(unread, self._put_nothing, self._late)

    def _put_nothing(self, number: int, _nothing: list[Watch]) -> list[Observation]:
        try:
            self._members[number].backend.link.connect(0.0)
        except LapisError:
            return []
        return []


def _gone(watch: Watch, reason: str, at: int) -> Observation:
    code = EndReason.NODE_LOST
    end = ExitStatus(OUTCOMES[code], code, reason, ended_at=at, cause_at=at)
    return Observation(watch.handle, JobPhase.ENDED, reason, [], watch.journal_after, [], watch.metrics_after, end)


def _unknown(watch: Watch, sentence: str) -> Observation:
    return Observation(watch.handle, JobPhase.UNKNOWN, sentence, [], watch.journal_after, [], watch.metrics_after)
