"""The database is away for seconds: clients try again and notice nothing more, jobs go on and end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.integration.jobs.client import Api
from tests.integration.servers.test_kill_drill import Load, _reading, _submitting
from tests.support.balancer import Balancer
from tests.support.buckets import s3_bucket
from tests.support.cluster import Cluster
from tests.support.objectstores import S3Endpoint
from tests.support.polling import eventually

pytestmark = pytest.mark.postgres


@pytest.fixture
def way(postgres_url: str) -> Iterator[Balancer]:
    """A way to the database that can be cut."""
    made = Balancer([make_url(postgres_url).port or 5432])
    yield made
    made.close()


@pytest.fixture
def cluster(tmp_path: Path, postgres_url: str, way: Balancer, s3_endpoint: S3Endpoint) -> Iterator[Cluster]:
    url = make_url(postgres_url).set(port=way.port).render_as_string(hide_password=False)
    made = Cluster(tmp_path, url, s3_bucket(s3_endpoint), 2, LAPIS_ENVIRONMENT_RESOLUTION="host")
    yield made.start()
    made.stop()


def test_the_database_is_away_for_seconds(cluster: Cluster, way: Balancer) -> None:
    api = Api(cluster.client)
    running = api.submit("echo begun; sleep 4; echo over")
    api.wait(running, "Running")
    loads = [Load(_submitting(cluster)), Load(_reading(cluster))]
    for load in loads:
        load.start()
    eventually(lambda: all(load.done for load in loads), 30, what="clients at work")
    for _ in range(2):
        counts = [len(load.done) for load in loads]
        way.cut()
        time.sleep(1.5)  # that it is away for a while is what is tested
        way.restore()
        eventually(lambda before=counts: all(len(n.done) > c for n, c in zip(loads, before, strict=True)), 30)
    for load in loads:
        load.finish()
    assert [load.failed for load in loads] == [[], []]
    for name in [running, *loads[0].done]:
        api.wait(name, "Completed", timeout=120)
    assert api.printed(running) == b"begun\nover\n"
