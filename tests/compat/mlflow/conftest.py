"""The stock MLflow client against a real server, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from mlflow import MlflowClient

from lapisml.core.clock import SystemClock
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.platform.database import Database
from tests.support.server import LapisServer, end_everything
from tests.support.whole import only_in_a_whole_run


@dataclass
class Lapis:
    """A running server and its database."""

    server: LapisServer
    database_url: str

    @property
    def uri(self) -> str:
        """The tracking address of workspace ``default``."""
        return f"{self.server.url}/mlflow/default"

    def client(self) -> MlflowClient:
        """Return a client; whose token it shows, the environment says."""
        return MlflowClient(self.uri, self.uri)

    def job_token(self, job: str, workspace: str = "default") -> str:
        """Make the token of a job."""
        database = Database(self.database_url)
        try:
            return IdentityService(database, SystemClock()).issue_job_token(workspace, job, 3600)
        finally:
            database.close()


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, only_in_a_whole_run])],
)
def lapis(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lapis]:
    """One server on each database for all tests here, which use names of their own."""
    home = tmp_path_factory.mktemp(f"mlflow-{request.param}") / "home"
    url, drop = f"sqlite:///{home / 'lapis.db'}", None
    if request.param == "postgres":
        postgres = request.getfixturevalue("postgres_server")
        url, drop = postgres.new_database(), postgres.drop_database
    server = LapisServer(home, {"LAPIS_DATABASE_URL": url}).start()
    yield Lapis(server, url)
    server.stop()
    end_everything(home)
    if drop is not None:
        drop(url)


@pytest.fixture(scope="session")
def open_lapis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lapis]:
    """A server that may reach private addresses and prepares no environments, made at first use."""
    home = tmp_path_factory.mktemp("mlflow-open") / "home"
    setting = {"LAPIS_ALLOW_PRIVATE_ADDRESSES": "1", "LAPIS_ENVIRONMENT_RESOLUTION": "host"}
    server = LapisServer(home, setting).start()
    yield Lapis(server, f"sqlite:///{home / 'lapis.db'}")
    server.stop()
    end_everything(home)


@pytest.fixture
def as_owner(lapis: Lapis, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point the client of this process at the server, with the owner's token."""
    import mlflow

    for name, value in lapis.server.mlflow_environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    mlflow.set_tracking_uri(lapis.uri)
    mlflow.set_registry_uri(lapis.uri)


@pytest.fixture
def client(lapis: Lapis, as_owner: None) -> MlflowClient:
    """The owner's client."""
    return lapis.client()


@pytest.fixture
def name() -> str:
    """A name that no other test uses."""
    return f"t-{uuid4().hex[:12]}"


@pytest.fixture
def experiment(client: MlflowClient, name: str) -> str:
    """The id of an experiment of this test's own."""
    return str(client.create_experiment(name))
