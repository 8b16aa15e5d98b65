"""Workspaces, computes, tokens and errors with the official SDK, unmodified: the newest release and an older one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.core.clock import SystemClock
from lapisml.server.features.identity.access_tokens import AccessTokens
from lapisml.server.features.identity.service import IdentityService
from lapisml.server.features.identity.store import TokenRecord
from lapisml.server.platform.database import Database
from lapisml.server.platform.vault import Vault
from lapisml.testing.clock import FakeClock
from tests.support.cli import run_lapis
from tests.support.clients import AzureCloud, python_of, run_client, start_cloud
from tests.support.server import end_everything

HERE = Path(__file__).parent
SCRIPTS = ("workspaces_and_computes", "refused", "bad_days")

_ALL = """
import runpy, sys, time
for script in sys.argv[1:]:
    start = time.monotonic()
    runpy.run_path(script, run_name="__main__")
    print(f"{script} took {time.monotonic() - start:.1f} s: done")
"""


@pytest.fixture(scope="module")
def strict_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureCloud]:
    """A server that answers to one subscription and one resource group."""
    named = {"LAPIS_AZURE_SUBSCRIPTION": AzureCloud.subscription, "LAPIS_AZURE_RESOURCE_GROUP": AzureCloud.group}
    cloud = start_cloud(tmp_path_factory.mktemp("strict") / "home", named)
    yield cloud
    cloud.server.stop()
    end_everything(cloud.home)


@pytest.mark.parametrize("client", ["azure-new", "azure-old"])
def test_good_and_bad_days(strict_cloud: AzureCloud, client: str, tmp_path: Path) -> None:
    """One process, since the SDK takes seconds to load."""
    key = Vault.open(strict_cloud.home / "secret.key").subkey("access-tokens")
    record = TokenRecord(1, "", "user", "ada", "", None, None, 0, None, None)
    old = AccessTokens(key, FakeClock(0), b"").make(record, "https://management.azure.com", 3600, None)
    tokens = {"OLD_TOKEN": old.token, "JOB_TOKEN": _token_of_a_job(strict_cloud), "ONE_SUBSCRIPTION": "1"}
    run_lapis("azure", "config", home=strict_cloud.home, cwd=tmp_path, check=True)
    tokens["CONFIG_FOLDER"] = str(tmp_path)
    scripts = [str(HERE / f"{name}.py") for name in SCRIPTS]
    printed = run_client(_ALL, {**strict_cloud.variables(), **tokens}, python_of(client), arguments=scripts)
    assert printed.count(": done\n") == len(SCRIPTS), printed


def _token_of_a_job(cloud: AzureCloud) -> str:
    """Make a token such as the code of a running job has."""
    database = Database(f"sqlite:///{cloud.home / 'lapis.db'}")
    try:
        return IdentityService(database, SystemClock()).issue_job_token("default", "calm_fern", 600)
    finally:
        database.close()
