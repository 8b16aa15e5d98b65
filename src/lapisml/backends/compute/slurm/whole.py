"""Jobs of several nodes as the one job that they are: their parts, told together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lapisml.backends.compute.node.parted import Parted
from lapisml.backends.compute.slurm.jobs import SlurmJobs
from lapisml.ports.compute import (
    Capabilities,
    ComputeBackend,
    Handle,
    LaunchSpec,
    LogChunk,
    LogFile,
    Observation,
    Standing,
    Watch,
)


class WholeJobs:
    """Runs jobs through Slurm, each told as one however many nodes it has.

    Args:
        shares: runs them, and tells of each part by itself.
    """

    def __init__(self, shares: SlurmJobs) -> None:
        self._shares = shares
        self._parted = Parted(self._locate)

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

    def observe(self, watches: Sequence[Watch]) -> list[Observation]:
        """Say what is known of each job."""
        return self._parted.observe(watches)

    def cancel(self, handle: Handle, grace_s: float | None = None, by: str = "") -> None:
        """Record the request with every part."""
        self._parted.cancel(handle, grace_s, by)

    def list_logs(self, handle: Handle) -> list[LogFile]:
        """List the logs of all parts."""
        return self._parted.list_logs(handle)

    def read_log(self, handle: Handle, path: str, offset: int = 0, limit: int = 1 << 20) -> LogChunk:
        """Read a part of a log."""
        return self._parted.read_log(handle, path, offset, limit)

    def discard(self, handle: Handle) -> None:
        """Remove the folders of a job that has ended."""
        self._parted.discard(handle)

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
