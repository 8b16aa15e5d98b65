"""Deployments on a Ray cluster: keepers with processes of their own behind our gateway, against Ray Serve.

The same function, two replicas on two nodes of the same cluster, the same clients, one side after the other (the other
side's replicas wait meanwhile). Ours checks a key and goes through TLS; Ray Serve's proxy does neither.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness import Table
from bench.remote_serving import KEY, measured
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
from tests.support.fetched import RAY, serving_environment
from tests.support.load import Load
from tests.support.polling import eventually
from tests.support.processes import free_port
from tests.support.ray_cluster import RayCluster, RayRig
from tests.support.server import end_everything
from tests.unit.parallel.conftest import snapshot

NODES = ("n1", "n2")
CONNECTIONS = (1, 8, 32)
REVISION = "c" * 12
_MODEL = """
WEIGHTS = [0.5, -1.25, 2.0]

def predict(row):
    return [sum(weight * value for weight, value in zip(WEIGHTS, row))]
"""
_SCRIPT = f"""{_MODEL}
import json

def init():
    pass

def run(data):
    return predict(json.loads(data))
"""
_SERVE = f"""{_MODEL}
import signal
import sys
import ray
from ray import serve

@serve.deployment(num_replicas=2, max_ongoing_requests=64, max_replicas_per_node=1, ray_actor_options={{"num_cpus": 1}})
class Bench:
    async def __call__(self, request):
        return predict(await request.json())

ray.init(address=sys.argv[1], log_to_driver=False)
serve.start(proxy_location="HeadOnly", http_options={{"host": "127.0.0.1", "port": int(sys.argv[2])}})
serve.run(Bench.bind())
print("ready", flush=True)
signal.pause()
"""


class Ours:
    """A gateway of this machine, and a keeper on each of the nodes."""

    def __init__(self, rig: RayRig, folder: Path) -> None:
        self.bench = Bench(rig.backend, rig.shared)
        self.places = Places(folder / "serving")
        self.places.make()
        self.home = folder
        port = free_port()
        self.gateway = LocalGateway(GatewaySettings(self.places.home, port=port), folder / "gateway.log")
        self.url = f"http://127.0.0.1:{port}/default/e/score"

    def start(self) -> None:
        """Start everything."""
        self.gateway.keep()
        key = hashlib.sha256(KEY.encode()).hexdigest()
        route = DeploymentRoute(REVISION, 5.0, 8, max_queue_wait_s=30.0)
        endpoint = EndpointRoute("default", "e", keys=(key,), traffic={"blue": 100}, deployments={"blue": route})
        serving.write(self.places.routes, Routes(1, endpoints=[endpoint]))
        self.handles = {node: self._hand_over(node) for node in NODES}
        self.publish()
        self.gateway.wait()

    def publish(self) -> None:
        """Wait for the keepers, and tell the gateway where they are."""
        shares = [self._share(node) for node in NODES]
        serving.write(self.places.record(REVISION), RevisionRecord(REVISION, "ready", wanted=2, shares=shares))
        self.gateway.wake()

    def replace(self, node: str) -> None:
        """Start the keeper of a node again."""
        self.handles[node] = self._hand_over(node)
        self.publish()

    def end(self) -> None:
        """End the gateway; the cluster's own end takes the rest."""
        self.gateway.end()
        end_everything(self.home)

    def _hand_over(self, node: str) -> Handle:
        asked = ServingSpec(
            "e", "blue", REVISION, "script", None, "", "score.py", "", max_concurrent=8, timeout_s=5.0,
            door=pem_of(self.places.certificate(REVISION), REVISION),
        )  # fmt: skip
        return self.bench.submit("", serving=asked, code=snapshot(self.bench, _SCRIPT), machine=node)

    def _share(self, node: str) -> ShareRecord:
        def look() -> RevisionRecord | None:
            with contextlib.suppress(LapisError):
                word = doors.read_record(self.bench.backend.read_log(self.handles[node], doors.STATE_LOG).data)
                if word is not None and any(one.ready for one in word.replicas):
                    return word
            return None

        word = eventually(look, 120)
        assert word is not None
        return ShareRecord(node, node, "127.0.0.1", word.door, word.state)


