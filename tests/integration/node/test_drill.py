"""The drill: fifty jobs while the link is cut and the server's side dies, fifty times each."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from lapisml.backends.compute.node.remote import RemoteBackend
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import Handle, JobPhase, JournalEntry, LaunchSpec, Observation, Watch
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig
from tests.support.polling import eventually

JOBS = 50
BLOWS = 50


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


@pytest.mark.slow
def test_fifty_cuts_and_fifty_deaths_lose_double_and_misjudge_nothing(rig: NodeRig) -> None:
    bench = Bench(rig.backend, rig.home, rig.root)
    bench.run("true")
    chance = random.Random(7)
    specs = [
        bench.spec(f"echo ran >> {rig.home}/ran.{n}; sleep {chance.uniform(0.5, 8):.2f}; exit {n % 3}")
        for n in range(JOBS)
    ]
    seen = {spec.job: Seen(Handle(spec.workspace, spec.job, spec.submit_key)) for spec in specs}
    striking = threading.Thread(target=_strike, args=(bench, rig, chance))
    striking.start()
    for spec in specs:
        eventually(lambda spec=spec: _handed_over(bench, spec), 60, what=f"{spec.job} is handed over")
        _look(bench, seen)
    eventually(lambda: _look(bench, seen), 120, what="every job has ended")
    striking.join()
    lost = [job for job, one in seen.items() if one.last is None or one.last.exit is None]
    doubled = [n for n in range(JOBS) if (rig.home / f"ran.{n}").read_text() != "ran\n"]
    doubled += [
        n for n, one in enumerate(seen.values()) if [e.seq for e in one.journal] != list(range(1, len(one.journal) + 1))
    ]
    wrong = [
        n for n, one in enumerate(seen.values()) if one.last and one.last.exit and one.last.exit.exit_code != n % 3
    ]
    assert (lost, doubled, wrong) == ([], [], [])


def _strike(bench: Bench, rig: NodeRig, chance: random.Random) -> None:
    """Cut the link and replace the server's side in turn."""
    for number in range(2 * BLOWS):
        time.sleep(chance.uniform(0.02, 0.12))
        backend = bench.backend
        assert isinstance(backend, RemoteBackend)
        if number % 2:
            backend.link.cut()
        else:
            bench.restart()
            backend.close()


def _handed_over(bench: Bench, spec: LaunchSpec) -> bool:
    try:
        bench.backend.submit(spec)
    except LapisError as error:
        assert error.code is ErrorCode.SERVER_UNREACHABLE, error  # noqa: PT017 - any other is a fault
        return False
    return True


def _look(bench: Bench, seen: dict[str, Seen]) -> bool:
    """Look at all jobs that have not ended; True when all have."""
    open_ones = [one for one in seen.values() if one.last is None or one.last.exit is None]
    for found in bench.backend.observe([Watch(one.handle, *one.cursors) for one in open_ones]):
        if found.phase is not JobPhase.ABSENT:
            seen[found.handle.job].take(found)
    return all(one.last is not None and one.last.exit is not None for one in seen.values())
