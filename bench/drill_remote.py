"""The drill: jobs on other machines while the server is killed and the network is cut, again and again.

    python -m bench.drill_remote --engine ssh|slurm|ray --jobs 50 --kills 50 --cuts 50

A real server process (SIGKILL, started again), real machines (see `bench.drill_sites`), a network whose packets are
dropped. Blows fall at named moments, in turn: as a job is handed over, begins, ends, is canceled, as the server has
just answered again, while the network is cut. Then every job is looked at: what is lost, doubled, wrong, missing. Ends
with 1 when anything is. Needs root, iproute2, iptables, and what the engine needs (``scripts/dev-ssh`` and so on).
"""

from __future__ import annotations

import argparse
import random
import secrets
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import drill_jobs
from bench.drill_jobs import FAULTS, LARGE, OVER, Job, Judge
from bench.drill_moments import Moments
from bench.drill_sites import SITES, Site, site
from lapisml.core.errors import LapisError
from lapisml.sdk.discovery import Address
from lapisml.sdk.session import Session
from lapisml.sdk.transport import Transport
from lapisml.sdk.uploads import upload
from tests.support.polling import eventually

KILL_MOMENTS = ("asking", "accepted", "begin", "end", "cancel", "cut", "answered", "mended")
CUT_MOMENTS = ("accepted", "begin", "down", "end", "answered", "cancel", "mended")
SHAPES = ((True, True), (True, False), (False, True))
BRIEF_S, NOTICED_S = (0.2, 4.0), (24.0, 40.0)
"""How long the network is cut; the link notices the longer ones (every fifth)."""

LEAD = 8
"""Jobs that are there at the first blow; each further one comes after its share of the blows."""

APART = 3
"""How many more blows of one kind there may have been than of the other."""

_WAITS_S = 4.0
"""How long a blow waits for its moment, and then for any; then it falls all the same."""


