"""Jobs with the official SDK, unmodified: the newest release and an older one.

Each file in ``notebooks`` is a script as the SDK's documentation writes them, with its own assertions. All of them
run in one process, since the SDK takes seconds to load.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import AzureCloud, python_of, run_client, start_cloud
from tests.support.server import end_everything
from tests.support.whole import only_when_all

NOTEBOOKS = Path(__file__).parent / "notebooks"
ALL = ("command_job", "sweep_job", "pipeline_job", "job_refusals")

_RUN = """
import os, runpy, sys
for script in sys.argv[1:]:
    name = script.rpartition("/")[2].removesuffix(".py")
    os.makedirs(name)
    os.chdir(name)
    runpy.run_path(script, run_name="__main__")
    os.chdir("..")
"""


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureCloud]:
    """A server whose jobs run with what this machine has, so that no environment is built."""
    made = start_cloud(tmp_path_factory.mktemp("jobs") / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"})
    yield made
    made.server.stop()
    end_everything(made.home)


def _run(cloud: AzureCloud, client: str, folder: Path, names: tuple[str, ...]) -> None:
    scripts = [str(NOTEBOOKS / f"{name}.py") for name in names]
    path = os.pathsep.join(filter(None, (str(NOTEBOOKS), os.environ.get("PYTHONPATH"))))
    variables = {**cloud.variables(), "PYTHONPATH": path}
    printed = run_client(_RUN, variables, python_of(client), arguments=scripts, cwd=folder, timeout=900)
    assert [line for line in printed.splitlines() if line.endswith(": done")] == [f"{name}: done" for name in names]


def test_newest_release(cloud: AzureCloud, tmp_path: Path) -> None:
    _run(cloud, "azure-new", tmp_path, ALL)


def test_older_release(cloud: AzureCloud, tmp_path: Path) -> None:
    only_when_all("azure-old")
    _run(cloud, "azure-old", tmp_path, ("command_job",))
