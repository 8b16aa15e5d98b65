"""Slurm: what Lapis adds to a bare ``sbatch`` of the same command, and a sweep of 100 as one array."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bench.harness import Table, rounds_from_arguments, seconds
from lapisml.backends.compute.slurm import start
from lapisml.testing.compute_bench import Bench, Course
from tests.support.polling import eventually
from tests.support.slurm import SlurmRig, why_not
from tests.support.slurm_site import SlurmSite

TRIALS = 100


def bare(rig: SlurmRig, folder: Path) -> float:
    """Hand ``echo hello`` to sbatch and wait for its file; ms between submission and start are Slurm's own."""
    mark = folder / f"bare-{time.monotonic_ns()}"
    begin = time.time()
    rig.run("sbatch", "--parsable", "-o", "/dev/null", "--wrap", f"date +%s.%N > {mark}.new; mv {mark}.new {mark}")
    handed = time.time()
    eventually(mark.exists, 60, 0.005)
    started = float(mark.read_text())
    return 1000 * ((handed - begin) + (time.time() - started))


def ours(bench: Bench) -> float:
    """Hand the same to Lapis; what passes while Slurm alone has the job does not count."""
    begin = time.time()
    handle = bench.submit("date +%s.%N")
    folder = bench.jobs / "runs" / handle.workspace / handle.job
    eventually(lambda: list(bench.jobs.glob("slurm/*/number.json")) and (folder / "slurm.json").exists(), 60, 0.005)
    mark = json.loads((folder / "slurm.json").read_text())["batch"]
    number = bench.jobs / "slurm" / mark / "number.json"
    eventually(number.exists, 60, 0.005)
    handed = number.stat().st_mtime
    course: Course = bench.follow(handle, timeout=60)
    claimed = (folder / start.CLAIM).stat().st_mtime
    assert course.exit.exit_code == 0, course.exit
    return 1000 * ((handed - begin) + (time.time() - claimed))


def sweep(bench: Bench) -> float:
    """Hand 100 trials of one parent over; how many arrays they became."""
    parent = f"sweep{time.monotonic_ns()}"
    before = set(bench.jobs.glob("slurm/*"))
    handles = [bench.submit("true", parent=parent) for _ in range(TRIALS)]
    folders = [bench.jobs / "runs" / handle.workspace / handle.job for handle in handles]
    eventually(lambda: all((folder / "slurm.json").exists() for folder in folders), 60)
    return float(len(set(bench.jobs.glob("slurm/*")) - before))


def main() -> int:
    """Measure."""
    if why_not():
        print(why_not())
        return 0
    rounds = rounds_from_arguments(7)
    table = Table("Slurm", "sbatch", rounds=rounds)
    rig = SlurmRig(cpus=64)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        try:
            rig.start()
            site = SlurmSite(rig, Path(folder), patch)
            bench = site.bench()
            table.compare(
                "echo job: submission, and from the job's start on its node to its end seen", unit="ms",
                peer=lambda: bare(rig, Path(folder)), ours=lambda: ours(bench),
            )  # fmt: skip
            row = table.rows[-1]
            added = [mine - theirs for mine, theirs in zip(row.ours, row.peer, strict=True)]
            table.add("what Lapis adds to the bare job", "ms", "lower", [], added, limit=200)
            table.compare(
                f"arrays that {TRIALS} trials become", ours=lambda: sweep(bench), unit="", limit=1, rounds=1, warm=False
            )
            names = [bench.submit("true", parent="p") for _ in range(TRIALS)]
            table.add(f"handing {TRIALS} trials over", "s", "lower", [], [
                seconds(lambda: [bench.submit("true", parent="q") for _ in range(TRIALS)])
            ])  # fmt: skip
            eventually(lambda: all(bench.look(handle).exit for handle in names), 300, 0.5)
            site.close()
        finally:
            rig.stop()
            os.sync()
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
