"""One job made of its parts: what n observations say together. Pure.

A job on several machines is n parts, each with its own supervisor and folder (`lapisml.runner.parts`). Part 0 leads:
phases and journal are its; of the others the warnings are told, and their system metrics under names of their own.

* **Nothing is ended early.** The job has ended when all parts have; until then the end of part 0 is kept back.
* **The first failure wins**, whichever part it is in and in whatever order the parts are seen: what counts is when it
  came about (`ExitStatus.cause_at`), in the server's time. A person's request to cancel wins over what it brought
  about; so does the loss of a machine, which is seen later than the failures that it causes elsewhere.
* **It ends the others**: `Merged.ends` says which parts are to be cancelled, and in whose name.
* **What can't be learnt of one part** makes the whole `JobPhase.UNKNOWN`, never an ending.
* A part 0 that is ABSENT makes the job ABSENT, so that it is handed over again: parts are submitted in reverse order,
  so a job whose part 0 is there was submitted whole. Another part that is ABSENT then was taken away with its machine's
  disk, and counts as lost. An engine whose parts come one by one says SUBMITTED of those that have not yet.

* **Parts that only help** (`Help`, the crews of a mini-batch job): while the first part works, nothing that becomes of
  spare ones ends anything, nor does silence of theirs. Once it has ended, those that have not come to their end are
  ended; those that can't be asked are not waited for if they are spare.

The cursor of the whole holds those of the parts, so nothing must be remembered between two observations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lapisml.ports.compute import (
    EndReason,
    ExitStatus,
    Handle,
    Help,
    JobPhase,
    JournalEntry,
    MetricSample,
    Observation,
    Outcome,
    Watch,
)

_BITS = 40
"""Of each field of a cursor: a journal of a tebibyte."""
_ORDER = [phase.value for phase in tuple(JobPhase)[tuple(JobPhase).index(JobPhase.PREPARING) :]]
_BY = "Lapis, because "
_SERVED = f"{_BY}node 0 has ended"
_SILENT = frozenset({JobPhase.UNKNOWN, JobPhase.ABSENT})
_EARLY = frozenset({JobPhase.SUBMITTED, JobPhase.PREPARING, JobPhase.STARTING, JobPhase.RUNNING})
_LOSSES = frozenset({EndReason.NODE_LOST, EndReason.MACHINE_RESTARTED, EndReason.ENDED_BY_COMPUTE})
_LONGEST_BY = 300


@dataclass(frozen=True)
class Merged:
    """What is known of a whole job.

    Attributes:
        observation: of the job.
        ends: parts that are to be cancelled now, and in whose name.
    """

    observation: Observation
    ends: Sequence[tuple[int, str]] = ()


def watches(watch: Watch, count: int) -> list[Watch]:
    """Return what each part is asked for, from what the whole is asked for."""
    journal, metrics = _Cursor.read(watch.journal_after, count), _Cursor.read(watch.metrics_after, count)
    return [
        Watch(part_of(watch.handle, number), journal.parts[number], metrics.parts[number]) for number in range(count)
    ]


def part_of(handle: Handle, number: int) -> Handle:
    """Return the handle of a part, from the job's."""
    return replace(handle, part=number)


def merged(watch: Watch, parts: Sequence[Observation]) -> Merged:
    """Say of a job what its parts say.

    Args:
        watch: what was asked about the whole.
        parts: answers to `watches`, in that order.
    """
    found = [_or_lost(number, part, parts) for number, part in enumerate(parts)]
    phase, sentence, end = _led(found) if parts[0].help is Help.SPARE else _standing(found)
    journal, after = _journal(_Cursor.read(watch.journal_after, len(found)), found, end)
    metrics, metrics_after = _metrics(_Cursor.read(watch.metrics_after, len(found)), found)
    whole = Observation(watch.handle, phase, sentence, journal, after.packed(), metrics, metrics_after.packed(), end)
    return Merged(whole, _ends(found))


def verdict(ends: Sequence[ExitStatus]) -> ExitStatus:
    """Say how a job ended whose parts have all ended; the same for the same endings, in whatever order they came.

    Args:
        ends: of the parts, in their order.
    """
    number = _decisive(ends)
    chosen = ends[number]
    starts = [end.started_at for end in ends if end.started_at is not None]
    return replace(
        chosen,
        reason=_named(number, chosen),
        started_at=min(starts) if starts else None,
        ended_at=max(end.ended_at for end in ends),
    )


