"""One replica as the keeper sees it: a socket that outlives the process, the process, and its probes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lapisml.ports import serving
from lapisml.runner.serving.copier import Copier, Stage, opened_log
from lapisml.runner.serving.link import Link
from lapisml.runner.serving.pauses import Pauses
from lapisml.runner.serving.probes import Probe, ProbeSettings
from lapisml.runner.serving.process import Process
from lapisml.scoring import lapis_scoring

_STARTER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lapis_scoring.main import main; "
    "del sys.path[0]; main(sys.argv[2], *map(int, sys.argv[3:]))"
)
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(lapis_scoring.__file__)))
_BACKLOG = 1024
_ENDED_FIRST = 300
"""What the kernel adds to a replica's share when memory runs out: it goes before gateway, keeper and server."""
_CONNECTED = (b"02", b"03")
CANNOT_LOAD = 3
"""Exit code of a replica whose model or script can't be loaded."""


@dataclass(frozen=True)
class Form:
    """What a replica runs.

    Attributes:
        name: ``original`` or ``accelerated``.
        plan_path: file with the replica's plan.
        python, env, work: its interpreter, variables and working folder.
        copier: makes replicas of it out of a process that has loaded.
    """

    name: str
    plan_path: str
    python: str
    env: Mapping[str, str]
    work: str
    copier: Copier = field(default_factory=lambda: Copier(wanted=False))


