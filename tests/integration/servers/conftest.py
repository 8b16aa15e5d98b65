from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.buckets import s3_bucket
from tests.support.cluster import Cluster
from tests.support.objectstores import S3Endpoint


@pytest.fixture
def cluster(tmp_path: Path, postgres_url: str, s3_endpoint: S3Endpoint) -> Iterator[Cluster]:
    """Two servers over an empty database, started at once."""
    made = Cluster(tmp_path, postgres_url, s3_bucket(s3_endpoint), 2, LAPIS_ENVIRONMENT_RESOLUTION="host")
    yield made.start()
    made.stop()
