"""The crew host: stands in the command's place on the machines of a mini-batch job other than the first.

Starts workers like the driver's own, brings them what the driver sends and the driver what they say. It keeps nothing
that must outlive it: what its workers had in hand when it is killed or cut off, the driver gives to others.
"""

from __future__ import annotations

import itertools
import os
import sys
import time
from typing import Any

from lapisml.runner.parallel import sharing, workers
from lapisml.runner.parallel.crew import Crew, CrewError, batch_of
from lapisml.runner.parallel.dialing import CUT_OFF_S, FIRST_S, Dialing
from lapisml.runner.parallel.line import Line
from lapisml.runner.parallel.plan import Plan
from lapisml.runner.parallel.process import work
from lapisml.runner.parallel.workers import Worker

_TURN_S = 5.0
_LAST_WORD_S = 10.0

Said = dict[str, Any]


class HostError(Exception):
    """This machine can work no more; the text says why."""


def main() -> None:
    """Work for the driver of the job whose plan is the last argument; never returns."""
    work(CrewHost)


class CrewHost:
    """Keeps workers, and a line to the driver.

    Args:
        plan: how the job runs, as this machine sees it.
        plan_path: its file, for the workers.
    """

    faults = (HostError, CrewError)

    def __init__(self, plan: Plan, plan_path: str) -> None:
        self._plan = plan
        self._secret = plan.secret(plan_path)
        self._root = sharing.root_of(plan.input_path)
        self._made = itertools.count()
        self._lives: dict[int, int] = {}
        self._results: dict[int, str | None] = {}
        self._line: Line | None = None
        self._dialing: Dialing | None = None
        self._broken: Said | None = None
        self._news_fd, self._news = os.pipe()
        for descriptor in (self._news_fd, self._news):
            os.set_blocking(descriptor, False)
        make = workers.maker(plan, plan_path)
        self._crew = Crew(make, plan.workers, plan.max_retries, first=plan.node * plan.workers)
        self._is_over = False

    def run(self) -> None:
        """Work until the driver says that all is done.

        Raises:
            HostError: the driver can't be reached any more.
            CrewError: workers can't be kept alive.
        """
        self._crew.watch(self._news_fd)
        self._dial(FIRST_S)
        self._crew.start()
        while not self._is_over:
            try:
                self._turn()
            except CrewError as error:
                if self._line is not None:
                    self._line.send({"is": "spent", "why": str(error)})
                raise

    def fail(self, reason: str) -> None:
        """Do nothing: the driver was told, or is out of reach."""

    def stop(self) -> None:
        """End what still runs."""
        self._crew.kill()
        if self._line is not None:
            self._line.finish(_LAST_WORD_S)

    def _turn(self) -> None:
        for worker, said in self._crew.events(until=time.monotonic() + _TURN_S):
            self._tell(worker, said)
        if self._broken is not None:
            self._crew.kill()
        self._drain()
        self._answer_dialing()
        if self._line is None:
            return
        for asked in self._line.received():
            self._do(self._line, asked)
        if not self._is_over and self._line.ended is not None:
            self._print(f"The driver is out of reach: {self._line.ended}.")
            self._line = None
            self._crew.restart_busy()
            self._dial(CUT_OFF_S)

    def _dial(self, limit_s: float) -> None:
        assert self._plan.driver is not None
        host, port = self._plan.driver
        self._dialing = Dialing((host, port), self._secret, self._plan.node, self._place, self._wake, limit_s)

    def _answer_dialing(self) -> None:
        if self._dialing is None:
            return
        if self._dialing.failure is not None:
            raise HostError(self._dialing.failure)
        line = self._dialing.line()
        if line is None:
            return
        self._line, self._dialing = line, None
        line.start()
        self._print("The driver is reached.")
        line.send({"is": "here", "workers": self._crew.numbers})
        for worker in self._crew.idle():
            line.send({"is": "ready", "worker": worker.number, "life": self._lives[worker.number]})
        if self._broken is not None:
            line.send(self._broken)

    def _do(self, line: Line, asked: Said) -> None:
        """Do what the driver asks for."""
        if asked["do"] == "run":
            self._give(asked)
            return
        if asked["do"] == "end":
            said = self._crew.close(float(asked["timeout_s"]))
            line.send({"is": "closed", "said": said})
        self._is_over = True

    def _give(self, asked: Said) -> None:
        number = int(asked["worker"])
        batch = sharing.unpacked(asked, self._root, asked["placed"])
        worker = self._crew.worker(number)
        if worker is None or not worker.ready or self._lives[number] != asked["life"]:
            batch.discard()  # it has died meanwhile, which the driver is being told
            return
        result = None
        if self._plan.append_to is not None:
            result = os.path.join(self._plan.scratch, f"result.{next(self._made)}")
        self._results[number] = result
        worker.give(batch, result, float(asked["timeout_s"]))

    def _tell(self, worker: Worker, said: Said) -> None:
        """Pass on what a worker said; what concerns a mini-batch of a driver that is out of reach is forgotten."""
        if said["is"] == "ready":
            self._lives[worker.number] = next(self._made)
        told = {**said, "worker": worker.number, "life": self._lives.get(worker.number, 0)}
        if worker.batch is not None and said["is"] in ("done", "failed", "gone"):
            batch_of(worker).discard()
        if said["is"] == "broken":
            self._broken = told
        if self._line is None or (self._broken is not None and said["is"] != "broken"):
            return
        result = self._results.pop(worker.number, None) if said["is"] == "done" else None
        self._line.send(told, [] if result is None else [result], remove=True)

    def _place(self, head: Said) -> list[str]:
        """Say where the rows of a mini-batch go."""
        return [os.path.join(self._plan.scratch, f"rows.{next(self._made)}") for _size in head["sizes"]]

    def _wake(self) -> None:
        try:
            os.write(self._news, b"n")
        except BlockingIOError:
            return  # it is awake already

    def _drain(self) -> None:
        try:
            os.read(self._news_fd, 4096)
        except BlockingIOError:
            return

    def _print(self, sentence: str) -> None:
        sys.stdout.write(f"[lapis] {sentence}\n")
        sys.stdout.flush()
