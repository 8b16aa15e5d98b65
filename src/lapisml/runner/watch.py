"""Watching the command: until it ends, its time is up or somebody cancels it."""

from __future__ import annotations

import os
import select
import signal
import time
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import child, layout, processes
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.journal import now_ms
from lapisml.runner.relay_link import RelayLink
from lapisml.runner.sampling import GpuFeed, Sampler, nvidia_smi
from lapisml.runner.signals import Signals

_KILL_AGAIN_S = 0.5
_KILLS_BEFORE_WRAPPER = 6


class Watch:
    """Follows a command to its end.

    Args:
        job: the job.
        known: content of ``process.json``.
        is_ours: the wrapper is this process's child (and not one taken over from an earlier supervisor).
        relay: the job's relay, None without tracking.
        wake: the pipe that signals arrive on.
    """

    def __init__(self, job: Job, known: dict[str, Any], is_ours: bool, relay: RelayLink | None, wake: Signals) -> None:
        self._job = job
        self._wrapper: dict[str, Any] = known["wrapper"] or {}
        self._child: dict[str, Any] = known["child"] or {}
        self._is_ours = is_ours
        self._relay = relay
        self._wake = wake
        self._stopped: JobEndError | None = None
        self._kill_at: float | None = None
        self._kills = 0
        self._sampler = Sampler(job.folder)
        self._gpus: GpuFeed | None = None

    def until_end(self) -> tuple[dict[str, Any] | None, JobEndError | None]:
        """Wait for the end of the command and of all that it started.

        Returns:
            (content of ``child.json`` or None when the exit status is lost, why we ended it or None).
        """
        limit = self._limit()
        for process in (self._wrapper, self._child):
            self._follow(process, limit)
            status = self._job.read(layout.CHILD)
            if status is not None:
                break
            status = self._own_status(process)
            if status is not None:
                break
        if self._gpus is not None:
            self._gpus.stop()
        return status, self._stopped

    def _follow(self, process: dict[str, Any], limit: float | None) -> None:
        """Return when `process` has ended."""
        if not processes.is_alive(process):
            return
        try:
            pidfd = os.pidfd_open(process["pid"])
        except ProcessLookupError:
            return
        try:
            while not self._turn(pidfd, limit):
                pass
        finally:
            os.close(pidfd)

    def _turn(self, pidfd: int, limit: float | None) -> bool:
        """Wait for the next thing to do and do it; True when the process has ended."""
        poll = select.poll()
        relay = self._relay.descriptors() if self._relay is not None else []
        gpus = [self._gpus.fd] if self._gpus is not None and self._gpus.fd is not None else []
        for descriptor in (pidfd, self._wake.fileno(), *relay, *gpus):
            poll.register(descriptor, select.POLLIN)
        ready = {descriptor for descriptor, _event in poll.poll(self._pause_ms(limit))}
        if pidfd in ready:
            return True
        if self._wake.fileno() in ready:
            self._wake.seen()
        if self._relay is not None and ready & set(relay):
            self._relay.attend()
        if self._gpus is not None and ready & set(gpus):
            self._gpus.read()
        self._do_due(limit)
        return False

    def _pause_ms(self, limit: float | None) -> float:
        now = time.monotonic()
        due = [self._sampler.due]
        if self._kill_at is not None:
            due.append(self._kill_at)
        elif limit is not None:
            due.append(now + limit - _boottime())
        if self._relay is not None and self._relay.due is not None:
            due.append(self._relay.due)
        return max(0.0, (min(due) - now) * 1000)

    def _do_due(self, limit: float | None) -> None:
        if self._stopped is None:
            self._stop_if_asked(limit)
        elif self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._kill()
        if time.monotonic() >= self._sampler.due:
            if self._gpus is None:
                visible = os.environ.get("CUDA_VISIBLE_DEVICES")
                self._gpus = GpuFeed(nvidia_smi(), visible, self._job.path(layout.RUNNER_LOG))
            self._sampler.sample(self._tree(), self._gpus.values)

    def _stop_if_asked(self, limit: float | None) -> None:
        request = self._job.cancel_request()
        if request is not None:
            by = f" by {request['by']}" if request.get("by") else ""
            self._stop(JobEndError(EndReason.CANCELED, by=by), request.get("grace_s"))
        elif limit is not None and _boottime() >= limit:
            seconds = self._job.spec["timeout_s"]
            self._stop(JobEndError(EndReason.TIMEOUT, limit=f"{seconds:g} s"), None)

    def _stop(self, why: JobEndError, grace_s: float | None) -> None:
        """Ask every process of the command to end."""
        self._stopped = why
        why.at = now_ms()
        grace = float(self._job.spec["grace_s"] if grace_s is None else grace_s)
        self._kill_at = time.monotonic() + grace
        reached = processes.send(self._tree(), signal.SIGTERM)
        self._job.journal.note(f"SIGTERM to {reached} processes, SIGKILL in {grace:g} s.", cause=why.reason.value)
        self._job.tell_user(why.sentence)

    def _kill(self) -> None:
        """End what did not end when asked."""
        self._kills += 1
        self._kill_at = time.monotonic() + _KILL_AGAIN_S
        if self._kills == 1:
            self._job.journal.note("SIGKILL to what is left.")
        if processes.is_alive(self._wrapper):
            processes.kill_below(self._wrapper["pid"])
        elif processes.is_alive(self._child):
            processes.kill_below(self._child["pid"])
            processes.send([self._child["pid"]], signal.SIGKILL)
        if self._kills > _KILLS_BEFORE_WRAPPER and processes.is_alive(self._wrapper):
            processes.send([self._wrapper["pid"]], signal.SIGKILL)

    def _tree(self) -> list[int]:
        """Return the pids of the command and all that it started."""
        if processes.is_alive(self._wrapper):
            return processes.descendants(self._wrapper["pid"])
        own = [self._child["pid"]] if processes.is_alive(self._child) else []
        return own + [pid for root in own for pid in processes.descendants(root)]

    def _own_status(self, process: dict[str, Any]) -> dict[str, Any] | None:
        """Take the exit status of the command itself when its wrapper was killed and it became our child."""
        if not process:
            return None
        try:
            pid, raw = os.waitpid(process["pid"], os.WNOHANG)
        except ChildProcessError:
            return None
        if process is not self._child or not self._is_ours or pid == 0:
            return None
        return child.write_status(self._job.folder, raw, self._job.read(layout.STARTED) or {})

    def _limit(self) -> float | None:
        """Return the moment (seconds since boot) at which the command's time is up."""
        timeout = self._job.spec.get("timeout_s")
        if not timeout:
            return None
        started = self._job.read(layout.STARTED) or {}
        return float(started.get("boottime") or _boottime()) + float(timeout)


def _boottime() -> float:
    """Return seconds since boot: a clock that no one sets, and that every supervisor of the job shares."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
