"""The workers on a job's other machines, as the driver sees them.

A machine's crew host (`lapisml.runner.parallel.host`) connects, says which workers it has, and passes on what they
say. One that is gone takes the mini-batches that its workers had in hand with it: each counts as a try, as that of a
worker that died. A machine that comes back begins anew.
"""

from __future__ import annotations

import os
import queue
import select
import socket
import time
from collections.abc import Iterator
from typing import Any

from lapisml.runner.parallel import sharing
from lapisml.runner.parallel.batches import MiniBatch
from lapisml.runner.parallel.door import Door, Keys
from lapisml.runner.parallel.line import Line, LineError
from lapisml.runner.parallel.progress import Log

_LAST_WORD_S = 5.0
_TOLD_OF_STRANGERS = 3

Said = dict[str, Any]


class Seat:
    """A worker on another machine.

    Attributes:
        number: its place among all workers of the job.
        batch: what it works on.
        ready: whether its ``init()`` has returned.
        life: which of the processes that were this worker it is now; a request to an earlier one is passed over.
        result: file that takes the lines of the mini-batch in hand; None when nobody collects them.
    """

    def __init__(self, number: int, line: Line, root: str) -> None:
        self.number = number
        self.batch: MiniBatch | None = None
        self.ready = False
        self.life = 0
        self.result: str | None = None
        self._line = line
        self._root = root

    def sees(self, batch: MiniBatch) -> bool:
        """Say whether it can read a mini-batch."""
        return sharing.is_shared(batch, self._root)

    def give(self, batch: MiniBatch, result: str | None, timeout_s: float) -> None:
        """Hand it a mini-batch."""
        self.batch, self.result = batch, result
        request, blocks = sharing.packed(batch, self._root)
        self._line.send({**request, "worker": self.number, "life": self.life, "timeout_s": timeout_s}, blocks)


class _Host:
    """The crew of one machine: its line, and its seats by number."""

    def __init__(self, node: int, connection: socket.socket, keys: Keys, hosts: Hosts) -> None:
        self.node = node
        self.seats: dict[int, Seat] = {}
        self.line = Line(connection, keys, self._place, hosts.wake)

    def _place(self, head: Said) -> list[str]:
        """Say where the lines of a result go."""
        seat = self.seats.get(head.get("worker", -1))
        if seat is None or seat.result is None:
            raise LineError("it sends a result that nobody asked for")
        return [seat.result]