def _decisive(ends: Sequence[ExitStatus]) -> int:
    """Return the part whose ending is the job's."""
    numbers = range(len(ends))
    asked = [n for n in numbers if ends[n].reason_code is EndReason.CANCELED and not _is_ours(ends[n])]
    if asked:
        return asked[0]
    failed = [n for n in numbers if ends[n].reason_code not in (EndReason.SUCCEEDED, EndReason.CANCELED)]
    lost = [n for n in failed if ends[n].reason_code in _LOSSES]
    if failed:
        return min(lost or failed, key=lambda n: (_when(ends[n]), n))
    if _was_served(ends[0], ends):
        return 0
    return next((n for n in numbers if ends[n].reason_code is EndReason.CANCELED), 0)


def _was_served(lead: ExitStatus, ends: Sequence[ExitStatus]) -> bool:
    """Say whether those that were ended were ended because the first part needed them no more."""
    canceled = [end for end in ends if end.reason_code is EndReason.CANCELED]
    return lead.outcome is Outcome.COMPLETED and all(f" by {_SERVED}" in end.reason for end in canceled)


def _when(end: ExitStatus) -> int:
    return end.ended_at if end.cause_at is None else end.cause_at


def _is_ours(end: ExitStatus) -> bool:
    """Say whether a part was cancelled because another had failed."""
    return end.reason_code is EndReason.CANCELED and f" by {_BY}" in end.reason


def _named(number: int, end: ExitStatus) -> str:
    """Say in a reason which machine it is of; ranks say it themselves."""
    if end.reason_code in (EndReason.SUCCEEDED, EndReason.CANCELED) or "(node " in end.reason.partition(":")[0]:
        return end.reason
    return f"Node {number}: {end.reason}"


def _or_lost(number: int, part: Observation, parts: Sequence[Observation]) -> Observation:
    """Turn a part that is not there any more into one that was lost."""
    lead = parts[0]
    if number == 0 or part.phase is not JobPhase.ABSENT or lead.phase in (JobPhase.ABSENT, JobPhase.UNKNOWN):
        return part
    reason = "The machine has lost its share of the job: the job's folder is not there any more."
    at = lead.exit.ended_at if lead.exit is not None else 0
    return replace(
        part,
        phase=JobPhase.ENDED,
        exit=ExitStatus(Outcome.FAILED, EndReason.NODE_LOST, reason, ended_at=at, cause_at=at),
    )


def _standing(found: Sequence[Observation]) -> tuple[JobPhase, str, ExitStatus | None]:
    lead = found[0]
    if lead.phase is JobPhase.ABSENT:
        return JobPhase.ABSENT, lead.sentence, None
    for number, part in enumerate(found):
        if part.phase in _SILENT:
            return JobPhase.UNKNOWN, f"Node {number}: {part.sentence}", None
    ends = [part.exit for part in found if part.exit is not None]
    if len(ends) == len(found):
        end = verdict(ends)
        return JobPhase.ENDED, end.reason, end
    if lead.exit is None:
        return lead.phase, lead.sentence, None
    return JobPhase.FINALIZING, f"Waiting for {_nodes(found)} to end.", None


def _led(found: Sequence[Observation]) -> tuple[JobPhase, str, ExitStatus | None]:
    """Say how a job stands whose first part says all."""
    lead = found[0]
    if lead.exit is None:
        return lead.phase, lead.sentence, None
    live = [part for part in found if part.exit is None and part.phase not in _SILENT]
    if live:
        return JobPhase.FINALIZING, f"Waiting for {_nodes(found)} to end.", None
    return JobPhase.ENDED, lead.exit.reason, lead.exit


def _nodes(found: Sequence[Observation]) -> str:
    left = [str(number) for number, part in enumerate(found) if part.exit is None]
    return f"node {left[0]}" if len(left) == 1 else f"nodes {', '.join(left)}"


