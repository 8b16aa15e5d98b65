"""After a full run nothing has leaked: tokens and credentials are in no log, no database, no record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.e2e.scenario.scenario import Scenario

CANARY = "Q2FuYXJ5S2V5VGhhdE11c3ROb3RCZVNlZW5BbnlXaGVyZQ=="
DATASTORE = """\
$schema: https://azuremlschemas.azureedge.net/latest/azureBlob.schema.json
name: canary
type: azure_blob
account_name: canaryaccount
container_name: data
credentials:
  account_key: {key}
"""


def _files(folder: Path) -> Iterator[Path]:
    yield from (p for p in sorted(folder.rglob("*")) if p.is_file() and "environments" not in p.parts)


def _holding(scenario: Scenario, secret: str, allowed: set[str]) -> list[str]:
    """Return the files of the home, and the columns of the database, that hold `secret`."""
    home = scenario.home
    found = [
        str(path.relative_to(home))
        for path in _files(home)
        if path.relative_to(home).as_posix() not in allowed and secret.encode() in path.read_bytes()
    ]
    return found + _columns_holding(scenario, secret)


def _columns_holding(scenario: Scenario, secret: str) -> list[str]:
    engine = create_engine(scenario.env.get("LAPIS_DATABASE_URL") or f"sqlite:///{scenario.home / 'lapis.db'}")
    found = []
    with engine.connect() as connection:
        for table in inspect(engine).get_table_names():
            rows = connection.execute(text(f'SELECT * FROM "{table}"')).mappings()
            found += [f"table {table}" for row in rows if any(secret in str(value) for value in row.values())]
    engine.dispose()
    return sorted(set(found))


def test_the_owners_token_is_only_in_its_file(scenario: Scenario) -> None:
    token = scenario.done["token"].stdout.strip()
    assert len(token) >= 32
    assert _holding(scenario, token, {"token"}) == []
    assert (scenario.home / "token").stat().st_mode & 0o077 == 0


def test_the_jobs_token_is_only_in_its_own_private_folder_and_dead(scenario: Scenario) -> None:
    spec = scenario.home / "runs" / scenario.job / "spec.json"
    specs = sorted(scenario.home.glob(f"runs/**/{scenario.job}*/spec.json")) or [spec]
    token = json.loads(specs[0].read_text())["tracking"]["token"]
    assert _holding(scenario, token, {s.relative_to(scenario.home).as_posix() for s in specs}) == []
    assert specs[0].parent.stat().st_mode & 0o077 == 0
    done = scenario.type("with a dead token", "job", "list", "--query", "[].name", check=True)
    assert token not in done.stdout + done.stderr


@pytest.fixture
def canary(scenario: Scenario) -> Iterator[Scenario]:
    document = scenario.folder / "canary.yml"
    document.write_text(DATASTORE.format(key=CANARY))
    scenario.type("datastore create", "datastore", "create", "-f", "canary.yml")
    yield scenario
    scenario.type("datastore delete", "datastore", "delete", "-n", "canary", "-y", check=False)


def test_credentials_are_kept_encrypted_and_never_shown_again(canary: Scenario) -> None:
    shown = [canary.done["datastore create"]]
    shown.append(canary.type("datastore show", "datastore", "show", "-n", "canary"))
    shown.append(canary.type("datastore list", "datastore", "list"))
    shown.append(canary.type("datastore yaml", "datastore", "show", "-n", "canary", "-o", "yaml"))
    assert all(CANARY not in done.stdout + done.stderr for done in shown)
    assert _holding(canary, CANARY, set()) == []


def test_a_job_that_cannot_reach_the_datastore_does_not_tell_the_key(canary: Scenario) -> None:
    path = "inputs.training_data.path=azureml://datastores/canary/paths/a.csv"
    words = ["job", "create", "-f", "job.yml", "--set", path, "limits.timeout=60", "--query", "name", "-o", "tsv"]
    job = canary.type("unreachable", *words, check=False).stdout.strip()
    if job:
        canary.type("cancel", "job", "cancel", "-n", job, check=False)
    assert _holding(canary, CANARY, set()) == []
