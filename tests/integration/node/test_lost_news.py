"""News that nobody heard: the agent notices by itself, and after a cut everything is looked at again."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

from lapisml.ports.compute import JobPhase
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig
from tests.support.polling import eventually


def test_a_datagram_that_was_lost_and_a_link_that_broke(rig: NodeRig, bench: Bench) -> None:
    spec = replace(bench.spec("touch began; while [ ! -e stop ]; do sleep 0.1; done"), job="calm")
    handle = bench.backend.submit(spec)
    folder = rig.root / "runs" / "default" / "calm"
    bench.follow(handle, lambda course: course.last and course.last.phase is JobPhase.RUNNING)
    eventually((folder / "work" / "began").exists, timeout=30, what="a job that runs")
    rig.told.clear()
    with (folder / "journal.jsonl").open("ab") as journal:  # as a supervisor whose datagram is lost
        journal.write(b'{"seq": 99, "at": 1, "phase": "running", "reason": "Something."}\n')
    eventually(lambda: "calm" in rig.told, timeout=20, what="news of the job")
    bench.follow(handle, lambda course: course.last and course.last.sentence == "Something.")
    rig.told.clear()
    os.kill(int(bench.backend.facts["pid"]), signal.SIGKILL)  # type: ignore[attr-defined]  # a remote one
    eventually(lambda: "calm" in rig.told, timeout=20, what="news of the job after the cut")
    (folder / "work" / "stop").touch()
    assert bench.follow(handle).exit.exit_code == 0
