"""Replicas on other machines: what the way through a door costs, and what a machine costs that dies or falls silent.

Everything runs on this machine, so that the network is free: what is measured is TLS, the door's process and what the
gateway does. The machines are folders with keepers of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness import REPOSITORY, Table
from lapisml.backends.compute.local import LocalProcesses
from lapisml.backends.serving import LocalGateway
from lapisml.core.errors import LapisError
from lapisml.gateway.settings import GatewaySettings
from lapisml.ports import serving
from lapisml.ports.compute import Handle
from lapisml.ports.launch import ServingSpec
from lapisml.ports.serving import DeploymentRoute, EndpointRoute, Places, RevisionRecord, Routes, ShareRecord
from lapisml.runner.serving import doors
from lapisml.server.features.endpoints.certificates import pem_of
from lapisml.testing.compute_bench import Bench
from tests.support.load import Load
from tests.support.machines import freeze, power_off
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.server import end_everything
from tests.unit.parallel.conftest import snapshot

KEY = "the key of the endpoint"
HERE, THERE = "a" * 12, "b" * 12
SCRIPT = "import json\ndef init(): pass\ndef run(data): return json.loads(data)"
CONNECTIONS = (1, 8, 32)
REPLICAS = 2


class Machine:
    """A folder with a keeper."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.bench = Bench(lambda: LocalProcesses(home), home)
        self.handle: Handle

    def start(self, revision: str, **changes: Any) -> None:
        """Hand a revision over, or a share of it."""
        asked = ServingSpec(
            "bench", "blue", revision, "script", None, "", "score.py", max_concurrent=8, timeout_s=5.0, **changes
        )
        code = snapshot(self.bench, SCRIPT)
        self.handle = self.bench.backend.submit(self.bench.spec("", serving=asked, code=code))

    def share(self, name: str, replicas: int) -> ShareRecord:
        """Wait until its replicas are ready; give what the gateway is told."""

        def look() -> RevisionRecord | None:
            self.bench.look(self.handle)
            with contextlib.suppress(LapisError):
                word = doors.read_record(self.bench.backend.read_log(self.handle, doors.STATE_LOG).data)
                if word is not None and sum(one.ready for one in word.replicas) == replicas:
                    return word
            return None

        word = eventually(look, 60)
        assert word is not None
        return ShareRecord(name, name, "127.0.0.1", word.door, word.state)


class Site:
    """A gateway, and replicas behind it on unix sockets and behind doors."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.places = Places(self.home / "serving")
        self.places.make()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}/default"
        self.gateway = LocalGateway(GatewaySettings(self.places.home, port=port), folder / "gateway.log")
        self.machines = [Machine(folder / name) for name in ("one", "two")]
        self.local = Machine(self.home)

    def start(self) -> None:
        """Start everything, and wait until it answers."""
        self.gateway.keep()
        key = hashlib.sha256(KEY.encode()).hexdigest()
        endpoints = [
            EndpointRoute(
                "default", name, keys=(key,), traffic={"blue": 100},
                deployments={"blue": DeploymentRoute(revision, 5.0, 8, max_queue_wait_s=30.0)},
            )
            for name, revision in (("here", HERE), ("there", THERE))
        ]  # fmt: skip
        serving.write(self.places.routes, Routes(1, endpoints=endpoints))
        scale = {"type": "default", "instances": REPLICAS}
        self.local.start(HERE, serving_home=str(self.places.home), scale=scale)
        self.spread()
        self.gateway.wait()

    def spread(self) -> None:
        """Have a replica on each machine, and tell the gateway."""
        pem = pem_of(self.places.certificate(THERE), THERE)
        one = {"type": "default", "instances": REPLICAS // len(self.machines)}
        for machine in self.machines:
            machine.start(THERE, serving_home="", scale=one, door=pem)
        shares = [machine.share(str(n), one["instances"]) for n, machine in enumerate(self.machines)]
        serving.write(self.places.record(THERE), RevisionRecord(THERE, "ready", wanted=REPLICAS, shares=shares))
        self.gateway.wake()

    def durations(self, since: float) -> list[float]:
        """Give how long requests took by the gateway's log, seconds; those that began after `since`."""
        time.sleep(1.0)  # its thread writes now and then
        lines = [line for path in self.places.requests.glob("*.jsonl") for line in path.read_text().splitlines()]
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [
            one["duration_ms"] / 1000 for one in found if dt.datetime.fromisoformat(one["time"]).timestamp() > since
        ]


def measured(url: str, connections: int, seconds: float) -> dict[str, Any]:
    """Run the load generator.

    Raises:
        RuntimeError: a request failed.
    """
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    asked = {"url": url, "headers": headers, "body": "[1.0, 2.0, 3.0]"}
    asked |= {"connections": connections, "seconds": seconds, "rate": None}
    command = [sys.executable, "-m", "bench.online_load", json.dumps(asked)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    if found["failed"]:
        raise RuntimeError(f"{found['failed']} requests failed, the first with {found['first_failure']}")
    return found


@contextlib.contextmanager
def running() -> Iterator[Site]:
    """Start a site, and end all of it."""
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        site = Site(Path(name))
        try:
            site.start()
            yield site
        finally:
            site.gateway.end()
            end_everything(site.home)
            for machine in (*site.machines, site.local):
                power_off(machine.home)


def ways(site: Site, table: Table, rounds: int, seconds: float) -> None:
    """Compare the way through the doors with unix sockets, in turns."""
    for connections in CONNECTIONS:
        found: dict[str, list[dict[str, Any]]] = {"here": [], "there": []}
        for _round in range(rounds):
            for endpoint, figures in found.items():
                figures.append(measured(f"{site.url}/{endpoint}/score", connections, seconds))
        for what, unit, better in (("rps", "/s", "higher"), ("p50_ms", "ms", "lower"), ("p99_ms", "ms", "lower")):
            here, there = ([one[what] for one in found[name]] for name in ("here", "there"))
            table.add(f"{connections} connections, {what}", unit, better, here, there)  # type: ignore[arg-type]  # as above


def losses(site: Site, table: Table, rounds: int) -> None:
    """Measure the slowest request when a machine dies, and when it falls silent."""
    for what, lose in (("dies", power_off), ("falls silent", freeze)):
        slowest, failed = [], 0
        for _round in range(rounds):
            begin = time.time()
            with Load(f"{site.url}/there/score", KEY, [1.0, 2.0], clients=8) as load:
                eventually(lambda load=load: load.good > 200, 30)
                lose(site.machines[0].home)
                wanted, ends = load.good + 2_000, time.monotonic() + 5
                eventually(lambda load=load, n=wanted, t=ends: load.good > n and time.monotonic() > t, 60)
            failed += len(load.faults)
            slowest.append(max(site.durations(begin)))
            for machine in site.machines:
                power_off(machine.home)
            site.spread()
        table.add(f"one of two machines {what}: slowest request", "s", "lower", [], slowest, limit=3.5,
                  note=f"{failed} requests failed")  # fmt: skip


def main() -> int:
    """Measure; return how many rows missed their limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    given = parser.parse_args()
    table = Table("Remote serving", "unix sockets", ("uvloop",), given.rounds)
    with running() as site:
        ways(site, table, given.rounds, given.seconds)
        losses(site, table, given.rounds)
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
