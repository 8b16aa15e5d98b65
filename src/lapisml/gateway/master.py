"""The process that holds the port: a worker that dies is followed by another within milliseconds.

Connections that come meanwhile wait in the listening socket. The other way round, a worker whose master dies goes
on answering, and starts a new master that takes the listening socket over: nothing is refused either way.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import math
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.gateway.limits import Limits
from lapisml.gateway.settings import DEFAULT_PORT, GatewaySettings, check_exposure
from lapisml.gateway.worker import BACKLOG, STOP_WITHIN_S, Worker, loop_factory
from lapisml.ports.serving import GatewayRecord, Places, read, write
from lapisml.runner.processes import identity, is_alive
from lapisml.runner.signals import Signals

ADOPTED = "LAPISML_GATEWAY_SOCKET"
"""Variable with the descriptor of the listening socket that a master takes over from one that died."""

_ENDING = (signal.SIGTERM, signal.SIGINT)
_PORTS_TRIED = 100
_LOCK_WITHIN_S = 10.0
_POLL_S = 0.05
_LONG_LIFE_S = 5.0
_LONGEST_PAUSE_S = 5.0
_POLITE_S = 5.0


class Master:
    """Keeps a worker alive.

    Args:
        settings: the gateway's.
        arguments: the command line's, for a master that follows this one.
        limits: bounds.
    """

    def __init__(self, settings: GatewaySettings, arguments: Sequence[str], limits: Limits | None = None) -> None:
        check_exposure(settings)
        self._settings = settings
        self._arguments = list(arguments)
        self._limits = limits or Limits()
        self._places = Places(settings.home)
        self._is_stopping = False
        self._signals: Signals
        self._worker = 0
        self._pipe: int | None = None

    def run(self, adopted: int | None = None) -> None:
        """Serve until SIGTERM or SIGINT.

        Args:
            adopted: descriptor of a listening socket whose master died.

        Raises:
            LapisError: Usage when the port can't be had, Conflict when a gateway runs over this home already.
            OSError: the home can't be written.
        """
        os.umask(0o077)
        self._places.make()
        lock = _lock(self._places.home / "gateway.lock", _LOCK_WITHIN_S if adopted is not None else 0.0)
        before = read(GatewayRecord, self._places.gateway)
        if adopted is None and before is not None and is_alive(before.worker):
            os.close(lock)  # that worker's master died; it is about to get another, at the same address
            raise _runs_already(self._places.home)
        listener = self._listen() if adopted is None else socket.socket(fileno=adopted)
        self._signals = Signals((*_ENDING, signal.SIGCHLD))
        try:
            self._keep_one(listener, lock, before if adopted is not None else None)
        finally:
            self._places.gateway.unlink(missing_ok=True)
            listener.close()
            os.close(lock)

    def _keep_one(self, listener: socket.socket, lock: int, before: GatewayRecord | None) -> None:
        pause = 0.0
        while not self._is_stopping:
            started = time.monotonic()
            signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # one for the worker alone must not be noted as ours
            self._worker = self._fork(listener, lock)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            self._tell(listener)
            if before is not None and is_alive(before.worker) and before.worker is not None:
                os.kill(before.worker["pid"], signal.SIGTERM)  # this one's master died; it ends when it has answered
            before = None
            status = self._until_end()
            if self._is_stopping:
                return
            is_first_kill = not pause and os.WIFSIGNALED(status)
            is_old = time.monotonic() - started > _LONG_LIFE_S
            pause = 0.0 if is_old or is_first_kill else min(2 * pause + _POLL_S, _LONGEST_PAUSE_S)
            sys.stderr.write(f"the worker ended ({_ending(status)}); the next one starts in {pause:g} s\n")
            self._rest(time.monotonic() + pause)

    def _until_end(self) -> int:
        """Wait for the worker, pass a stop on to it, and kill it when it takes too long; return its wait status."""
        kill_at = math.inf
        while True:
            pid, status = os.waitpid(self._worker, os.WNOHANG)
            if pid:
                return status
            if self._is_stopping and kill_at == math.inf:
                os.kill(self._worker, signal.SIGTERM)
                kill_at = time.monotonic() + STOP_WITHIN_S + _POLITE_S
            if time.monotonic() >= kill_at:
                os.kill(self._worker, signal.SIGKILL)
                kill_at += _POLITE_S
            self._look(kill_at)

    def _rest(self, until: float) -> None:
        while not self._is_stopping and time.monotonic() < until:
            self._look(until)

    def _look(self, until: float) -> None:
        """Wait for a signal, or for a moment of the monotonic clock."""
        timeout = None if until == math.inf else max(0.0, until - time.monotonic())
        select.select([self._signals], [], [], timeout)
        if self._signals.seen() & set(_ENDING):
            self._is_stopping = True

    def _fork(self, listener: socket.socket, lock: int) -> int:
        """Make a worker; the pipe between us tells it when this process ends."""
        ours, theirs = os.pipe()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            os.close(ours)
            if self._pipe is not None:
                os.close(self._pipe)
            self._pipe = theirs
            return pid
        status = 1
        try:
            os.close(theirs)
            os.close(lock)
            if self._pipe is not None:
                os.close(self._pipe)
            signal.set_wakeup_fd(-1)
            for number in (*_ENDING, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            for descriptor in self._signals.fds:
                os.close(descriptor)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
            self._work(listener, ours)
            status = 0
        except BaseException:  # noqa: BLE001 - the process's boundary: the log gets whatever it was
            sys.excepthook(*sys.exc_info())
        finally:
            sys.stderr.flush()
            os._exit(status)

    def _work(self, listener: socket.socket, master: int) -> None:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(self._serve(listener, master))

    async def _serve(self, listener: socket.socket, master: int) -> None:
        following: list[asyncio.Task[None]] = []

        def orphaned() -> None:
            following.append(asyncio.create_task(self._followed(listener)))

        await Worker(self._settings, listener, master, orphaned, self._limits).run()

    async def _followed(self, listener: socket.socket) -> None:
        """Start a master for this worker's socket; it starts a worker of its own and ends this one."""
        sys.stderr.write("the master has gone; another one starts\n")
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "lapisml.gateway", *self._arguments]
        environment = {**os.environ, ADOPTED: str(descriptor)}
        while True:
            process = await asyncio.create_subprocess_exec(
                *command, env=environment, pass_fds=(descriptor,), stdin=subprocess.DEVNULL, start_new_session=True
            )
            await process.wait()
            await asyncio.sleep(1.0)

    def _tell(self, listener: socket.socket) -> None:
        own = identity(os.getpid())
        assert own is not None
        port = int(listener.getsockname()[1])
        url = self._settings.url(port)
        worker = identity(self._worker)
        record = GatewayRecord(**own, host=self._settings.host, port=port, url=url, worker=worker)
        try:
            write(self._places.gateway, record)
        except OSError as error:  # requests can be answered all the same
            sys.stderr.write(f"gateway.json can't be written: {error}\n")

    def _listen(self) -> socket.socket:
        """Bind the port: the one asked for, else the one used last, else the first free one.

        Raises:
            LapisError: Usage.
        """
        remembered = self._places.home / "gateway.port"
        listener = self._bind(_read_port(remembered))
        if not self._settings.port:
            with contextlib.suppress(OSError):  # a full disk: another port next time, perhaps
                remembered.write_text(f"{listener.getsockname()[1]}\n")
        return listener

    def _bind(self, last: int | None) -> socket.socket:
        if self._settings.port:
            return _bound(self._settings.host, self._settings.port)
        for port in (last, *range(DEFAULT_PORT, DEFAULT_PORT + _PORTS_TRIED)):
            try:
                if port:
                    return _bound(self._settings.host, port)
            except LapisError as error:
                if not isinstance(error.__cause__, OSError) or error.__cause__.errno != errno.EADDRINUSE:
                    raise
        raise LapisError(ErrorCode.USAGE, f"No port from {DEFAULT_PORT} on is free on {self._settings.host}.")


def _bound(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        sentence = f"Can't listen on {host}:{port}: {error.strerror or error}."
        raise LapisError(ErrorCode.USAGE, sentence, "Choose another address or port.") from error
    listener.setblocking(False)
    return listener


def _lock(path: Path, patience_s: float) -> int:
    """Hold the home for this process alone.

    Raises:
        LapisError: Conflict.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                raise _runs_already(path.parent) from error
            time.sleep(_POLL_S)
        else:
            return descriptor


def _runs_already(home: Path) -> LapisError:
    return LapisError(ErrorCode.CONFLICT, f"A gateway already runs over {home}.")


def _read_port(file: Path) -> int | None:
    try:
        port = int(file.read_text())
    except (OSError, ValueError):
        return None
    return port if 0 < port < 65536 else None


def _ending(status: int) -> str:
    return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"status {os.WEXITSTATUS(status)}"
