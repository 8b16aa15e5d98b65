"""A node's agent tidies its folder while jobs are there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from lapisml.backends.compute.node.using import LOCK
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig, snapshot
from tests.support.polling import eventually


def test_code_that_nobody_needs_goes_and_comes_again(rig: NodeRig, bench: Bench) -> None:
    """That of a job which runs stays, however old; that of an ended one goes, and a new job brings it again."""
    store = rig.home / "snapshots"
    runs = replace(bench.spec("touch began; while [ ! -e stop ]; do sleep 0.1; done"), job="runs")
    runs = replace(runs, code=snapshot(store, {"a.py": b"of a job that runs"}))
    ended = replace(bench.spec("cat b.py"), job="ended", code=snapshot(store, {"b.py": b"of one that has ended"}))
    running = bench.backend.submit(runs)
    assert bench.follow(bench.backend.submit(ended)).exit.exit_code == 0
    work = rig.root / "runs" / "default" / "runs" / "work"
    eventually((work / "began").exists, timeout=30, what="a job that runs")
    assert (rig.root / LOCK).exists()
    for path in (rig.root / "snapshots").rglob("*"):
        os.utime(path, (0, 0))
    (rig.root / "run" / "tidied.json").unlink(missing_ok=True)
    rig.document["keep_days"] = 3
    bench.restart()  # whoever connects first looks
    bench.backend.observe([])
    bench.backend.describe()
    eventually(lambda: contents(rig.root) == {b"of a job that runs"}, timeout=30, what="a folder that is tidied")
    assert '"days": 3' in (rig.root / "run" / "keep.json").read_text()
    again = bench.follow(bench.backend.submit(replace(ended, job="again", submit_key="again")))
    assert again.exit.exit_code == 0
    (work / "stop").touch()
    assert bench.follow(running).exit.exit_code == 0


def contents(root: Path) -> set[bytes]:
    return {path.read_bytes() for path in (root / "snapshots" / "blobs").rglob("*") if path.is_file()}