def _ends(found: Sequence[Observation]) -> list[tuple[int, str]]:
    """Say which parts must be ended because another did not end well, or because the first needs them no more."""
    lead = found[0]
    if lead.help and lead.exit is not None and lead.exit.outcome is Outcome.COMPLETED:
        return [(n, _SERVED) for n, part in enumerate(found) if part.exit is None and part.phase in _EARLY]
    if lead.help is Help.SPARE and lead.exit is None:
        return []
    ended = {number: part.exit for number, part in enumerate(found) if part.exit is not None}
    bad = [number for number, end in ended.items() if end.outcome is not Outcome.COMPLETED]
    if not bad or len(ended) == len(found):
        return []
    numbers = sorted(bad)
    number = numbers[_decisive([ended[n] for n in numbers])]
    cause = ended[number]
    if _is_ours(cause) or cause.reason_code is EndReason.CANCELED:
        by = cause.reason.removeprefix("Canceled").removeprefix(" by ").removesuffix(".")
    else:
        by = f"{_BY}node {number} failed: {_named(number, cause).removeprefix(f'Node {number}: ')}"
    live = [n for n, part in enumerate(found) if part.exit is None and part.phase is not JobPhase.ABSENT]
    return [(n, by[:_LONGEST_BY].rstrip(".")) for n in live]


@dataclass(frozen=True)
class _Cursor:
    """Where each part has been read to, how many entries were given, and in which phase the last of them was.

    Packed with the sum of all in front, so that it only grows.
    """

    parts: tuple[int, ...]
    given: int = 0
    phase: int = 0

    @classmethod
    def read(cls, packed: int, count: int) -> _Cursor:
        """Read `packed`'s form back; what is of another number of parts begins anew."""
        fields = []
        for _field in range(count + 2):
            fields.append(packed & ((1 << _BITS) - 1))
            packed >>= _BITS
        *parts, phase, given = fields
        return cls(tuple(parts), given, phase) if packed == sum(fields) else cls((0,) * count)

    def packed(self) -> int:
        """Return all as one number."""
        fields = [*self.parts, self.phase, self.given]
        number = sum(fields)
        for field in reversed(fields):
            number = (number << _BITS) | field
        return number


def _journal(
    before: _Cursor, found: Sequence[Observation], end: ExitStatus | None
) -> tuple[list[JournalEntry], _Cursor]:
    """Give the entries of the lead and the warnings of the others, numbered anew, no phase going back."""
    entries = []
    given, phase = before.given, before.phase
    for number, entry in _told(found):
        place = _ORDER.index(entry.phase) if entry.phase in _ORDER else phase
        phase = max(phase, min(place, len(_ORDER) - 2)) if number == 0 else phase
        given += 1
        entries.append(replace(entry, seq=given, phase=_ORDER[phase]))
    last = len(_ORDER) - 1
    if end is not None and phase != last:
        given, phase = given + 1, last
        detail = {"reason_code": end.reason_code.value}
        entries.append(JournalEntry(given, end.ended_at, JobPhase.ENDED.value, end.reason, detail))
    reached = tuple(max(old, part.journal_cursor) for old, part in zip(before.parts, found, strict=True))
    return entries, _Cursor(reached, given, phase)


def _told(found: Sequence[Observation]) -> list[tuple[int, JournalEntry]]:
    """Give which entries of which part are told; the end of the lead is not, for the job has one of its own."""
    told = [(0, entry) for entry in found[0].journal if entry.phase != JobPhase.ENDED]
    for number, part in enumerate(found[1:], 1):
        for entry in part.journal:
            if "warning" in entry.detail:
                detail = {**entry.detail, "warning": f"Node {number}: {entry.detail['warning']}"}
                told.append((number, replace(entry, reason=f"Node {number}: {entry.reason}", detail=detail)))
    return told


def _metrics(before: _Cursor, found: Sequence[Observation]) -> tuple[list[MetricSample], _Cursor]:
    samples = list(found[0].metrics)
    for number, part in enumerate(found[1:], 1):
        samples += [MetricSample(s.at, {_of_node(number, n): v for n, v in s.values.items()}) for s in part.metrics]
    reached = tuple(max(old, part.metrics_cursor) for old, part in zip(before.parts, found, strict=True))
    return sorted(samples, key=lambda sample: sample.at), _Cursor(reached)


def _of_node(number: int, name: str) -> str:
    """Name a metric of a machine other than the first: ``system/node_1/cpu_utilization_percentage``."""
    top, slash, rest = name.partition("/")
    return f"{top}/node_{number}/{rest}" if slash else f"node_{number}/{name}"
