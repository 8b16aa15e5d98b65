"""One rank under ``mpirun``: gives it its log and its environment, and reports how it ended.

Run as ``python -I -S -c "… main()" <source> <job folder> <program> <arguments…>``. The rank is this process's
child, in the same process group, so that what the runtime sends to one reaches both. Descriptors of the runtime
are left open: MPICH's ranks speak to their launcher through one.

A runtime kills the other ranks as soon as one has failed. So the shim of a rank that failed does not end: it
reports to our launcher, which gives the others their grace time, and waits to be killed.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from lapisml.runner import durable, layout
from lapisml.runner.distributed import mpi, plan

_ENDING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main() -> None:
    """Run the rank and end as it ended."""
    folder, argv = sys.argv[2], sys.argv[3:]
    spec = durable.read_json(os.path.join(folder, layout.SPEC))
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    ranks = plan.ranks_of(spec)
    rank = ranks[mpi.rank_number(os.environ)]
    port = int(os.environ["MASTER_PORT"])
    given = {**plan.variables(spec, rank, ranks, [port]), **spec["environment_variables"]}
    log = os.path.join(folder, layout.STD_LOG if rank.number == 0 else plan.log_of(rank, len(ranks)))
    _report(folder, rank.number, _run(argv, {**os.environ, **given}, log))


def _run(argv: list[str], env: dict[str, str], log: str) -> int:
    """Run a program with its output in a log; return its exit code, or minus the signal that ended it."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    # The rank may run before this process does again: a request to end that comes then waits until it is ignored.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(descriptor, 1)
            os.dup2(descriptor, 2)
            signal.pthread_sigmask(signal.SIG_SETMASK, [])
            os.execve(argv[0], argv, env)  # noqa: S606 - the argument list is bash and its text
        finally:
            os._exit(126)
    os.close(descriptor)
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    _pid, raw = os.waitpid(pid, 0)
    return os.waitstatus_to_exitcode(raw)


def _report(folder: str, number: int, code: int) -> None:
    """Tell the launcher, which may be gone; end when all is well or nobody listens, else wait to be ended."""
    line = json.dumps({"rank": number, "code": code}).encode() + b"\n"
    try:
        reports = os.open(os.path.join(folder, layout.RANK_REPORTS), os.O_WRONLY | os.O_NONBLOCK)
        os.write(reports, line)
        while code != 0:
            signal.pause()
    except OSError:
        pass  # nobody listens any more
    os._exit(code if code >= 0 else 128 - code)
