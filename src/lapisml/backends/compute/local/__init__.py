"""Jobs as processes of this machine, each beside a supervisor of its own."""

from lapisml.backends.compute.local.backend import LocalProcesses

__all__ = ["LocalProcesses"]
