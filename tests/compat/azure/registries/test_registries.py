"""Registries and connections with the official SDK, unmodified: the newest release and an older one.

Each file in ``notebooks`` is a script as the SDK's documentation writes them, with its own assertions. All of them
run in one process, since the SDK takes seconds to load.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.clients import AzureCloud, python_of, run_client
from tests.support.whole import only_when_all

NOTEBOOKS = Path(__file__).parent / "notebooks"
NOUNS = ("registries", "connections")

_ALL = """
import os, runpy, sys
for script in sys.argv[1:]:
    name = script.rpartition("/")[2].removesuffix(".py")
    os.makedirs(name)
    os.chdir(name)
    runpy.run_path(script, run_name="__main__")
    os.chdir("..")
"""


@pytest.mark.parametrize("client", ["azure-new", "azure-old"])
def test_official_client(azure_cloud: AzureCloud, client: str, tmp_path: Path) -> None:
    only_when_all(client)
    scripts = [str(NOTEBOOKS / f"{noun}.py") for noun in NOUNS]
    printed = run_client(_ALL, azure_cloud.variables(), python_of(client), arguments=scripts, cwd=tmp_path)
    assert [line for line in printed.splitlines() if line.endswith(": done")] == [f"{noun}: done" for noun in NOUNS]
