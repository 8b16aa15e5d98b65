"""Jobs on a Ray cluster: Lapis against Ray's own job API, on the same cluster of this machine.

The peer is what ``ray job submit`` does, by the same HTTP calls but without the start of its command line. Ours is the
compute backend, from `submit` to the observed end; what the server does besides is in ``bench/jobs.py``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.harness import Table, seconds
from lapisml.testing.compute_bench import Bench
from tests.support.fetched import RAY
from tests.support.ray_cluster import RayCluster, RayRig

AT_ONCE = 4
ADDED_MS = 150
_LOOK_EVERY_S = 0.02
_COMMAND = "true"


def main() -> int:
    """Measure one job after the other, and many at once."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count, each side once a round")
    parser.add_argument("--jobs", type=int, default=200, help="jobs of the second row")
    asked = parser.parse_args()
    cluster = RayCluster()
    with tempfile.TemporaryDirectory() as folder:
        rig = RayRig(cluster, Path(folder), server=cluster.folder / "server")
        try:
            cluster.start(cpus=AT_ONCE / 2)
            cluster.join("n1", cpus=AT_ONCE / 2)
            bench = Bench(rig.backend, rig.shared)
            bench.follow(bench.submit(_COMMAND), timeout=120)
            return _measure(bench, cluster, asked.rounds, asked.jobs)
        finally:
            rig.close()
            cluster.stop()


def _measure(bench: Bench, cluster: RayCluster, rounds: int, jobs: int) -> int:
    table = Table("Ray", f"Ray {RAY}'s job API", (), rounds)

    def ours_once() -> None:
        bench.follow(bench.submit(_COMMAND))

    def peer_once() -> None:
        _ray_job(cluster.address, _COMMAND)

    row = table.compare(
        "a job, from submit to its end",
        peer=lambda: 1000 * seconds(peer_once),
        ours=lambda: 1000 * seconds(ours_once),
        unit="ms",
        target=1,
        note=f"what Lapis adds must stay below {ADDED_MS} ms; a ratio of 1 or more means that it adds nothing",
    )
    print(f"added: {_median(row.ours) - _median(row.peer):.0f} ms")
    table.compare(
        f"{jobs} jobs, {AT_ONCE} at a time",
        peer=lambda: seconds(lambda: _side_by_side(peer_once, jobs)),
        ours=lambda: seconds(lambda: _all_at_once(bench, jobs)),
        unit="s",
        target=1,
        rounds=1,
        warm=False,
    )
    handles = [bench.submit("sleep 600") for _number in range(AT_ONCE)]
    table.compare(
        f"handing over {jobs} jobs that have to wait",
        ours=lambda: seconds(lambda: _hand_over_and_cancel(bench, jobs)),
        unit="s",
        rounds=1,
        warm=False,
        note="submitted one by one, and cancelled one by one",
    )
    for handle in handles:
        bench.backend.cancel(handle, grace_s=0)
    return table.finish()


def _all_at_once(bench: Bench, jobs: int) -> None:
    handles = [bench.submit(_COMMAND) for _number in range(jobs)]
    for handle in handles:
        bench.follow(handle, timeout=600)


def _hand_over_and_cancel(bench: Bench, jobs: int) -> None:
    handles = [bench.submit(_COMMAND) for _number in range(jobs)]
    for handle in handles:
        bench.backend.cancel(handle)


def _side_by_side(work: Callable[[], None], jobs: int) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for done in [pool.submit(work) for _number in range(jobs)]:
            done.result()


def _ray_job(address: str, command: str) -> None:
    name = f"bench-{uuid.uuid4().hex}"
    body = json.dumps({"entrypoint": command, "submission_id": name}).encode()
    request = urllib.request.Request(
        f"{address}/api/jobs/", method="POST", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        answer.read()
    while True:
        with urllib.request.urlopen(f"{address}/api/jobs/{name}", timeout=120) as answer:
            status = json.loads(answer.read())["status"]
        if status in ("SUCCEEDED", "FAILED"):
            assert status == "SUCCEEDED"
            return
        time.sleep(_LOOK_EVERY_S)


def _median(figures: list[float]) -> float:
    return sorted(figures)[len(figures) // 2]


if __name__ == "__main__":
    raise SystemExit(main())
