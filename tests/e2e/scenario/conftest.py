"""The scenario is played once on SQLite and once on PostgreSQL; every test looks at both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.scenario.scenario import Scenario, play, prepare
from tests.support.postgres import PostgresServer
from tests.support.server import end_everything
from tests.support.whole import only_in_a_whole_run


@pytest.fixture(
    scope="package", params=["sqlite", pytest.param("postgres", marks=[pytest.mark.postgres, only_in_a_whole_run])]
)
def scenario(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, diabetes_csv: Path
) -> Iterator[Scenario]:
    """The scenario, played to its end."""
    root = tmp_path_factory.mktemp(f"scenario-{request.param}")
    prepare(root / "work", diabetes_csv)
    env: dict[str, str] = {}
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        env["LAPIS_DATABASE_URL"] = server.new_database()
    home = root / "home"
    home.mkdir(mode=0o700)
    played = Scenario(home, root / "work", env)
    try:
        play(played)
        yield played
    finally:
        end_everything(home)