class Replica:
    """A place for one process that answers.

    Its listening socket is the keeper's: while the process is being replaced, connections wait in the queue.

    Args:
        number: its place; names its socket and its log.
        form: what it runs.
        path: its socket.
        log: file that takes what it prints.
        liveness, readiness: how it is probed.

    Attributes:
        restarts: how often it was started again.
        start_at: when to start a process; None while there is one.
        is_retired: whether it is not wanted any more, and gets no more requests.
        end_at, kill_at: when it is asked to end, when it is killed; None without such an intention.
        leave_by: when it is asked to end although somebody is still connected.
        hello: what it says of itself; empty until it has loaded.
        why: why the keeper kills it; empty when it does not.
        log_from: where in `log` the present process's lines begin.
        pauses: the pauses between its starts.

    Raises:
        OSError: the socket can't be made.
    """

    def __init__(
        self, number: int, form: Form, path: Path, log: str, liveness: ProbeSettings, readiness: ProbeSettings
    ) -> None:
        self.number, self.form, self.path, self.log = number, form, path, log
        self.restarts = self.log_from = 0
        self.start_at: float | None = 0.0
        self.is_retired = False
        self.end_at: float | None = None
        self.kill_at: float | None = None
        self.leave_by = 0.0
        self.why = ""
        self.hello: dict[str, Any] = {}
        self.pauses = Pauses()
        self._settings = {"live": liveness, "ready": readiness}
        self._probes: dict[str, Probe] = {}
        self._pings: dict[int, str] = {}
        self._next_ping = 0
        self._link: Link | None = None
        self._process: Process | None = None
        self._is_loading = False
        self._ready_since: float | None = None
        self._has_loaded = self._has_been_ready = False
        self._listening = serving.bound(path, socket.SOCK_STREAM, _BACKLOG)
        self._inode = path.stat().st_ino

    @property
    def pid(self) -> int:
        """The process, 0 while there is none."""
        return self._process.pid if self._process is not None else 0

    @property
    def ready(self) -> bool:
        """Whether it may get requests: it runs, and its readiness probe passes."""
        return self._ready_since is not None and not self.is_retired

    @property
    def is_late(self) -> bool:
        """Whether it has had its time and never was ready."""
        probe = self._probes.get("ready")
        return probe is not None and probe.passes is False and not self._has_been_ready

    @property
    def is_stuck(self) -> bool:
        """Whether it has loaded, does not answer any more, and is to be replaced."""
        probe = self._probes.get("live")
        return probe is not None and probe.passes is False

    def descriptors(self) -> list[int]:
        """Return what to wait on: its end, and its answers."""
        link = [self._link.fileno()] if self._link is not None else []
        return [self._process.fileno(), *link] if self._process is not None else link

    def due(self) -> float | None:
        """Return when it needs looking after next; None when only news can matter."""
        start_at = None if self.waits_for_loading else self.start_at
        times = [at for at in (start_at, self.end_at, self.kill_at) if at is not None]
        if self._process is not None and not self.is_retired:
            times += [probe.due for _name, probe in self._asked()]
        return min(times, default=None)

    @property
    def waits_for_loading(self) -> bool:
        """Whether another replica's process is loading what this one will be a copy of."""
        return self.start_at is not None and self.form.copier.stage is Stage.LOADING

    def start(self, now: float) -> None:
        """Start a process: a copy of one that has loaded, else one that loads.

        Raises:
            OSError: it can't be made.
        """
        self.start_at, self.why = None, ""
        log, self.log_from = opened_log(self.log)
        try:
            self._process = self._copied(log) or self._fresh(log)
        finally:
            os.close(log)
        _prefer_to_end(self._process.pid)
        self._probes = {name: Probe(settings, now) for name, settings in self._settings.items()}
        self._has_loaded = self._has_been_ready = False
        self._connect()

    def hand_over(self) -> None:
        """Leave the process that has loaded to the copier, and go on with a copy of it.

        Raises:
            OSError: the log can't be opened.
        """
        if not self._is_loading or not self.form.copier.hear():
            return
        log, _length = opened_log(self.log)
        try:
            self.form.copier.process, self._process = self._process, None
            self._is_loading = False
            self._process = self._copied(log) or self._fresh(log)
        finally:
            os.close(log)
        _prefer_to_end(self._process.pid)

    def _copied(self, log: int) -> Process | None:
        """Have a copy made; None when there is nothing to copy, or not any more."""
        copier = self.form.copier
        if copier.stage is not Stage.FIT:
            return None
        try:
            return copier.copy(self.number, self._listening.fileno(), log)
        except (OSError, ValueError):
            copier.forget()
            return None

    def _fresh(self, log: int) -> Process:
        """Start an interpreter, which loads; the first of its form is copied later."""
        passed = [self._listening.fileno()]
        line = self.form.copier.open() if self.form.copier.stage is Stage.IDLE else None
        self._is_loading = line is not None
        if line is not None:
            passed.append(line.fileno())
        argv = [self.form.python, "-c", _STARTER, _HERE, self.form.plan_path, str(self.number), *map(str, passed)]
        try:
            made = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.form.work,
                env=dict(self.form.env),
                pass_fds=passed,
                start_new_session=True,
            )
        except OSError:
            self._stop_loading()
            raise
        finally:
            if line is not None:
                line.close()
        made.returncode = 0  # its end is `Process`'s to collect
        return Process(made.pid)

    def _stop_loading(self) -> None:
        if self._is_loading:
            self._is_loading = False
            self.form.copier.forget()

    def listen(self, now: float) -> None:
        """Take in what it has said."""
        if self._link is None:
            return
        answered = self._link.read()
        if self._link.hello is not None and not self.hello:
            self.hello, self._has_loaded = self._link.hello, True
            for probe in self._probes.values():
                probe.hurry(now)
        for number in answered or ():
            name = self._pings.pop(number, None)
            if name is not None:
                self._probes[name].answered(now)
        if answered is None:
            self._disconnect()
        self._judge(now)

    def probe(self, now: float) -> None:
        """Ask what is due to be asked."""
        for name, probe in self._asked():
            if now < probe.due:
                continue
            if self._link is None:
                self._connect()
            if probe.turn(now, self._link is not None and bool(self.hello)):
                self._next_ping += 1
                self._pings[self._next_ping] = name
                if self._link is not None and not self._link.ping(self._next_ping):
                    self._disconnect()
        self._judge(now)

    def has_ended(self) -> bool:
        """Say whether there was a process and it is gone; it is not collected yet, so its pid stays its own."""
        return self._process is not None and self._process.has_ended()

    def worked_s(self, now: float) -> float:
        """Return for how long it has been ready."""
        return 0.0 if self._ready_since is None else now - self._ready_since

    def bury(self) -> int:
        """End what an ended process left behind, and forget it; the socket stays.

        Returns:
            Its exit code; less than 0 for a signal.
        """
        self.kill()
        code = self._process.collect() if self._process is not None else 0
        self._stop_loading()
        self._disconnect()
        self._process = self._ready_since = None
        self._probes, self.end_at, self.kill_at = {}, None, None
        return code

    def clients(self) -> int:
        """Count the connections besides the keeper's own; a gateway closes its one when it waits for nothing more."""
        found = connections(self.path)
        return found - 1 if self._link is not None else found

    def ask_to_end(self) -> None:
        """Have it finish what it works on, and end."""
        if self._process is not None:
            self._process.ask_to_end()

    def kill(self) -> None:
        """End it and what it started in its session, at once."""
        if self._process is not None:
            self._process.kill()

    def close(self) -> None:
        """Give the place up: its process, its socket and the socket's name."""
        self.bury()
        with contextlib.suppress(OSError):
            if self.path.stat().st_ino == self._inode:  # and not that of a keeper which came after
                self.path.unlink()
        self._listening.close()

    def _asked(self) -> list[tuple[str, Probe]]:
        """Give the probes that count by now: whether it is alive is no question before it has loaded."""
        return [(name, probe) for name, probe in self._probes.items() if name == "ready" or self._has_loaded]

    def _judge(self, now: float) -> None:
        probe = self._probes.get("ready")
        if probe is None or not probe.passes:
            self._ready_since = None
        elif self._ready_since is None:
            self._ready_since, self._has_been_ready = now, True

    def _connect(self) -> None:
        with contextlib.suppress(OSError):
            self._link = Link(self.path)

    def _disconnect(self) -> None:
        if self._link is not None:
            self._link.close()
        self._link, self.hello = None, {}
        self._pings.clear()


def connections(path: Path) -> int:
    """Count the connections to a listening unix socket, those in its queue too (proc(5), ``/proc/net/unix``)."""
    names = (os.fsencode(path), b"/" + path.name.encode())
    try:
        with open("/proc/net/unix", "rb") as file:
            lines = [line.rstrip(b"\n").split(None, 7) for line in file]
    except OSError:
        return 0
    return sum(len(one) == 8 and one[5] in _CONNECTED and _is_at(one[7], *names) for one in lines)


def _is_at(shown: bytes, path: bytes, name: bytes) -> bool:
    """Say whether an address leads to a path; one that is too long for an address went through a descriptor."""
    return shown == path or (shown.startswith(b"/proc/self/fd/") and shown.endswith(name))


def _prefer_to_end(pid: int) -> None:
    with contextlib.suppress(OSError), open(f"/proc/{pid}/oom_score_adj", "w", encoding="ascii") as file:
        file.write(str(_ENDED_FIRST))
