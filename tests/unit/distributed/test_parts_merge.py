"""One job of several parts: whatever order the parts are seen in, the whole ends the same way, once, and not early."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lapisml.backends.compute.node import parts
from lapisml.ports.compute import (
    EndReason,
    ExitStatus,
    Handle,
    JobPhase,
    JournalEntry,
    MetricSample,
    Observation,
    Watch,
)
from lapisml.ports.endings import OUTCOMES

HANDLE = Handle("default", "job", "key")
COURSE = ("preparing", "starting", "running", "finalizing", "ended")
BY_US = "Canceled by Lapis, because node 1 failed: something."


def end(reason: EndReason = EndReason.SUCCEEDED, at: int = 50, text: str = "") -> ExitStatus:
    """Make an ending whose cause came about at a moment."""
    return ExitStatus(OUTCOMES[reason], reason, text or f"It was {reason}.", ended_at=at + 5, cause_at=at)


@dataclass
class Part:
    """One part: what its journal will say, how it will end, and how far it is.

    Attributes:
        warnings: how many it has, one in each of its first phases.
        done: entries written so far.
        away: whether nothing can be learnt of it now.
    """

    exit: ExitStatus
    warnings: int = 0
    done: int = 0
    away: bool = False
    entries: list[JournalEntry] = field(default_factory=list)

    def __post_init__(self) -> None:
        for place, phase in enumerate(COURSE):
            self._write(phase, {})
            if place < self.warnings:
                self._write(phase, {"warning": f"w{place}"})

    def _write(self, phase: str, detail: dict[str, str]) -> None:
        self.entries.append(JournalEntry(len(self.entries) + 1, len(self.entries), phase, phase, detail))

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.done == len(self.entries)

    def look(self, watch: Watch) -> Observation:
        """Answer as a backend does."""
        if self.away:
            return Observation(watch.handle, JobPhase.UNKNOWN, "it is away", (), watch.journal_after)
        phase = JobPhase(self.entries[self.done - 1].phase) if self.done else JobPhase.SUBMITTED
        ended = self.exit if self.over else None
        phase = phase if ended or phase is not JobPhase.ENDED else JobPhase.FINALIZING
        new = self.entries[watch.journal_after : self.done]
        samples = [MetricSample(n, {"system/cpu": n}) for n in range(watch.metrics_after, self.done)]
        return Observation(watch.handle, phase, phase.value, new, self.done, samples, self.done, ended)


class Asker:
    """Asks about the whole, and keeps what it was told."""

    def __init__(self, whole: Sequence[Part]) -> None:
        self.parts = whole
        self.watch = Watch(HANDLE)
        self.journal: list[JournalEntry] = []
        self.metrics: list[MetricSample] = []
        self.last: Observation | None = None
        self.ends: list[tuple[int, str]] = []

    def ask(self) -> Observation:
        """Ask once."""
        watches = parts.watches(self.watch, len(self.parts))
        found = parts.merged(self.watch, [part.look(w) for part, w in zip(self.parts, watches, strict=True)])
        self.last, self.ends = found.observation, list(found.ends)
        assert self.last.journal_cursor >= self.watch.journal_after
        assert self.last.metrics_cursor >= self.watch.metrics_after
        self.journal += self.last.journal
        self.metrics += self.last.metrics
        self.watch = replace(self.watch, journal_after=self.last.journal_cursor, metrics_after=self.last.metrics_cursor)
        return self.last


causes = st.sampled_from(
    [EndReason.SUCCEEDED, EndReason.EXIT_CODE, EndReason.TIMEOUT, EndReason.CANCELED, EndReason.NODE_LOST]
)
endings = st.builds(end, causes, st.integers(0, 100)) | st.just(end(EndReason.CANCELED, text=BY_US))
some_parts = st.lists(st.tuples(endings, st.integers(0, 3)), min_size=1, max_size=5)
moves = st.lists(st.tuples(st.sampled_from(["go", "ask", "away", "back"]), st.integers(0, 4)), max_size=60)


@given(some_parts, moves)
def test_any_order_gives_the_same_end(ends: list[tuple[ExitStatus, int]], steps: list[tuple[str, int]]) -> None:
    whole = [Part(*one) for one in ends]
    asker = Asker(whole)
    for what, number in steps:
        part = whole[number % len(whole)]
        part.away = what == "away" or (part.away and what != "back")
        part.done += what == "go" and not part.over
        if what == "ask":
            seen = asker.ask()
            assert (seen.exit is not None) == (seen.phase is JobPhase.ENDED)
            assert seen.exit is None or all(one.over for one in whole)
            assert seen.phase is not JobPhase.ENDED or not asker.ends
    for part in whole:
        part.away, part.done = False, len(part.entries)
    last = asker.ask()
    again = asker.ask()
    assert last.exit == again.exit == parts.verdict([one for one, _warnings in ends])
    assert not again.journal
    told = [entry.phase for entry in asker.journal]
    assert told == sorted(told, key=COURSE.index)
    assert list(dict.fromkeys(told)) == list(COURSE)
    assert told.count("ended") == 1
    assert [entry.seq for entry in asker.journal] == list(range(1, len(asker.journal) + 1))
    warned = sum("warning" in entry.detail for entry in asker.journal)
    assert warned == sum(count for _end, count in ends)
    assert len(asker.metrics) == sum(len(part.entries) for part in whole)


@given(st.lists(st.integers(0, 2**35), min_size=1, max_size=300), st.integers(0, 10**6))
def test_a_cursor_of_many_parts_can_be_read_back(places: list[int], given_entries: int) -> None:
    cursor = parts._Cursor(tuple(places), given_entries, 2)
    assert parts._Cursor.read(cursor.packed(), len(places)) == cursor
    assert int(str(cursor.packed())) == cursor.packed()


def test_a_cursor_of_another_job_begins_anew() -> None:
    packed = parts._Cursor((5, 6), 3, 1).packed()
    assert parts._Cursor.read(packed, 3) == parts._Cursor((0, 0, 0))


def test_the_first_failure_is_the_jobs_and_ends_the_others() -> None:
    named = "Rank 3 of 4 (node 1, local rank 1): The command ended with exit code 3."
    whole = [Part(end()), Part(end(EndReason.EXIT_CODE, 10, named)), Part(end(EndReason.EXIT_CODE, 11))]
    asker = Asker(whole)
    whole[1].done = len(whole[1].entries)
    assert asker.ask().phase is JobPhase.SUBMITTED
    assert asker.ends == [
        (0, f"Lapis, because node 1 failed: {named.removesuffix('.')}"),
        (2, f"Lapis, because node 1 failed: {named.removesuffix('.')}"),
    ]
    for part in whole:
        part.done = len(part.entries)
    found = asker.ask().exit
    assert found is not None
    assert found.reason == named


@pytest.mark.parametrize(
    ("ends", "reason"),
    [
        ([end(), end()], "It was Succeeded."),
        ([end(), end(EndReason.ENVIRONMENT)], "Node 1: It was EnvironmentFailure."),
        ([end(EndReason.CANCELED, text=BY_US), end(EndReason.EXIT_CODE)], "Node 1: It was ExitCode."),
        ([end(EndReason.CANCELED, 60), end(EndReason.EXIT_CODE, 50)], "It was Canceled."),
        ([end(EndReason.EXIT_CODE, 50), end(EndReason.MACHINE_RESTARTED, 90)], "Node 1: It was MachineRestarted."),
        ([end(EndReason.TIMEOUT, 50), end(EndReason.EXIT_CODE, 51)], "Node 0: It was Timeout."),
    ],
    ids=["success", "failure", "ours", "a person's", "loss", "timeout"],
)
def test_which_ending_counts(ends: list[ExitStatus], reason: str) -> None:
    assert parts.verdict(ends).reason == reason


def test_what_is_not_known_of_one_is_not_known_of_the_whole() -> None:
    whole = [Part(end()), Part(end(), away=True)]
    whole[0].done = len(whole[0].entries)
    seen = Asker(whole).ask()
    assert (seen.phase, seen.sentence, seen.exit) == (JobPhase.UNKNOWN, "Node 1: it is away", None)


def test_the_end_of_the_first_part_is_kept_back() -> None:
    whole = [Part(end()), Part(end())]
    whole[0].done = len(whole[0].entries)
    asker = Asker(whole)
    seen = asker.ask()
    assert (seen.phase, seen.sentence) == (JobPhase.FINALIZING, "Waiting for node 1 to end.")
    assert "ended" not in [entry.phase for entry in asker.journal]


def absent(handle: Handle) -> Observation:
    """Answer that there is no such job."""
    return Observation(handle, JobPhase.ABSENT, "It was never submitted here.")


def test_a_job_without_its_first_part_is_handed_over_again() -> None:
    seen = parts.merged(Watch(HANDLE), [absent(HANDLE), Part(end(), done=3).look(Watch(HANDLE))])
    assert seen.observation.phase is JobPhase.ABSENT
    assert not seen.ends


def test_another_part_that_is_not_there_any_more_is_lost() -> None:
    seen = parts.merged(Watch(HANDLE), [Part(end(), done=3).look(Watch(HANDLE)), absent(HANDLE)])
    assert seen.observation.phase is JobPhase.RUNNING
    assert [number for number, _by in seen.ends] == [0]
