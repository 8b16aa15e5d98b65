"""The driver of a mini-batch job: stands where the command of a command job stands.

Runs in Lapis's own Python; its workers run in the job's environment. It holds no state that must outlive it: when
it is killed, the job has ended as a command job would have.
"""

from __future__ import annotations

from typing import Any

from lapisml.runner.parallel import workers
from lapisml.runner.parallel.batches import Feed, InputError, MiniBatch
from lapisml.runner.parallel.crew import Crew, CrewError, batch_of
from lapisml.runner.parallel.everyone import Everyone
from lapisml.runner.parallel.failures import Files
from lapisml.runner.parallel.hosts import Hosts, Seat
from lapisml.runner.parallel.ledger import Ledger, Limits
from lapisml.runner.parallel.pace import Pace
from lapisml.runner.parallel.plan import Plan
from lapisml.runner.parallel.process import work
from lapisml.runner.parallel.progress import Log, Metrics, Progress
from lapisml.runner.parallel.results import Results
from lapisml.runner.parallel.sources import source
from lapisml.runner.parallel.workers import Worker

_SHUTDOWN_S = 60.0


class JobFailure(Exception):  # noqa: N818 - it is how a job ends, not a fault of the driver
    """The job can't go on; the text is its reason."""


def main() -> None:
    """Run the job whose plan is the last argument; never returns."""
    work(Driver)


