"""Jobs of several nodes as the one job that they are: their parts, told together."""

from __future__ import annotations

from collections.abc import Callable

from lapisml.backends.compute.node.parted import OfParts
from lapisml.backends.compute.slurm.jobs import SlurmJobs
from lapisml.ports.compute import Capabilities, ComputeBackend, Handle, LaunchSpec, Standing


class WholeJobs(OfParts):
    """Runs jobs through Slurm, each told as one however many nodes it has.

    Args:
        shares: runs them, and tells of each part by itself.
    """

    def __init__(self, shares: SlurmJobs) -> None:
        super().__init__(self._locate)
        self._shares = shares

    @property
    def capabilities(self) -> Capabilities:
        """Say what a cluster can do."""
        return self._shares.capabilities

    def listen(self, tell: Callable[[str], None]) -> None:
        """Have somebody told of news."""
        self._shares.listen(tell)

    def submit(self, spec: LaunchSpec) -> Handle:
        """Have a job handed to Slurm."""
        return self._shares.submit(spec)

    def describe(self) -> Standing:
        """Describe the cluster."""
        return self._shares.describe()

    def address(self) -> str:
        """Return the address of this machine that the nodes reach."""
        return self._shares.address()

    def close(self) -> None:
        """Let go of helpers; jobs go on."""
        self._shares.close()

    def _locate(self, handle: Handle) -> list[ComputeBackend]:
        return [self._shares] * self._shares.node_count(handle)
