"""Starting the command, and the wrapper that outlives everything else and keeps its exit status.

The supervisor forks the *wrapper* (no new interpreter: about a millisecond); the wrapper forks the *command*,
which waits at a gate. The supervisor first writes both down in ``process.json`` and then opens the gate, so
that no command ever runs unrecorded. ``started.json`` is made as the gate opens: without it, the command has
certainly not run.

The wrapper is the parent of all that the command leaves behind (subreaper). When the command ends it puts the
exit status on disk, then ends whatever is left, politely and then firmly, and goes. It needs the supervisor
for none of this.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from lapisml.runner import durable, layout, processes
from lapisml.runner.journal import now_ms

LEFTOVER_GRACE_S = 5.0
"""Seconds that processes which outlive the command have between SIGTERM and SIGKILL."""

CANNOT_EXECUTE = 126
"""Exit code of a command that could not be executed, as in a shell."""


class Launch:
    """What the wrapper needs.

    Args:
        folder: the job's folder.
        argv, env: the command and its whole environment.
        log: path of the file that takes stdout and stderr.
        umask: the command's.

    Attributes:
        main: what the command's process does in place of executing `argv`, and its exit code; set for a job of
            several processes.
    """

    def __init__(self, folder: str, argv: list[str], env: dict[str, str], log: str, umask: int) -> None:
        self.main: Callable[[], int] | None = None
        self.folder = folder
        self.argv = argv
        self.env = env
        self.log = log
        self.umask = umask


class Gate:
    """A command that waits to be let go.

    Attributes:
        wrapper, child: pids.
    """

    def __init__(self, wrapper: int, child: int, release: int) -> None:
        self.wrapper = wrapper
        self.child = child
        self._release = release

    def open(self) -> None:
        """Let the command run."""
        os.write(self._release, b"g")
        os.close(self._release)


def prepare_child(launch: Launch, close_in_child: list[int]) -> Gate:
    """Fork wrapper and command; the command waits until `Gate.open`, and never runs if this process dies first.

    Args:
        launch: what to run.
        close_in_child: descriptors of this process that the wrapper must not keep open.

    Raises:
        OSError: no process could be made.
    """
    report_read, report_write = os.pipe()
    release_read, release_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        for descriptor in (report_read, release_write, *close_in_child):
            os.close(descriptor)
        _run_wrapper(launch, report_write, release_read)
    os.close(report_write)
    os.close(release_read)
    answer = os.read(report_read, 32)
    os.close(report_read)
    if not answer:
        os.close(release_write)
        raise OSError("the wrapper of the command ended before it could start it")
    return Gate(pid, int(answer), release_write)


def write_status(folder: str, raw: int, started: dict[str, Any], usage: Any = None) -> dict[str, Any]:
    """Put the command's exit status on disk, and return it.

    Args:
        folder: the job's folder.
        raw: the status as wait(2) gives it.
        started: content of ``started.json``.
        usage: resource usage as wait4(2) gives it.
    """
    code = os.waitstatus_to_exitcode(raw)
    status = {
        "exit_code": code if code >= 0 else None,
        "signal": -code if code < 0 else None,
        "started_at": started.get("at"),
        "ended_at": now_ms(),
        "cpu_s": round(usage.ru_utime + usage.ru_stime, 3) if usage else None,
        "max_rss_kib": usage.ru_maxrss if usage else None,
    }
    durable.write_reserved(os.path.join(folder, layout.CHILD), status)
    return status


def _run_wrapper(launch: Launch, report: int, release: int) -> None:
    """Be the wrapper; never returns."""
    code = 1
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, signal.SIG_IGN)
        processes.become_subreaper()
        child, gate = _fork_command(launch, (report, release))
        os.write(report, b"%d" % child)
        os.close(report)
        if os.read(release, 1):
            _watch(launch.folder, child, gate)
            code = 0
    finally:
        os._exit(code)


def _fork_command(launch: Launch, close_in_child: tuple[int, ...]) -> tuple[int, int]:
    gate_read, gate_write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            for descriptor in (gate_write, *close_in_child):
                os.close(descriptor)
            _become_command(launch, gate_read)
        finally:
            os._exit(CANNOT_EXECUTE)
    os.close(gate_read)
    return pid, gate_write


def _become_command(launch: Launch, gate: int) -> None:
    os.setsid()
    for number in range(1, signal.NSIG):
        if number not in (signal.SIGKILL, signal.SIGSTOP) and not 32 <= number < signal.SIGRTMIN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    log = os.open(launch.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    if not os.read(gate, 1):
        return
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.umask(launch.umask)
    try:
        os.chdir(os.path.join(launch.folder, layout.WORK))
        if launch.main is not None:
            os._exit(launch.main())
        os.execve(launch.argv[0], launch.argv, launch.env)  # noqa: S606 - the argument list is bash and its text
    except OSError as error:
        os.write(2, f"[lapis] The command could not be started: {error}\n".encode())


def _watch(folder: str, child: int, gate: int) -> None:
    started = {"at": now_ms(), "boottime": time.clock_gettime(time.CLOCK_BOOTTIME)}
    durable.write_json(os.path.join(folder, layout.STARTED), started)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    os.write(gate, b"g")
    os.close(gate)
    while True:
        pid, raw, usage = os.wait4(-1, 0)
        if pid == child:
            break
    write_status(folder, raw, started, usage)
    ended = _end_leftovers()
    if ended:
        durable.write_json(os.path.join(folder, layout.LEFTOVERS), ended)


def _end_leftovers() -> list[dict[str, Any]]:
    """End every process that the command left behind; return what was ended and how."""
    if _reap():
        return []
    own = os.getpid()
    found: list[dict[str, Any]] = [{"pid": pid, "name": processes.name_of(pid)} for pid in processes.descendants(own)]
    processes.send([process["pid"] for process in found], signal.SIGTERM)
    firm = not _wait_until_none(LEFTOVER_GRACE_S)
    if firm:
        processes.kill_below(own)
        _wait_until_none(LEFTOVER_GRACE_S)
    return [{**process, "firm": firm} for process in found]


def _wait_until_none(seconds: float) -> bool:
    """Wait until no child is left; False when some are after `seconds`."""
    deadline = time.monotonic() + seconds
    while not _reap():
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        signal.sigtimedwait([signal.SIGCHLD], min(left, 0.5))
    return True


def _reap() -> bool:
    """Collect children that have ended; True when there are none left at all."""
    while True:
        try:
            pid, _status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False