class Driver:
    """Hands mini-batches to workers until all are done, or too much has failed.

    Args:
        plan: how the job runs.
        plan_path: its file, for the workers.
    """

    faults = (JobFailure, InputError, CrewError)

    def __init__(self, plan: Plan, plan_path: str) -> None:
        self._plan = plan
        self._log = Log(plan.logging_level)
        limits = Limits(
            plan.max_retries, plan.error_threshold, plan.mini_batch_error_threshold, plan.allowed_failed_percent
        )
        self._ledger = Ledger(limits)
        self._results = Results(plan.append_to, plan.scratch)
        self._metrics = Metrics()
        noun = "rows" if plan.tabular else "files"
        self._progress = Progress(self._ledger, self._log, self._metrics.send, noun)
        self._files = Files()
        self._pace = Pace()
        self._everywhere = plan.workers * (1 if plan.driver is None else plan.nodes)
        self._feed = Feed(source(plan, self._pace), ahead=self._everywhere + 1)
        self._again: list[MiniBatch] = []
        self._at_home: list[MiniBatch] = []
        crew = Crew(workers.maker(plan, plan_path), plan.workers, plan.max_retries)
        self._crew: Crew | Everyone = crew
        if plan.driver is not None:
            hosts = Hosts(plan.driver, plan.secret(plan_path), plan.nodes, plan.input_path, self._log)
            self._crew = Everyone(crew, hosts)

    def run(self) -> dict[str, Any]:
        """Run to the end; return the ``warnings``: what did not go well although the job succeeded.

        Raises:
            JobFailure: more failed than may, or the script can't be loaded.
            InputError: the input can't be read.
            CrewError: workers can't be kept alive.
        """
        plan = self._plan
        machines = "" if plan.driver is None else f" on {plan.nodes} machines"
        self._log.info(
            f"{self._everywhere} {'workers' if self._everywhere > 1 else 'worker'}{machines} for input "
            f"'{plan.input_name}'; what they print is in user_logs/std_log_process_*.txt."
        )
        self._crew.watch(self._feed.fd)
        self._crew.start()
        self._feed.start()
        while not self._is_done():
            self._hand_out()
            for worker, said in self._crew.events(until=self._progress.due):
                self._take(worker, said)
            self._feed.drain()
            self._check()
            self._progress.tell(self._feed.total)
        for said in self._crew.close(max(_SHUTDOWN_S, plan.timeout_s)):
            self._note_end(said)
        if plan.by_model and not self._ledger.completed:
            raise JobFailure(f"Nothing could be scored. {self._files.sentence()}")
        self._results.finish()
        self._progress.tell(self._feed.total, last=True)
        if self._pace.total:
            self._log.info(self._pace.sentence())
        self._metrics.finish()
        return {"warnings": self._warnings()}

    def fail(self, reason: str) -> None:
        """Print why the job fails."""
        self._log.error(reason)

    def stop(self) -> None:
        """End what still runs."""
        self._crew.kill()

    def _is_done(self) -> bool:
        left = self._again or self._at_home or self._crew.busy
        return self._feed.is_over and self._feed.error is None and not left

    def _hand_out(self) -> None:
        for worker in self._crew.idle():
            batch = self._next(worker)
            if batch is None:
                continue
            self._log.debug(f"Mini-batch {batch.index} ({batch.items} items) goes to worker {worker.number}.")
            self._pace.begin()
            worker.give(batch, self._results.place(batch.index, batch.attempt), self._plan.timeout_s)

    def _next(self, worker: Worker | Seat) -> MiniBatch | None:
        """Give the next mini-batch for a worker; one that can't be worked on is given up here."""
        if self._at_home and worker.sees(self._at_home[0]):
            return self._at_home.pop(0)
        while True:
            batch = self._again.pop(0) if self._again else self._feed.take()
            if batch is not None and batch.broken is not None:
                self._give_up(batch, batch.broken, "")
            elif batch is not None and not worker.sees(batch):
                self._at_home.append(batch)
            else:
                return batch

    def _take(self, worker: Worker | Seat, said: dict[str, Any]) -> None:
        """Act on what a worker said."""
        if said["is"] == "broken":
            what = "model could not be loaded" if self._plan.by_model else "script could not be started"
            raise JobFailure(f"The {what}: {said['error']}\n{said['trace']}")
        if said["is"] == "done":
            if "rows" in said:
                self._pace.learn(said["rows"], said["seconds"])
            self._take_result(batch_of(worker), said["results"])
        elif said["is"] == "failed":
            self._take_failure(batch_of(worker), said["error"], said["trace"])
        elif said["is"] == "gone" and worker.batch is not None:
            late = f"run() took longer than {self._plan.timeout_s:g} s, and its worker was killed"
            why = late if said["overdue"] else f"its worker died: {said['how']}"
            self._take_failure(batch_of(worker), why, "")

    def _take_result(self, batch: MiniBatch, results: int | None) -> None:
        self._ledger.succeed(self._files.done(batch), results)
        self._results.add(batch.index, self._results.place(batch.index, batch.attempt))
        self._log.debug(f"Mini-batch {batch.index} is done: {batch.items} items, {results} results.")
        batch.discard()

    def _take_failure(self, batch: MiniBatch, why: str, trace: str) -> None:
        if not self._ledger.may_retry(batch.attempt):
            self._give_up(batch, why, trace)
            return
        now = f"trying again ({batch.attempt} of {self._plan.max_retries})"
        self._log.warning(f"Mini-batch {batch.index} failed, {now}: {why}\n{trace}".rstrip())
        batch.attempt += 1
        self._again.append(batch)

    def _give_up(self, batch: MiniBatch, why: str, trace: str) -> None:
        of = self._files.named(batch)
        self._log.warning(f"Mini-batch {batch.index}{of} failed, given up: {why}\n{trace}".rstrip())
        self._ledger.fail(self._files.failed(batch, why))
        self._results.add(batch.index, None)
        batch.discard()

    def _check(self) -> None:
        """End the job when the input can't be read, or when more has failed than may."""
        error = self._feed.error
        if error is not None:
            said = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            raise InputError(f"Input '{self._plan.input_name}' can't be cut into mini-batches: {said}.")
        sentence = self._ledger.passed(self._feed.total)
        if sentence is not None:
            self._progress.tell(self._feed.total, last=True)
            self._metrics.finish()
            raise JobFailure(sentence)

    def _note_end(self, said: dict[str, Any]) -> None:
        if said["is"] == "late":
            self._log.warning(f"shutdown() of worker {said['worker']} took too long and was ended.")
        elif "error" in said:
            self._log.warning(f"shutdown() of worker {said['worker']} failed: {said['error']}\n{said['trace']}")

    def _warnings(self) -> list[str]:
        ledger, noun = self._ledger, "rows" if self._plan.tabular else "files"
        absent = [f"Node {node} was not there when the last mini-batch was done." for node in self._crew.missed]
        if not ledger.failed and not ledger.failed_items:
            return absent
        counts = f"{ledger.failed} of {ledger.ended} mini-batches failed, with {ledger.failed_items} {noun} in all."
        return [*absent, f"{counts} {self._files.sentence()}".rstrip()]
