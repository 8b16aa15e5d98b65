"""Online and batch endpoints and schedules with the official SDK, unmodified: the newest release and an older one.

Each file in ``notebooks`` is a script as the SDK's documentation writes them, with its own assertions. They run in one
process, since the SDK takes seconds to load, and clean up behind themselves, so that one server serves both releases.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clients import AzureCloud, python_of, run_client, start_cloud
from tests.support.server import end_everything
from tests.support.whole import only_when_all

HERE = Path(__file__).parent
_ALL = "import runpy, sys\nfor script in sys.argv[1:]:\n    runpy.run_path(script, run_name='__main__')\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AzureCloud]:
    """A server whose jobs and deployments run in its own interpreter: nothing is built."""
    settings = {"LAPIS_ENVIRONMENT_RESOLUTION": "host", "LAPIS_ACCELERATE": "0"}
    found = start_cloud(tmp_path_factory.mktemp("endpoints") / "home", settings)
    yield found
    found.server.stop()
    end_everything(found.home)


def _run(cloud: AzureCloud, client: str, folder: Path, *names: str) -> None:
    shutil.copytree(HERE / "files", folder / "work")
    scripts = [str(HERE / "notebooks" / f"{name}.py") for name in names]
    printed = run_client(
        _ALL, cloud.variables(), python_of(client), arguments=scripts, cwd=folder / "work", timeout=540
    )
    assert [line for line in printed.splitlines() if line.endswith(": done")] == [f"{name}: done" for name in names]


@pytest.mark.slow
def test_newest_release(cloud: AzureCloud, tmp_path: Path) -> None:
    _run(cloud, "azure-new", tmp_path, "online", "batch", "schedules")


@pytest.mark.slow
def test_older_release(cloud: AzureCloud, tmp_path: Path) -> None:
    only_when_all("azure-old")
    _run(cloud, "azure-old", tmp_path, "online", "schedules")
