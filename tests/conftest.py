"""Fixtures that every kind of test shares: real servers, real databases, the real command."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.cli import run_lapis
from tests.support.clients import AzureCloud, start_cloud
from tests.support.data import real_diabetes_csv, write_stand_in
from tests.support.objectstores import BlobEndpoint, S3Endpoint, missing_azurite, start_azurite, start_s3
from tests.support.postgres import NoPostgresError, PostgresServer
from tests.support.scheduling import ByFile, long_first
from tests.support.server import LapisServer, end_everything

_KEPT = ("LAPIS_TEST_DATA", "LAPIS_TEST_SHOTS")
ServerFactory = Callable[..., LapisServer]
RunCli = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="session", autouse=True)
def _own_environment() -> Iterator[None]:
    """Keep the caller's settings of Lapis and MLflow out of the tests."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [n for n in os.environ if n.startswith(("LAPIS_", "MLFLOW_")) and n not in _KEPT]:
            patch.delenv(name)
        patch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
        yield


@pytest.fixture(autouse=True)
def _variables_are_given_back() -> Iterator[None]:
    """Undo what the code under test sets in this process's environment, so that no test sees another's."""
    before = dict(os.environ)
    yield
    if os.environ != before:
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture
def lapis_home(tmp_path: Path) -> Iterator[Path]:
    """A fresh LAPIS_HOME; whatever runs over it is ended afterwards, a server in the background too."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    yield home
    end_everything(home)


@pytest.fixture
def start_server(lapis_home: Path) -> Iterator[ServerFactory]:
    """``start_server(env={…}, home=…)`` starts a real server and returns it, ready."""
    started: list[LapisServer] = []

    def start(env: dict[str, str] | None = None, home: Path | None = None, wait: bool = True) -> LapisServer:
        server = LapisServer(home or lapis_home, env)
        started.append(server)
        return server.start(wait)

    yield start
    for server in started:
        server.stop()
        end_everything(server.home)


@pytest.fixture
def lapis_server(start_server: ServerFactory) -> LapisServer:
    """A real server of this test's own, over `lapis_home`."""
    return start_server()


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """One server for the whole session, for cheap tests that use names of their own and never stop it."""
    server = LapisServer(tmp_path_factory.mktemp("shared") / "home").start()
    yield server
    server.stop()
    end_everything(server.home)


@pytest.fixture(scope="session")
def azure_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureCloud]:
    """One server for the whole session that Azure's own clients reach; tests use names of their own."""
    cloud = start_cloud(tmp_path_factory.mktemp("azure") / "home")
    yield cloud
    cloud.server.stop()
    end_everything(cloud.home)


@pytest.fixture
def run_cli(lapis_home: Path) -> RunCli:
    """``run_cli("job", "list")`` runs the real command over `lapis_home`; see `run_lapis` for the options."""
    return partial(run_lapis, home=lapis_home)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """The session's PostgreSQL."""
    try:
        server = PostgresServer()
    except NoPostgresError as reason:
        pytest.skip(str(reason))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """URL of a fresh, empty PostgreSQL database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of a fresh, empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def s3_endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Endpoint]:
    """A running S3 service."""
    service, endpoint = start_s3(tmp_path_factory.mktemp("s3"))
    yield endpoint
    service.stop()


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BlobEndpoint]:
    """A running Azure Blob service."""
    reason = missing_azurite()
    if reason is not None:
        pytest.skip(reason)
    service, endpoint = start_azurite(tmp_path_factory.mktemp("azurite"))
    yield endpoint
    service.stop()


@pytest.fixture(scope="session")
def diabetes_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The diabetes data (label ``Diabetic``): the real file where it is at hand, else one of the same form."""
    return real_diabetes_csv() or write_stand_in(tmp_path_factory.mktemp("data") / "diabetes.csv")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long."""
    long_first(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share the tests out as `ByFile` says, whatever ``--dist`` says."""
    return ByFile(config, log)  # type: ignore[arg-type]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how many servers were killed on purpose, and what became of the jobs."""
    torn_down = [r for r in terminalreporter.stats.get("", []) if getattr(r, "when", None) == "teardown"]
    kills = sum(value for r in torn_down for name, value in r.user_properties if name == "injected_kills")
    if kills:
        wrong = sum("test_kills" in r.nodeid for r in terminalreporter.stats.get("failed", []))
        sentence = f"{kills} servers killed on purpose; jobs found lost, doubled or wrongly ended: {wrong}"
        terminalreporter.write_line(sentence)
