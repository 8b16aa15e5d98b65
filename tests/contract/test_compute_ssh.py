"""Jobs on a machine that is reached by a real SSH server keep what the compute port promises."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite(
    "lapisml.testing.compute", "lapisml.testing.compute_bench", "lapisml.testing.compute_faults"
)
pytest.importorskip("asyncssh", reason="asyncssh is not installed: pip install 'lapisml[ssh]'")

from lapisml.testing.compute import ComputeBackendSuite  # noqa: E402
from lapisml.testing.compute_bench import Bench  # noqa: E402
from lapisml.testing.compute_faults import SupervisorFaultSuite  # noqa: E402
from tests.support import sshd  # noqa: E402
from tests.support.pools import PoolRig  # noqa: E402
from tests.support.server import end_everything  # noqa: E402

pytestmark = pytest.mark.skipif(sshd.SSHD is None, reason=sshd.NO_SSHD)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sshd.SshMachine]:
    """An SSH server of this machine: the suite looks at the jobs' processes and folders itself."""
    made = sshd.machine(tmp_path_factory.mktemp("ssh") / "m", spaces=False)
    yield made
    made.remove()


@pytest.fixture
def bench(tmp_path: Path, machine: sshd.SshMachine) -> Iterator[Bench]:
    """Jobs below the root of a fresh machine; whatever runs there is ended afterwards."""
    home, root = tmp_path / "home", tmp_path / "node"
    home.mkdir()
    rig = PoolRig(home, [machine], {"root": str(root), "shared": [str(home)]})
    yield Bench(rig.as_here, home, root)
    rig.close()
    end_everything(root)


class TestSsh(ComputeBackendSuite, SupervisorFaultSuite):
    pass