class Hosts:
    """The crews of all other machines.

    Args:
        address: host and port under which they reach this machine.
        secret: the job's.
        count: how many machines the job has, this one with them.
        input_path: the input that is cut up, on this machine.
        log: takes what is to be told of them.

    Attributes:
        missed: the machines that were not there when all was done.
    """

    def __init__(self, address: tuple[str, int], secret: bytes, count: int, input_path: str, log: Log) -> None:
        self.missed: list[int] = []
        self._count = count
        self._address = address
        self._secret = secret
        self._root = sharing.root_of(input_path)
        self._log = log
        self._hosts: dict[int, _Host] = {}
        self._coming: queue.SimpleQueue[_Host] = queue.SimpleQueue()
        self._strangers: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()
        self._strange = 0
        self._door: Door | None = None
        self.fd, self._news = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._news, False)

    def open(self) -> None:
        """Let them come from now on; where that can't be had, the job goes on without them."""
        try:
            self._door = Door(self._address, self._secret, self._enter, lambda *who: self._strangers.put(who))
        except OSError as error:
            where = f"{self._address[0]} port {self._address[1]}"
            self._log.warning(f"The other machines can't be listened for at {where} ({error}): this one works alone.")

    def wake(self) -> None:
        """Have `fd` be readable."""
        try:
            os.write(self._news, b"n")
        except BlockingIOError:
            return  # it is readable already

    def idle(self) -> Iterator[Seat]:
        """Give the workers that wait for work."""
        seats = [seat for host in self._hosts.values() if host.line.ended is None for seat in host.seats.values()]
        return (seat for seat in seats if seat.ready and seat.batch is None)

    @property
    def busy(self) -> bool:
        """Whether a mini-batch is being worked on."""
        return any(seat.batch is not None for host in self._hosts.values() for seat in host.seats.values())

    def events(self) -> Iterator[tuple[Seat, Said]]:
        """Give what workers have said, and the ends of those whose machine is gone; does not wait."""
        self._drain()
        self._tell_of_strangers()
        while not self._coming.empty():
            yield from self._join(self._coming.get())
        for host in list(self._hosts.values()):
            for said in host.line.received():
                yield from self._take(host, said)
            if host.line.ended is not None:
                yield from self._lose(host, host.line.ended)

    def ask_to_end(self, timeout_s: float) -> None:
        """Have all workers end, with their ``shutdown()``."""
        self.missed = [node for node in range(1, self._count) if node not in self._hosts]
        for host in self._hosts.values():
            host.line.send({"do": "end", "timeout_s": timeout_s})

    def wait_until_ended(self, timeout_s: float) -> list[Said]:
        """Wait until all have ended, at most so long; return what workers said at the end."""
        deadline = time.monotonic() + timeout_s + _LAST_WORD_S
        found: list[Said] = []
        while self._hosts and time.monotonic() < deadline:
            select.select([self.fd], [], [], max(0.0, deadline - time.monotonic()))
            self._drain()
            while not self._coming.empty():
                late = self._coming.get()
                self._hosts[late.node] = late
                late.line.start()
                late.line.send({"do": "end", "timeout_s": timeout_s})
            for host in list(self._hosts.values()):
                found += [one for said in host.line.received() for one in said.get("said") or ()]
                if host.line.ended is not None:
                    del self._hosts[host.node]
        return found

    def kill(self) -> None:
        """End all at once, and let nobody in any more."""
        if self._door is not None:
            self._door.close()
        for host in self._hosts.values():
            host.line.send({"do": "stop"})
        for host in self._hosts.values():
            host.line.finish(_LAST_WORD_S)
        self._hosts.clear()

    def _enter(self, node: int, connection: socket.socket, keys: Keys) -> None:
        self._coming.put(_Host(node, connection, keys, self))
        self.wake()

    def _join(self, host: _Host) -> Iterator[tuple[Seat, Said]]:
        before = self._hosts.get(host.node)
        if before is not None:
            before.line.close("it has connected anew")
            yield from self._lose(before, "it has connected anew")
        self._hosts[host.node] = host
        host.line.start()

    def _take(self, host: _Host, said: Said) -> Iterator[tuple[Seat, Said]]:
        if said["is"] == "here":
            host.seats = {number: Seat(number, host.line, self._root) for number in said["workers"]}
            count = len(host.seats)
            self._log.info(f"Node {host.node} is here, with {count} {'workers' if count > 1 else 'worker'}.")
        elif said["is"] == "spent":
            self._log.warning(f"Node {host.node} can do no more: {said['why']}")
        elif said.get("worker") in host.seats:
            seat = host.seats[said["worker"]]
            if said["is"] in ("ready", "gone"):
                seat.ready, seat.life = said["is"] == "ready", said.get("life", 0)
            yield seat, said

    def _lose(self, host: _Host, why: str) -> Iterator[tuple[Seat, Said]]:
        del self._hosts[host.node]
        self._log.warning(f"Node {host.node} is gone ({why}); the others go on.")
        for seat in host.seats.values():
            seat.ready = False
            yield seat, {"is": "gone", "how": f"node {host.node} is gone ({why})", "overdue": False}

    def _tell_of_strangers(self) -> None:
        while not self._strangers.empty():
            where, why = self._strangers.get()
            self._strange += 1
            if self._strange <= _TOLD_OF_STRANGERS:
                self._log.warning(f"Somebody at {where} was not let in: {why}.")

    def _drain(self) -> None:
        try:
            os.read(self.fd, 4096)
        except BlockingIOError:
            return
