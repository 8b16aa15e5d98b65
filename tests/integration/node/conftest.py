"""A node of this machine that shares no folder with its server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("lapisml.testing.compute_bench")

from lapisml.backends.compute.node.process import ProcessTransport  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from tests.support.nodes import NodeRig, bare_python  # noqa: E402
from tests.support.server import end_everything  # noqa: E402


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[NodeRig]:
    """A node of this test's own."""
    home, root = tmp_path / "home", tmp_path / "node"
    home.mkdir(mode=0o700, exist_ok=True)
    made = NodeRig(home, root)
    yield made
    made.close()
    end_everything(root)


@pytest.fixture
def bench(rig: NodeRig) -> Bench:
    """Jobs on that node; what the server stores is seen there at the same path."""
    return Bench(rig.backend, rig.home, rig.root)


@pytest.fixture
def bare(rig: NodeRig) -> ProcessTransport:
    """A way to the node on which Python has nothing but its standard library, where this machine has such a one."""
    return ProcessTransport(str(rig.root), bare_python() or sys.executable)
