"""Data, models, environments and components with the official SDK, unmodified: the newest release and an older one.

Each file in ``notebooks`` is a script as the SDK's documentation writes them, with its own assertions. All of them
run in one process, since the SDK takes seconds to load; the older release runs those that differ most.
"""

from __future__ import annotations

from pathlib import Path

from tests.support.cli import run_lapis
from tests.support.clients import AzureCloud, python_of, run_client
from tests.support.whole import only_when_all

NOTEBOOKS = Path(__file__).parent / "notebooks"
NOUNS = ("environments", "data", "models", "components")

_ALL = """
import os, runpy, sys
for script in sys.argv[1:]:
    name = script.rpartition("/")[2].removesuffix(".py")
    os.makedirs(name)
    os.chdir(name)
    runpy.run_path(script, run_name="__main__")
    os.chdir("..")
"""


def _run(cloud: AzureCloud, client: str, folder: Path, workspace: str, names: tuple[str, ...] = NOUNS) -> None:
    scripts = [str(NOTEBOOKS / f"{name}.py") for name in names]
    variables = {**cloud.variables(), "WORKSPACE_NAME": workspace}
    printed = run_client(_ALL, variables, python_of(client), arguments=scripts, cwd=folder, timeout=900)
    assert [line for line in printed.splitlines() if line.endswith(": done")] == [f"{name}: done" for name in names]


def test_newest_release(azure_cloud: AzureCloud, tmp_path: Path) -> None:
    _run(azure_cloud, "azure-new", tmp_path, azure_cloud.workspace, (*NOUNS, "at_once"))


def test_older_release(azure_cloud: AzureCloud, tmp_path: Path) -> None:
    only_when_all("azure-old")
    run_lapis("workspace", "create", "-n", "older-sdk", home=azure_cloud.home, check=True)
    _run(azure_cloud, "azure-old", tmp_path, "older-sdk", ("models", "components"))
