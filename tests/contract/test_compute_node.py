"""Jobs on a node, through an agent with a folder of its own, keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "lapisml.testing.compute", "lapisml.testing.compute_bench", "lapisml.testing.compute_faults"
)

from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from lapisml.testing.compute_faults import SupervisorFaultSuite  # noqa: E402
from tests.support.nodes import NodeRig  # noqa: E402
from tests.support.server import end_everything  # noqa: E402


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs below the root of a fresh node; whatever runs there is ended afterwards."""
    home, root = tmp_path / "home", tmp_path / "node"
    home.mkdir()
    rig = NodeRig(home, root)
    yield Bench(rig.backend, home, root)
    rig.close()
    end_everything(root)


class TestNode(ComputeBackendSuite, SupervisorFaultSuite):
    pass
