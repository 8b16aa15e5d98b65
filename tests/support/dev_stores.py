"""The stores of a company on one machine, for a developer: PostgreSQL, an S3 service and an Azure Blob service."""

from __future__ import annotations

import shlex
import signal
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.support.buckets import blob_container, s3_bucket
from tests.support.objectstores import missing_azurite, start_azurite, start_s3
from tests.support.postgres import NoPostgresError, PostgresServer


def main() -> None:
    """Run what can be run here until Ctrl-C, and say what a server is started with to use it."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with tempfile.TemporaryDirectory(prefix="lapis-stores-") as folder, ExitStack() as running:
            for start in (_postgres, _s3, _blob):
                running.enter_context(start(Path(folder)))
            print("\nCtrl-C ends them; what they hold is gone then.", flush=True)
            signal.pause()
    except KeyboardInterrupt:
        print("Ended.", flush=True)


@contextmanager
def _postgres(_folder: Path) -> Iterator[None]:
    try:
        server = PostgresServer().start()
    except NoPostgresError as error:
        print(f"PostgreSQL: not here, {error}.", flush=True)
        yield
        return
    try:
        _say("PostgreSQL", {"LAPIS_DATABASE_URL": server.new_database()})
        yield
    finally:
        server.stop()


@contextmanager
def _s3(folder: Path) -> Iterator[None]:
    service, endpoint = start_s3(folder / "s3")
    try:
        _say(f"S3 at {endpoint.url}", s3_bucket(endpoint).env)
        yield
    finally:
        service.stop()


@contextmanager
def _blob(folder: Path) -> Iterator[None]:
    if reason := missing_azurite():
        print(f"Azure Blob: not here, {reason}.", flush=True)
        yield
        return
    service, endpoint = start_azurite(folder / "blob")
    try:
        _say(f"Azure Blob at {endpoint.url}", blob_container(endpoint).env)
        yield
    finally:
        service.stop()


def _say(what: str, variables: Mapping[str, str]) -> None:
    print(f"\n# {what}", flush=True)
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}", flush=True)


if __name__ == "__main__":
    main()