class Drill:
    """One drill.

    Attributes:
        jobs: all of them.
        met: how many blows fell at each moment, and at none.
        alive: how many jobs were under way at each blow.
    """

    def __init__(self, place: Site, folder: Path, jobs: int, kills: int, cuts: int, seed: int) -> None:
        self.place = place
        self.chance = random.Random(seed)
        self.moments = Moments()
        self.met: Counter[str] = Counter()
        self.alive: list[int] = []
        self._folder = folder
        self._kills, self._cuts = kills, cuts
        self._cut_s = 0.0
        mark = secrets.token_hex(3)
        steps = [self.chance.randrange(8, 200) for _ in range(jobs)]
        self.jobs = [drill_jobs.make(n, f"drill_{mark}_{n}", count) for n, count in enumerate(steps)]
        server = place.server
        self.session = Session(Transport(lambda _start: Address(server.url, server.token)), "default")
        self.inputs = {"small": secrets.token_bytes(1000), "large": secrets.token_bytes(LARGE)}
        self._codes: list[str] = []
        self._data: dict[str, str] = {}

    def prepare(self) -> None:
        """Upload what the jobs need."""
        for name, content in self.inputs.items():
            folder = self._folder / name
            folder.mkdir()
            (folder / "data.bin").write_bytes(content)
            self._data[name] = upload(self.session, folder, "data")
        self._codes = [
            upload(self.session, drill_jobs.write_script(self._folder, job.number), "code") for job in self.jobs
        ]

    def run(self, limit_s: float) -> None:
        """Run it; return when every job has ended, or `limit_s` seconds after the last blow."""
        threads = [self._thread(work) for work in (self._kill_all, self._cut_all, self._cancel_all)]
        watcher = self._thread(self._watch)
        for job in self.jobs:
            if job.number >= LEAD:
                total = self._kills + self._cuts
                self.moments.reaches("blow", (job.number - LEAD + 1) * total // len(self.jobs))
            self._submit(job)
        for thread in threads:
            thread.join()
        try:
            eventually(lambda: not self._open_ones(), limit_s, 0.5)
        except AssertionError:
            print("Not all jobs have ended:", ", ".join(self._open_ones()), flush=True)
        self.moments.tell("over")
        watcher.join()

    @property
    def is_broken(self) -> bool:
        """Whether the drill itself failed."""
        return self.moments.count("broken") > 0

    def _thread(self, work: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                work()
            except Exception:
                traceback.print_exc()
                self.moments.tell("broken")
                raise

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the server, until it answers."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.session.transport.request(method, path, json_body=body)
            except LapisError as error:
                if error.code.value not in ("ServerUnreachable", "TemporarilyUnavailable") or (
                    time.monotonic() > deadline
                ):
                    raise
                time.sleep(0.1)

    def _submit(self, job: Job) -> None:
        document = job.document("lab", self.place.evidence, self._codes[job.number], self._data)
        self.moments.tell("asking")
        self._ask("PUT", self.session.path("jobs", job.name), {"document": document})
        job.accepted = True
        self.moments.tell("accepted")
        if job.kind == "early":
            self._cancel(job)

    def _cancel(self, job: Job) -> None:
        self.moments.tell("cancel")
        try:
            self._ask("POST", self.session.path("jobs", job.name, "cancel"))
        except LapisError as error:
            job.faults.append(("wrong state", f"can't be canceled: {error}"))

    def _cancel_all(self) -> None:
        """Cancel what is to be canceled as soon as it has run for a bit, whatever goes on."""
        left = [job for job in self.jobs if job.kind == "canceled"]
        while left and not self.is_broken:
            for job in [job for job in left if self.place.told(job.name)]:
                left.remove(job)
                self.moments.reaches("blow", min(self.moments.count("blow") + 1, self._kills + self._cuts))
                self._cancel(job)
            if not self.moments.next("begin", timeout=2.0) and self.moments.count("accepted") == len(self.jobs):
                still = set(self._open_ones())
                left = [job for job in left if job.name in still]  # one that ended by itself is judged for that

    def _watch(self) -> None:
        """Tell what the nodes' evidence says."""
        known: Counter[str] = Counter()
        while not self.moments.count("over"):
            found = Counter(line.split(" ", 1)[0] for line in self.place.told_by_all())
            for word, count in found.items():
                if count > known[word]:
                    self.moments.tell(word, count - known[word])
            known = found
            time.sleep(0.05)

    def _open_ones(self) -> list[str]:
        listed = self._ask("GET", f"{self.session.path('jobs')}?limit=500")["value"]
        over = {record["name"] for record in listed if record["status"] in OVER}
        return [job.name for job in self.jobs if job.name not in over]

    def _falls(self, kind: str, number: int, moments: Sequence[str]) -> None:
        """Wait for the moment of a blow, then for any, and note what it met."""
        other, left = ("cut", self._cuts) if kind == "kill" else ("kill", self._kills)
        self.moments.reaches(other, min(self.moments.count(kind) - APART, left))
        came = self.moments.next(moments[number % len(moments)], timeout=_WAITS_S)
        came = came or self.moments.next(*moments, timeout=_WAITS_S) or "none in time"
        self.met[f"{kind}: {came}"] += 1
        self.alive.append(self.moments.count("begin") - self.moments.count("end") - self.moments.count("told"))

    def _kill_all(self) -> None:
        for number in range(self._kills):
            self._falls("kill", number, KILL_MOMENTS)
            self.place.server.kill9()
            self.moments.tell("down")
            if number % 5 == 4:
                time.sleep(self.chance.uniform(1, 12))  # a server that stays away for a while
            self.place.server.start()
            self.moments.tell("answered")
            self.moments.tell("kill")
            self.moments.tell("blow")

    def _cut_all(self) -> None:
        for number in range(self._cuts):
            self._falls("cut", number, CUT_MOMENTS)
            to, back = SHAPES[number % len(SHAPES)]
            piece = number // 3 % (self.place.pieces + 1) - 1
            self.place.cut(None if piece < 0 else piece, to=to, back=back)
            self.moments.tell("cut")
            lasts = self.chance.uniform(*(NOTICED_S if number % 5 == 4 else BRIEF_S))
            self._cut_s += lasts
            time.sleep(lasts)
            self.place.mend()
            self.moments.tell("mended")
            self.moments.tell("blow")

    @property
    def cut_s(self) -> float:
        """How long the network was cut in all."""
        return self._cut_s


def report(drill: Drill, judge: Judge, engine: str, took_s: float) -> int:
    """Print what was found; return the exit status."""
    for job in drill.jobs:
        for fault, seen in job.faults:
            print(f"{job.name} ({job.kind}): {fault}: {seen}")
    counts = {fault: sum(any(one[0] == fault for one in job.faults) for job in drill.jobs) for fault in FAULTS}
    left = drill.place.left()
    kinds = Counter(job.kind for job in drill.jobs)
    moments = drill.moments
    alive = sorted(drill.alive) or [0]
    print(f"\n{engine}: {len(drill.jobs)} jobs ({', '.join(f'{n} {kind}' for kind, n in kinds.items())})")
    print(f"{moments.count('kill')} kills, {moments.count('cut')} cuts ({drill.cut_s:.0f} s), in {took_s:.0f} s")
    print(f"running jobs at a blow: {alive[0]} to {alive[-1]}, median {alive[len(alive) // 2]}")
    seen = ", ".join(f"{count} {what}" for what, count in judge.seen.items())
    print(
        f"looked at: {moments.count('begin')} commands begun on the nodes, {moments.count('end')} ended there, {seen}"
    )
    print("moments:", ", ".join(f"{name} {count}" for name, count in sorted(drill.met.items())))
    print(f"\n| {' | '.join(FAULTS)} | left running |\n|{'---|' * (len(FAULTS) + 1)}")
    print(f"| {' | '.join(str(counts[fault]) for fault in FAULTS)} | {len(left)} |")
    return 1 if any(counts.values()) or left or drill.is_broken else 0


def main() -> int:
    """Do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--engine", choices=list(SITES), required=True)
    parser.add_argument("--jobs", type=int, default=50)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=7, help="of what is left to chance")
    parser.add_argument("--keep", action="store_true", help="keep the server's home, to look into it")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(143))
    with site(asked.engine, keep=asked.keep) as (place, folder):
        drill = Drill(place, folder, asked.jobs, asked.kills, asked.cuts, asked.seed)
        print(f"The server's log: {place.server.log}", flush=True)
        drill.prepare()
        began = time.monotonic()
        drill.run(limit_s=300)
        took = time.monotonic() - began
        judge = Judge(drill.session, place.told, drill.inputs)
        for job in drill.jobs:
            judge.judge(job)
        return report(drill, judge, asked.engine, took)


if __name__ == "__main__":
    sys.exit(main())
