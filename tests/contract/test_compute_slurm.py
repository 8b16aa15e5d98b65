"""Jobs through Slurm keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute", "lapisml.testing.compute_bench")

from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.support.server import end_everything  # noqa: E402
from tests.support.slurm import SlurmRig, SlurmSite, why_not  # noqa: E402

pytestmark = pytest.mark.skipif(bool(why_not()), reason=why_not())


@pytest.fixture(scope="module")
def rig() -> Iterator[SlurmRig]:
    """A cluster of two nodes."""
    rig = SlurmRig(cpus=16)
    try:
        yield rig.start()
    finally:
        rig.stop()


@pytest.fixture
def bench(rig: SlurmRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    """Jobs below a fresh folder of the shared storage; whatever runs there is ended afterwards."""
    site = SlurmSite(rig, tmp_path, monkeypatch)
    yield Bench(site.backend, site.home, site.root)
    site.close()
    end_everything(site.root)


class TestSlurm(ComputeBackendSuite):
    pass
