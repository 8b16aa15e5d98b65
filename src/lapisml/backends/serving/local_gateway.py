"""Starting the gateway, finding it again, and seeing that there is one.

The gateway outlives whoever started it. A server that comes back finds it by the record that it writes, and knows it
by boot id, pid and start time.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from lapisml.gateway.settings import GatewaySettings
from lapisml.ports import serving
from lapisml.ports.serving import GatewayRecord, Places
from lapisml.runner import endings, processes
from lapisml.runner.serving.pauses import Pauses

log = logging.getLogger("lapisml.gateway")

_LOOK_EVERY_S = 5.0
_LASTING_S = 10.0
_STARTS_WITHIN_S = 30.0
_STOPS_WITHIN_S = 10.0
_SOON_S = 0.5
_SAYS = "error: "
_ANOTHER_RUNS = 3
"""Exit status of a gateway that found another over its home; a master's worker replaces its dead master itself."""
_MODULE = ("-m", "lapisml.gateway")


class LocalGateway:
    """The gateway's process over one home; safe to use by several threads.

    Args:
        settings: how it is to listen.
        log_file: takes what it prints.
        python: the interpreter it runs on; None means this one.
    """

    def __init__(self, settings: GatewaySettings, log_file: Path, python: str | None = None) -> None:
        self._settings = settings
        self._places = Places(settings.home)
        self._log_file = log_file
        self._python = python or sys.executable
        self._lock = threading.RLock()
        self._thread: threading.Thread | None = None
        self._stop, self._stopping = os.pipe()
        self._process: subprocess.Popen[bytes] | None = None
        self._pauses = Pauses()
        self._started_at = 0.0
        self._next_at = 0.0
        self._log_from = 0
        self._trouble = "The gateway does not run."

    def keep(self) -> None:
        """See from now on that there is a gateway: one that dies is replaced at once. Returns without waiting."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="gateway", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Look after it no longer; it goes on by itself."""
        with self._lock:
            thread, self._thread = self._thread, None
        if thread is not None:
            os.write(self._stopping, b"s")
            thread.join(timeout=_STOPS_WITHIN_S)
            os.read(self._stop, 16)

    def record(self) -> GatewayRecord | None:
        """Return what the living gateway says of itself; None when none lives."""
        found = serving.read(GatewayRecord, self._places.gateway)
        return found if found is not None and processes.is_alive(found.identity) else None

    def wait(self, timeout_s: float = _STARTS_WITHIN_S) -> GatewayRecord | None:
        """Return the record once a gateway answers; None when none does in time."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = self.record()
            if found is not None and processes.is_alive(found.worker):
                return found
            if time.monotonic() >= deadline:
                return None
            time.sleep(0.02)

    def wake(self) -> None:
        """Have it read its files again."""
        serving.tell(self._places.wake, {"routes": True})

    def trouble(self) -> str:
        """Say why there is no gateway, in its own last words; empty when there is one."""
        return "" if self.record() is not None else self._trouble

    def ensure(self) -> GatewayRecord | None:
        """Start a gateway when none lives, or the one that does listens otherwise than it should.

        One that dies again and again is started less and less often.

        Returns:
            The record of the living gateway; None while it has not written one yet.
        """
        with self._lock:
            found = self.record()
            if found is not None and not self._listens_as_wanted(found):
                log.info("gateway.replaced pid=%d: its settings have changed", found.pid)
                self._end(found)
                found = None
            if found is None:
                self._start()
            return found

    def end(self) -> None:
        """Look after it no longer, and end it: it finishes what it works on."""
        self.close()
        with self._lock:
            found = self.record()
            if found is not None:
                self._end(found)
            if self._process is not None:
                self._process.terminate()
                self._reap(_STOPS_WITHIN_S)

    def _watch(self) -> None:
        while True:
            try:
                found = self.ensure()
            except OSError as error:
                log.warning("gateway.not_started %s", error)
                found = None
            if self._sleep(found):
                return

    def _sleep(self, found: GatewayRecord | None) -> bool:
        """Wait for the gateway's death, or a while; True when the watch is over."""
        poll = select.poll()
        poll.register(self._stop, select.POLLIN)
        pidfd = _pidfd(found.pid if found is not None else self._process.pid if self._process is not None else 0)
        if pidfd is not None:
            poll.register(pidfd, select.POLLIN)
        try:
            events = poll.poll(self._pause_s(found) * 1000)
        finally:
            if pidfd is not None:
                os.close(pidfd)
        return any(descriptor == self._stop for descriptor, _event in events)

    def _pause_s(self, found: GatewayRecord | None) -> float:
        if found is not None:
            return _LOOK_EVERY_S
        left = self._next_at - time.monotonic()
        return min(_LOOK_EVERY_S, max(0.05, left))

    def _start(self) -> None:
        self._reap(0.0)
        now = time.monotonic()
        if self._process is not None or now < self._next_at:
            return
        self._places.make()
        self._log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._started_at = now
        with self._log_file.open("ab") as out:
            self._log_from = out.tell()
            self._process = subprocess.Popen(
                [self._python, *_MODULE, *arguments(self._settings)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                start_new_session=True,
            )
        log.info("gateway.started pid=%d", self._process.pid)

    def _reap(self, timeout_s: float) -> None:
        """Collect the process that was started here, when it has ended; one that dies soon makes the next wait."""
        if self._process is None:
            return
        try:
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return
        now = time.monotonic()
        if code == _ANOTHER_RUNS:
            self._process, self._next_at = None, now + _SOON_S
            return
        lived = now - self._started_at
        self._trouble = _last_words(endings.log_tail(str(self._log_file), self._log_from), code)
        self._next_at = now + self._pauses.after(3600.0 if lived >= _LASTING_S else 0.0)
        log.warning("gateway.ended pid=%d code=%d after=%.1fs", self._process.pid, code, lived)
        self._process = None

    def _listens_as_wanted(self, found: GatewayRecord) -> bool:
        """Compare the command lines: what differs is what was set otherwise."""
        try:
            words = Path(f"/proc/{found.pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return True
        if _MODULE[1] not in words:
            return True
        return words[words.index(_MODULE[1]) + 1 : -1] == arguments(self._settings)

    def _end(self, found: GatewayRecord) -> None:
        pidfd = _pidfd(found.pid)
        if pidfd is None:
            return
        try:
            for number in (signal.SIGTERM, signal.SIGKILL):
                if processes.is_alive(found.identity):
                    signal.pidfd_send_signal(pidfd, number)
                poll = select.poll()
                poll.register(pidfd, select.POLLIN)
                if poll.poll(_STOPS_WITHIN_S * 1000):
                    break
        finally:
            os.close(pidfd)
        self._reap(1.0)
        self._pauses, self._next_at = Pauses(), 0.0


def arguments(settings: GatewaySettings) -> list[str]:
    """Return the command line of a gateway with these settings, after ``python -m lapisml.gateway``."""
    words = ["--home", str(settings.home.absolute()), "--host", settings.host, "--port", str(settings.port)]
    words += ["--public-url", settings.public_url] if settings.public_url else []
    words += ["--allowed-hosts", ",".join(settings.allowed_hosts)] if settings.allowed_hosts else []
    words += ["--tls-cert", str(settings.tls_cert.absolute())] if settings.tls_cert else []
    words += ["--tls-key", str(settings.tls_key.absolute())] if settings.tls_key else []
    words += ["--behind-tls-proxy"] if settings.behind_tls_proxy else []
    return [*words, "--log-days", str(settings.log_days)]


def _last_words(tail: str, code: int) -> str:
    lines = tail.splitlines()
    for line in reversed(lines):
        if line.startswith(_SAYS):
            return line.removeprefix(_SAYS)
    return f"The gateway ended with status {code}{': ' if lines else ''}{lines[-1] if lines else '.'}"


def _pidfd(pid: int) -> int | None:
    try:
        return os.pidfd_open(pid)
    except (ProcessLookupError, OSError):
        return None
