"""What a client waits for when one of three servers behind a balancer is killed, beside what it waits for in peace.

One PostgreSQL, one bucket (an S3 emulator), three servers, a plain TCP balancer without health checks. Clients ask one
after the other through the SDK's own transport, which tries again when a connection breaks.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from bench.harness import Table, rounds_from_arguments
from lapisml.sdk.discovery import Address
from lapisml.sdk.transport import Transport
from tests.support.buckets import s3_bucket
from tests.support.cluster import TOKEN, Cluster
from tests.support.objectstores import start_s3
from tests.support.postgres import PostgresServer

QUIET, AFTER = 100, 60
"""Requests that are timed in peace, and from each death on."""

LONGEST_S = 1.0
"""What one request may take while a server dies, seconds."""


def _timed(ask: Callable[[], object], count: int) -> list[float]:
    found = []
    for _ in range(count):
        began = time.perf_counter()
        ask()
        found.append(time.perf_counter() - began)
    return found


def _deaths(cluster: Cluster, ask: Callable[[], object], rounds: int) -> list[list[float]]:
    """Kill each server in turn, `rounds` times, and time what follows."""
    found = []
    for _ in range(rounds):
        for server in cluster.servers:
            server.kill9()
            found.append(_timed(ask, AFTER))
            server.start()
    return found


def _rows(table: Table, what: str, quiet: list[float], deaths: list[list[float]]) -> None:
    ms = [[1000 * one for one in samples] for samples in deaths]
    calm = [1000 * one for one in quiet]
    table.add(f"{what}: median in peace", "ms", "lower", [], [statistics.median(calm)])
    table.add(f"{what}: longest in peace", "ms", "lower", [], [max(calm)])
    table.add(f"{what}: median after a death", "ms", "lower", [], [statistics.median(one) for one in ms])
    longest = [max(one) for one in ms]
    note = f"{len(ms)} deaths, the worst {max(longest):.0f} ms; every request was answered."
    table.add(f"{what}: longest after a death", "ms", "lower", [], longest, limit=1000 * LONGEST_S, note=note)


def main() -> int:
    """Measure."""
    rounds = rounds_from_arguments(2)
    table = Table("Several servers", "")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="lapis-servers-")))
        postgres = PostgresServer().start()
        stack.callback(postgres.stop)
        service, endpoint = start_s3(folder / "s3")
        stack.callback(service.stop)
        cluster = Cluster(folder, postgres.new_database(), s3_bucket(endpoint), 3)
        stack.callback(cluster.stop)
        _measure(table, cluster.start(), rounds)
    return table.finish()


def _measure(table: Table, cluster: Cluster, rounds: int) -> None:
    transport = Transport(lambda _start: Address(cluster.balancer.url, TOKEN))

    def read() -> object:
        return transport.get("/api/v1/workspaces/default/jobs", limit=10)

    def submit() -> object:
        document = {"type": "command", "command": "true", "environment": {"image": "python"}}
        path = f"/api/v1/workspaces/default/jobs/b_{uuid.uuid4().hex[:12]}"
        return transport.request("PUT", path, json_body={"document": document})

    for what, ask in (("list of jobs", read), ("job submitted", submit)):
        _timed(ask, 10)
        _rows(table, what, _timed(ask, QUIET), _deaths(cluster, ask, rounds))


if __name__ == "__main__":
    sys.exit(main())
