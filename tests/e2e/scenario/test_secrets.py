"""After a full run nothing has leaked: tokens and credentials are in no log, no database, no record."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests.e2e.scenario.scenario import Scenario
from tests.support.polling import eventually

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


def test_a_jobs_token_lives_only_beside_the_running_job_and_dies_with_it(scenario: Scenario) -> None:
    go = scenario.folder / "go-on"
    waiting = f"command=while [ ! -e {go} ]; do sleep 0.05; done"
    words = ["job", "create", "-f", "job.yml", "--set", waiting, "--query", "name", "-o", "tsv"]
    job = scenario.type("waiting job", *words).stdout.strip()
    kept = scenario.home / "runs" / "default" / job / "secrets.json"
    token = eventually(lambda: kept.exists() and json.loads(kept.read_text()).get("token"), 60, what="the job's token")
    assert _status(scenario, token, f"runs/get?run_id={job}") == 200
    assert _status(scenario, token, f"runs/get?run_id={scenario.job}") in (403, 404), "its own run only"
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0
    go.touch()
    scenario.type("wait", "job", "stream", "-n", job)
    eventually(lambda: not kept.exists(), 20, what="the end of the token's file")
    assert _status(scenario, token, f"runs/get?run_id={job}") == 401
    assert _holding(scenario, token, set()) == []


def _status(scenario: Scenario, token: str, call: str) -> int:
    address = scenario.done["tracking uri"].stdout.strip() + f"/api/2.0/mlflow/{call}"
    request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


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


def test_the_password_of_a_nodes_administrator_is_not_kept(scenario: Scenario) -> None:
    document = {"name": "noded", "type": "amlcompute", "max_instances": 1}
    ssh = {"admin_username": "ada", "admin_password": CANARY}
    (scenario.folder / "noded.yml").write_text(json.dumps({**document, "ssh_settings": ssh}))
    made = scenario.type("compute create", "compute", "create", "-f", "noded.yml")
    assert json.loads(made.stdout)["ssh_settings"]["admin_username"] == "ada"
    assert CANARY not in made.stdout + made.stderr
    assert _holding(scenario, CANARY, set()) == []
