from __future__ import annotations

import psycopg
import pytest
from sqlalchemy import create_engine, text

from tests.support.objectstores import BlobEndpoint, S3Endpoint
from tests.support.polling import eventually


def test_eventually_returns_the_value_and_raises_the_last_assertion_at_the_deadline() -> None:
    countdown = iter([0, 0, 7])
    assert eventually(lambda: next(countdown), 5, 0.001) == 7

    def never() -> bool:
        raise AssertionError("still two missing")

    with pytest.raises(AssertionError, match="still two missing"):
        eventually(never, 0.01, 0.001)


def test_each_database_is_fresh_and_answers(database_url: str) -> None:
    with create_engine(database_url).begin() as connection:
        connection.execute(text("CREATE TABLE thing (id INTEGER)"))
        assert connection.execute(text("SELECT count(*) FROM thing")).scalar() == 0


@pytest.mark.postgres
def test_postgres_databases_are_separate(postgres_url: str) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


def test_s3_service_keeps_what_is_put(s3_endpoint: S3Endpoint) -> None:
    import fsspec

    files = fsspec.filesystem("s3", **s3_endpoint.options)
    files.mkdir("ground-bucket")
    files.pipe("ground-bucket/a.txt", b"hello")
    assert files.cat("ground-bucket/a.txt") == b"hello"


def test_azure_blob_service_keeps_what_is_put(azurite: BlobEndpoint) -> None:
    import fsspec

    files = fsspec.filesystem("abfs", connection_string=azurite.connection_string)
    files.mkdir("ground")
    files.pipe("ground/a.txt", b"hello")
    assert files.cat("ground/a.txt") == b"hello"
