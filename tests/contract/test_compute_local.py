"""Local processes keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "lapisml.testing.compute", "lapisml.testing.compute_bench", "lapisml.testing.compute_faults"
)

from lapisml.backends.compute.local import LocalProcesses  # noqa: E402
from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from lapisml.testing.compute_faults import SupervisorFaultSuite  # noqa: E402
from tests.support.server import end_everything  # noqa: E402


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs below a fresh home; whatever runs there is ended afterwards."""
    yield Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    end_everything(tmp_path)


class TestLocalProcesses(ComputeBackendSuite, SupervisorFaultSuite):
    pass
