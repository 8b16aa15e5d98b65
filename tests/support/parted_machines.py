"""Several machines in one: a home for each, and the addresses 127.0.0.1, 127.0.0.2 … of the loopback interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lapisml.backends.compute.local import LocalProcesses
from lapisml.backends.compute.node.parted import OfParts, part_specs
from lapisml.ports.compute import Capabilities, ComputeBackend, Handle, LaunchSpec, Standing
from lapisml.runner.distributed.free_ports import free_run


class Machines(OfParts):
    """A pool of machines, each with a home of its own, that gives every job as many as it asks for.

    Args:
        home: folder above the machines' homes.
        count: how many.
    """

    capabilities = Capabilities(multi_node=True)

    def __init__(self, home: Path, count: int = 2) -> None:
        super().__init__(self._of)
        self.homes = [home / f"node{number}" for number in range(count)]
        self.nodes: list[ComputeBackend] = [LocalProcesses(path) for path in self.homes]
        self._counts: dict[str, int] = {}

    def submit(self, spec: LaunchSpec) -> Handle:
        """Hand a job over to the first machines."""
        self._counts[spec.job] = spec.node_count
        if spec.node_count == 1:
            return self.nodes[0].submit(replace(spec, home=str(self.homes[0])))
        hosts = [f"127.0.0.{number + 1}" for number in range(spec.node_count)]
        specs = part_specs(spec, hosts, [free_run() for _host in hosts])
        at_home = [replace(part, home=str(home)) for part, home in zip(specs, self.homes, strict=False)]
        return self._parted.submit(spec, self.nodes, at_home)

    def describe(self) -> Standing:
        """Say how the first machine is."""
        return self.nodes[0].describe()

    def close(self) -> None:
        """Let go of helpers."""
        for node in self.nodes:
            node.close()

    def _of(self, handle: Handle) -> Sequence[ComputeBackend]:
        return self.nodes[: self._counts.get(handle.job, len(self.nodes))]
