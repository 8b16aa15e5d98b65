"""The SDK, newest and older, against a real server: datastores, uploads, downloads."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients import AzureCloud, python_of, run_client
from tests.support.whole import only_when_all

SCRIPT = Path(__file__).with_name("datastores.py")


@pytest.mark.parametrize("client", ["azure-new", "azure-old"])
def test_datastores(azure_cloud: AzureCloud, client: str, tmp_path: Path) -> None:
    only_when_all(client)
    store = azure_cloud.home / "storage" / azure_cloud.workspace
    arguments = [str(tmp_path), str(store)]
    printed = run_client(SCRIPT, azure_cloud.variables(), python_of(client), arguments=arguments, cwd=tmp_path)
    assert printed.split()[-1] == "a_large_file_up_and_down"