@contextlib.contextmanager
def ray_serve(cluster: RayCluster, folder: Path) -> Iterator[str]:
    """Run Ray Serve on the cluster; give its address."""
    script = folder / "serve_bench.py"
    script.write_text(_SERVE)
    port = free_port()
    command = [cluster.python, str(script), f"127.0.0.1:{cluster.port}", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        try:
            assert any(line.startswith("ready") for line in driver.stdout), "Ray Serve did not start"
            url = f"http://127.0.0.1:{port}/"
            eventually(lambda: _answers(url), 60)
            yield url
        finally:
            driver.send_signal(signal.SIGKILL)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, data=b"[1.0, 2.0, 3.0]", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def rates(table: Table, serve: str, ours: str, rounds: int, seconds: float) -> None:
    """Measure throughput and waiting times, in turns."""
    for connections in CONNECTIONS:
        found: dict[str, list[dict[str, Any]]] = {serve: [], ours: []}
        for _round in range(rounds):
            for url, figures in found.items():
                figures.append(measured(url, connections, seconds))
        for what, unit, better in (("rps", "/s", "higher"), ("p50_ms", "ms", "lower"), ("p99_ms", "ms", "lower")):
            peer, mine = ([one[what] for one in found[url]] for url in (serve, ours))
            table.add(f"{connections} connections, {what}", unit, better, peer, mine)  # type: ignore[arg-type]  # as above


def losses(table: Table, cluster: RayCluster, serve: str, site: Ours, rounds: int) -> None:
    """Count the requests that fail when one of the two nodes dies under load."""
    failed: dict[str, list[float]] = {serve: [], site.url: []}
    asked: dict[str, list[float]] = {serve: [], site.url: []}
    for _round in range(rounds):
        for url, counts in failed.items():
            with Load(url, KEY, [1.0, 2.0, 3.0], clients=8) as load:
                eventually(lambda load=load: load.good > 500, 60)
                cluster.kill_machine("n2")
                ends = time.monotonic() + 15
                eventually(lambda ends=ends: time.monotonic() > ends, 60)
            counts.append(float(len(load.faults)))
            asked[url].append(float(load.good + len(load.faults)))
            cluster.join("n2", cpus=2)
            site.replace("n2")
            eventually(lambda: _answers(serve), 60)
    note = f"of {sum(asked[serve]):,.0f} and {sum(asked[site.url]):,.0f} requests in {rounds} rounds"
    table.add("a node of two dies: failed requests", "", "lower", failed[serve], failed[site.url], limit=0, note=note)


def main() -> int:
    """Measure; return how many rows missed their limit."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3, help="rounds that count")
    parser.add_argument("--seconds", type=float, default=3.0, help="length of each measurement")
    parser.add_argument("--losses", action="store_true", help="measure only what fails when a node dies")
    given = parser.parse_args()
    cluster = RayCluster(environment=serving_environment())
    table = Table("Ray serving", f"Ray Serve {RAY}", (), given.rounds)
    with tempfile.TemporaryDirectory(prefix="lapis-bench-") as name:
        folder = Path(name)
        rig = RayRig(cluster, folder / "shared", server=cluster.folder / "server")
        rig.shared.mkdir()
        try:
            cluster.start(cpus=0)
            for node in NODES:
                cluster.join(node, cpus=2)
            site = Ours(rig, folder / "home")
            try:
                site.start()
                with ray_serve(cluster, folder) as serve:
                    if not given.losses:
                        rates(table, serve, site.url, given.rounds, given.seconds)
                    losses(table, cluster, serve, site, given.rounds)
            finally:
                site.end()
        finally:
            rig.close()
            cluster.stop()
    return table.finish()


if __name__ == "__main__":
    sys.exit(main())
