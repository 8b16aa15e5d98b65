"""Links that carry little: what is on its way is not taken for silence, and small questions do not wait for ever."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from dataclasses import replace

from lapisml.backends.compute.node.link import Pace
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.ports.compute import JobPhase
from lapisml.ports.launch import EnvironmentSpec
from lapisml.testing.compute_bench import Bench
from tests.support.between import Between, Passing, hand_on
from tests.support.nodes import NodeRig, snapshot


def _at(rate: int) -> Passing:
    """Carry so many bytes a second in each direction."""

    async def slowly(piece: bytes, target: asyncio.StreamWriter) -> None:
        await hand_on(piece, target)
        await asyncio.sleep(len(piece) / rate)

    return slowly


def test_code_that_takes_longer_than_the_silence_that_cuts(rig: NodeRig) -> None:
    """Six seconds of code over a link that counts as cut after two of silence; jobs are watched meanwhile."""
    slow = Between(ProcessTransport(str(rig.root)), _at(300_000))
    pace = Pace(connect=30, first_pause=0.1, ping=0.3, quiet=2, patience=5, call=60)
    bench = Bench(lambda: rig.backend(transport=slow, pace=pace), rig.home, rig.root)
    code = snapshot(rig.home / "snapshots", {"big.bin": os.urandom(1_800_000)})
    running = bench.running("echo up; sleep 600")
    spec = bench.spec("wc -c < big.bin", code=code)
    began = time.monotonic()
    handing = threading.Thread(target=bench.backend.submit, args=(spec,))
    handing.start()
    looks = []
    while handing.is_alive():
        asked = time.monotonic()
        looks.append((bench.look(running).phase, time.monotonic() - asked))
        handing.join(0.2)
    assert time.monotonic() - began > 4
    assert slow.opened == 1
    assert {phase for phase, _took in looks} == {JobPhase.RUNNING}
    assert len(looks) > 3
    handle = bench.backend.submit(spec)
    assert bench.follow(handle).exit.exit_code == 0
    assert bench.log(handle).strip() == "1800000"
    bench.backend.cancel(running, grace_s=0)
    bench.follow(running)


def test_a_build_context_travels_as_code_does(rig: NodeRig, bench: Bench) -> None:
    context = rig.home / "context"
    (context / "deep").mkdir(parents=True)
    (context / "Dockerfile").write_text("FROM scratch\n")
    (context / "deep" / "run.sh").write_text("true\n")
    (context / "deep" / "run.sh").chmod(0o755)
    definition = {"name": "e", "build": {"folder": str(context), "dockerfile": "Dockerfile"}}
    environment = EnvironmentSpec(definition, "nowhere_to_be_found:Builder", str(rig.home / "envs"), "k")
    for _again in range(2):
        spec = replace(bench.spec("true"), environment=environment)
        bench.follow(bench.backend.submit(spec))
        known = (rig.root / "runs" / "default" / spec.job / "spec.json").read_text()
        (folder,) = (rig.root / "contexts").iterdir()
        assert str(folder) in known
        assert str(context) not in known
        assert (folder / "deep" / "run.sh").read_text() == "true\n"
        assert (folder / "deep" / "run.sh").stat().st_mode & 0o100
