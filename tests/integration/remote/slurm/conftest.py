"""Slurm clusters of this machine, one for each module of tests, and computes over them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute_bench")

from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.support.slurm import SlurmRig, why_not  # noqa: E402
from tests.support.slurm_site import SlurmSite  # noqa: E402


@pytest.fixture(scope="module")
def rig(request: pytest.FixtureRequest) -> Iterator[SlurmRig]:
    """A cluster: what the module's ``new_rig`` makes, or two nodes with two processors each."""
    if why_not():
        pytest.skip(why_not())
    made: SlurmRig = getattr(request.module, "new_rig", lambda: SlurmRig(cpus=2))()
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def site(rig: SlurmRig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SlurmSite]:
    """A compute over the cluster; nothing of it runs when the next test begins."""
    site = SlurmSite(rig, tmp_path, monkeypatch)
    yield site
    site.close()
    rig.clear()


@pytest.fixture
def bench(site: SlurmSite) -> Bench:
    """Jobs on the cluster."""
    return site.bench()
