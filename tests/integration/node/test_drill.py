"""The drill: fifty jobs while the link is cut and the server's side dies, fifty times each; ten in a usual run."""

from __future__ import annotations

import asyncio
import random
import threading
from dataclasses import dataclass, field, replace

import pytest

from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, JobPhase, JournalEntry, LaunchSpec, Observation, Watch
from lapisml.testing.compute_bench import Bench
from tests.support.between import Between, hand_on
from tests.support.nodes import BRISK, NodeRig
from tests.support.polling import eventually
from tests.support.whole import is_usual_run

JOBS = BLOWS = 10 if is_usual_run else 50
AT_ONCE = 8


@dataclass
class Seen:
    """What a server that survives remembers of a job: cursors, journal, ending."""

    handle: Handle
    cursors: tuple[int, int] = (0, 0)
    journal: list[JournalEntry] = field(default_factory=list)
    last: Observation | None = None

    def take(self, found: Observation) -> None:
        assert found.exit is None or found.phase is JobPhase.ENDED
        self.cursors = (found.journal_cursor, found.metrics_cursor)
        self.journal += found.journal
        self.last = found


class Blows:
    """Strikes when so many pieces of what server and agent say have passed: within a sentence, before it, after it.

    A cut breaks the link at that piece, of which a part may have arrived. A death lets it arrive nowhere, and tells
    whoever drives the drill that the server's side is to be replaced.

    Attributes:
        cuts, deaths: how many there were.
        dying: set while the server's side waits for its end.
    """

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._left = self._gap()
        self.cuts = self.deaths = 0
        self.dying = threading.Event()

    @property
    def are_over(self) -> bool:
        """Whether all have been dealt."""
        return self.cuts == self.deaths == BLOWS

    async def passing(self, piece: bytes, target: asyncio.StreamWriter) -> None:
        """Hand a piece on, or strike."""
        self._left -= 1
        if self._left > 0 or self.are_over:
            await hand_on(piece, target)
            return
        self._left = self._gap()
        if self.cuts <= self.deaths:
            self.cuts += 1
            await hand_on(piece[: self._chance.choice((0, len(piece) // 2, len(piece)))], target)
            raise ConnectionResetError
        self.deaths += 1
        self.dying.set()
        await asyncio.Event().wait()

    def _gap(self) -> int:
        return self._chance.randint(1, 16)


@pytest.mark.slow
def test_cuts_and_deaths_lose_double_and_misjudge_nothing(rig: NodeRig) -> None:
    blows = Blows(7)
    pace = replace(BRISK, longest_pause=0.1)

    def make() -> RemoteBackend:
        return rig.backend(transport=Between(ProcessTransport(str(rig.root)), blows.passing), pace=pace)

    bench = Bench(make, rig.home, rig.root)
    drill = Drill(bench, blows)
    specs = [
        bench.spec(f"echo ran >> {rig.home}/ran.{n}; until [ -e {rig.home}/go.{n} ]; do sleep 0.05; done; exit {n % 3}")
        for n in range(JOBS)
    ]
    seen = {spec.job: Seen(Handle(spec.workspace, spec.job, spec.submit_key)) for spec in specs}
    with drill:
        for number, spec in enumerate(specs):
            eventually(lambda spec=spec: _handed_over(bench, spec), 60, what=f"{spec.job} is handed over")
            _look(bench, seen)
            for ended in range(number - AT_ONCE, number - AT_ONCE + 1 if number < JOBS - 1 else JOBS):
                (rig.home / f"go.{ended}").touch()
        eventually(lambda: _look(bench, seen), 120, 0.005, what="every job has ended")
        eventually(lambda: _look(bench, seen, again=True) and blows.are_over, 120, 0.005, what="every blow is dealt")
    lost = [job for job, one in seen.items() if one.last is None or one.last.exit is None]
    doubled = [n for n in range(JOBS) if (rig.home / f"ran.{n}").read_text() != "ran\n"]
    doubled += [
        n for n, one in enumerate(seen.values()) if [e.seq for e in one.journal] != list(range(1, len(one.journal) + 1))
    ]
    wrong = [
        n for n, one in enumerate(seen.values()) if one.last and one.last.exit and one.last.exit.exit_code != n % 3
    ]
    assert (lost, doubled, wrong) == ([], [], [])
    assert (blows.cuts, blows.deaths) == (BLOWS, BLOWS)


class Drill:
    """Replaces the server's side whenever it is to die; whoever waits for the old one's answer is let go."""

    def __init__(self, bench: Bench, blows: Blows) -> None:
        self._bench, self._blows = bench, blows
        self._is_over = False
        self._thread = threading.Thread(target=self._replace)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._blows.dying.set()
        self._thread.join()

    def _replace(self) -> None:
        while True:
            self._blows.dying.wait()
            self._blows.dying.clear()
            if self._is_over:
                return
            old = self._bench.backend
            assert isinstance(old, RemoteBackend)
            self._bench.restart()
            old.close()


def _handed_over(bench: Bench, spec: LaunchSpec) -> bool:
    try:
        bench.backend.submit(spec)
    except LapisError as error:
        assert error.code is ErrorCode.SERVER_UNREACHABLE, error  # noqa: PT017 - any other is a fault
        return False
    return True


def _look(bench: Bench, seen: dict[str, Seen], *, again: bool = False) -> bool:
    """Look at all jobs that have not ended, and `again` at the others; True when all have."""
    open_ones = [one for one in seen.values() if again or one.last is None or one.last.exit is None]
    for found in bench.backend.observe([Watch(one.handle, *one.cursors) for one in open_ones]):
        if found.phase not in (JobPhase.ABSENT, JobPhase.UNKNOWN):
            seen[found.handle.job].take(found)
    return all(one.last is not None and one.last.exit is not None for one in seen.values())
