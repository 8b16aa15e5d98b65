"""The crew of this machine and those of the job's other machines, as if they were one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

from lapisml.runner.parallel.crew import Crew
from lapisml.runner.parallel.hosts import Hosts, Seat
from lapisml.runner.parallel.workers import Worker


class Everyone:
    """Does what a `Crew` does, with the workers of all machines.

    Args:
        crew: of this machine.
        hosts: the others.
    """

    def __init__(self, crew: Crew, hosts: Hosts) -> None:
        self._crew = crew
        self._hosts = hosts

    def watch(self, descriptor: int) -> None:
        """Wake `events` when something else can be read too."""
        self._crew.watch(descriptor)

    def start(self) -> None:
        """Start the workers of this machine, and let the others come.

        Raises:
            CrewError: a process can't be made.
        """
        self._hosts.open()
        self._crew.watch(self._hosts.fd)
        self._crew.start()

    def idle(self) -> Iterator[Worker | Seat]:
        """Give the workers that wait for work."""
        return chain(self._crew.idle(), self._hosts.idle())

    @property
    def busy(self) -> bool:
        """Whether a mini-batch is being worked on."""
        return self._crew.busy or self._hosts.busy

    @property
    def missed(self) -> list[int]:
        """The machines that were not there when all was done."""
        return self._hosts.missed

    def events(self, until: float) -> Iterator[tuple[Worker | Seat, dict[str, Any]]]:
        """Wait until something happens, at most to the moment `until`; give what workers said.

        Raises:
            CrewError: workers of this machine die again and again without having done anything.
        """
        yield from self._crew.events(until)
        yield from self._hosts.events()

    def close(self, timeout_s: float) -> list[dict[str, Any]]:
        """End all workers, with their ``shutdown()``; return what they said at the end."""
        self._hosts.ask_to_end(timeout_s)
        said = self._crew.close(timeout_s)
        return said + self._hosts.wait_until_ended(timeout_s)

    def kill(self) -> None:
        """End all workers at once."""
        self._crew.kill()
        self._hosts.kill()
