"""The supervisor: one small process beside each job, which needs no server.

Forked by `lapisml.runner.nursery`, or started as ``python -I -S -c "… supervisor.main()" <source> <job folder>``,
in a session of its own. Started again over the same folder, it goes on where the one before it was killed:

* nothing was started yet → from the beginning;
* the command runs → watches it by boot id, pid and start time, and takes its status from the wrapper's file;
* the command has ended → stores outputs and writes the ending;
* the ending is written → delivers what the relay still holds.

``exit.json`` is on disk before anybody is told, and never changes. One supervisor per job: it holds a lock.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import copying, course, data, durable, endings, engine, layout, oom, parts, processes, specfile
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job
from lapisml.runner.keeping import keeper
from lapisml.runner.relay_link import RelayLink
from lapisml.runner.signals import Signals
from lapisml.runner.tools import StoppedError
from lapisml.runner.watch import Watch

_ALMOST_FULL_BYTES = 1 << 20
_LOOKED_AT = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""Only a recorded request ends a job; one of these signals alone makes us look for one."""
_LATE_DELIVERY_S = 300.0
"""How long one attempt lasts to deliver what was left when a job ended; the backend starts the next."""


def main() -> None:
    """Supervise the job whose folder is the last argument."""
    supervise(sys.argv[-1])


def supervise(folder: str) -> None:
    """Supervise a job to its end; returns at once when somebody else does."""
    umask = os.umask(0o077)
    lock = os.open(os.path.join(folder, layout.LOCK), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    spec = specfile.read(folder)
    if spec is not None:
        Supervisor(Job(folder, spec, umask), lock).run()


class Supervisor:
    """Takes a job through its course, from wherever it is.

    Args:
        job: the job.
        lock: descriptor that holds the job's lock.
    """

    def __init__(self, job: Job, lock: int) -> None:
        self._job = job
        self._lock = lock
        self._wake = Signals(_LOOKED_AT)
        self._relay = RelayLink(job.folder, job.spec) if job.spec.get("tracking") else None
        self._status: dict[str, Any] | None = None

    def run(self) -> None:
        """Take the job to its end."""
        if os.path.exists(self._job.path(layout.EXIT)):
            self._deliver_rest()
            return
        try:
            end = self._live()
        except BaseException as error:  # noqa: BLE001 - the process's boundary: every job gets an ending
            end = self._from_error(error)
        self._end(end)

    def _live(self) -> JobEndError:
        verdict = engine.final_verdict(self._job)
        if verdict is not None:
            self._status = self._job.read(layout.CHILD)
            return verdict if self._status is None else self._own_end(self._status, None)
        known = self._job.read(layout.PROCESS) or {}
        started = self._was_started(known)
        if self._job.spec["boot_id"] != processes.boot_id():
            return self._after_restart(started)
        if started:
            return self._adopt(known)
        return self._from_the_start()

    def _was_started(self, known: dict[str, Any]) -> bool:
        """Say whether the command was let go; a wrapper that is about to decide that is waited for."""
        marker = self._job.path(layout.STARTED)
        while not os.path.exists(marker) and processes.is_alive(known.get("wrapper")):
            processes.send([known["wrapper"]["pid"]], 18)
            time.sleep(0.005)
        return os.path.exists(marker)

    def _from_the_start(self) -> JobEndError:
        if self._job.is_canceled():
            raise StoppedError
        course.who_runs(self._job, None)
        for name in (layout.CHILD, layout.EXIT):
            durable.reserve(self._job.path(name))
        if self._relay is not None:
            self._relay.bind()
        launch = course.prepare(self._job, self._relay)
        if self._job.is_canceled():
            raise StoppedError
        kills = oom.kill_count()
        processes.become_subreaper()
        known = course.start(self._job, launch, self._relay, self._private_descriptors())
        return self._watch(known, True, kills)

    def _adopt(self, known: dict[str, Any]) -> JobEndError:
        """Take over a command that an earlier supervisor started."""
        reachable = self._relay is None or self._relay.adopt(known.get("relay_port"))
        self._job.journal.record("running", "", detail={"supervisor": "resumed"})
        if not reachable:
            self._job.journal.warn("The relay's port was taken by another process: MLflow calls of this job fail.")
        wrapper, running = known.get("wrapper"), known.get("child")
        try:
            course.who_runs(self._job, self._relay, wrapper, running)
        except OSError as error:
            if not durable.is_full(error):
                raise
        return self._watch({**known, "wrapper": wrapper, "child": running}, False, None)

    def _watch(self, known: dict[str, Any], is_ours: bool, kills: int | None) -> JobEndError:
        self._status, stopped = Watch(self._job, known, is_ours, self._relay, self._wake).until_end()
        self._end_strays()
        if stopped is not None:
            return stopped
        if self._status is None:
            evidence = "the command has ended and left no status"
            return JobEndError(EndReason.SUPERVISOR_LOST, evidence=evidence)
        after = oom.kill_count()
        end = self._own_end(self._status, None if kills is None or after is None else after - kills)
        if end.reason is EndReason.EXIT_CODE and _is_full(self._job.folder):
            code = self._status["exit_code"]
            return JobEndError(EndReason.DISK_FULL, where=f", and the command ended with exit code {code}")
        return end

    def _after_restart(self, started: bool) -> JobEndError:
        self._status = self._job.read(layout.CHILD)
        if self._status is not None:
            return self._own_end(self._status, None)
        when = "while the command ran" if started else "before the command was started"
        return JobEndError(EndReason.MACHINE_RESTARTED, when=when)

    def _own_end(self, status: dict[str, Any], oom_kills: int | None) -> JobEndError:
        """Say how the command ended by itself, unless the engine of the cluster ended it."""
        return engine.verdict_on(self._job, self._course_end(status, oom_kills), status)

    def _course_end(self, status: dict[str, Any], oom_kills: int | None) -> JobEndError:
        """Say how the command ended; of several processes, how the one that failed did."""
        if self._job.spec.get("parallel"):
            from lapisml.runner.parallel import starting  # only for jobs that need it

            return starting.own_end(self._job, endings.of_status(status, oom_kills))
        if self._job.spec.get("serving"):
            from lapisml.runner.serving import starting as keeping  # only for jobs that need it

            return keeping.own_end(self._job, endings.of_status(status, oom_kills))
        if (self._job.spec.get("distribution") or {"type": "ray"})["type"] == "ray":
            return endings.of_status(status, oom_kills)
        from lapisml.runner.distributed import record  # only for jobs that need it

        self._status = record.with_rank(self._job, status)
        return record.name_rank(self._job, endings.of_status(self._status, oom_kills))

    def _end_strays(self) -> None:
        """End processes of this job that are left although the wrapper is gone, and write down which."""
        for process in self._job.read(layout.LEFTOVERS) or ():
            self._job.journal.note("Ended a process that outlived the command.", **process)
        spare = self._relay.pids if self._relay is not None else frozenset()
        if self._status is not None and not processes.children(os.getpid()):
            return
        for pid in processes.marked(layout.KEY_VARIABLE, parts.key_of(self._job.spec)):
            if pid not in spare:
                name = processes.name_of(pid)
                self._job.journal.note("Ended a process that outlived the command.", pid=pid, name=name)
                processes.kill_below(pid)
                processes.send([pid], 9)
        processes.kill_below(os.getpid(), spare)

    def _end(self, end: JobEndError) -> None:
        end, complete = self._finalize(end)
        job = self._job
        verdict = endings.ending(end, job.folder, self._status)
        durable.write_reserved(job.path(layout.EXIT), verdict)
        job.journal.record("ended", end.sentence, detail={"reason_code": end.reason.value})
        self._clean_up(complete)

    def _finalize(self, end: JobEndError) -> tuple[JobEndError, bool]:
        """Store what is to be kept; a failure there becomes the job's, unless it had failed before."""
        job, complete = self._job, True
        remote = job.spec["artifacts"]["location"]["protocol"] != "file"
        job.journal.record("finalizing", "", wake=remote or self._relay is not None)
        if end.reason is not EndReason.SUCCEEDED and self._status is None:
            os.makedirs(job.path(layout.USER_LOGS), exist_ok=True)
            job.tell_user(end.sentence)
        if self._relay is not None:
            complete = self._relay.finish()
        _drop_if_empty(job.path(layout.RUNNER_LOG))
        steps = (data.store_outputs, data.store_artifacts) if self._status is not None else (data.store_artifacts,)
        for step in steps:
            end = self._keep(step, end)
        return end, complete

    def _keep(self, step: Callable[..., list[str]], end: JobEndError) -> JobEndError:
        """Store outputs, or artifacts; logs are stored although outputs could not be."""
        job = self._job
        try:
            for sentence in step(job.spec, job.folder, keeper(job)):
                job.journal.warn(sentence)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the ending is written
            failure = self._from_error(error)
            if end.reason is EndReason.SUCCEEDED:
                return failure
            job.journal.warn(failure.sentence)
        return end

    def _clean_up(self, complete: bool) -> None:
        """Remove what nobody reads any more."""
        unread = [
            layout.WORK,
            layout.INPUTS,
            layout.MINI_BATCHES,
            layout.SERVING,
            layout.OVERLAY,
            layout.NAMED_OUTPUTS,
            layout.RANK_REPORTS,
            layout.RANKS_HELD,
        ]
        if complete:
            specfile.forget_secrets(self._job.folder)
            unread += [layout.SPOOL, layout.SPOOL_CURSOR, layout.RELAY]
        for name in unread:
            try:
                copying.remove_tree(self._job.path(name))
            except OSError:
                continue

    def _deliver_rest(self) -> None:
        """Deliver what the relay still holds of a job that has ended."""
        if self._relay is not None and not self._relay.finish(_LATE_DELIVERY_S):
            return
        specfile.forget_secrets(self._job.folder)
        self._job.journal.wake()

    def _from_error(self, error: BaseException) -> JobEndError:
        if isinstance(error, JobEndError):
            return error
        if isinstance(error, StoppedError):
            request = self._job.cancel_request() or {}
            return JobEndError(EndReason.CANCELED, by=f" by {request['by']}" if request.get("by") else "")
        if durable.is_full(error):
            return JobEndError(EndReason.DISK_FULL, where="")
        import traceback  # heavy, and hardly ever needed

        text = "".join(traceback.format_exception(error))
        os.makedirs(self._job.path(layout.SYSTEM_LOGS), exist_ok=True)
        durable.append_bytes(self._job.path(layout.RUNNER_LOG), text.encode())
        return JobEndError(EndReason.INTERNAL, error=f"{type(error).__name__}: {error}")

    def _private_descriptors(self) -> list[int]:
        relay = self._relay.descriptors() if self._relay is not None else []
        return [self._lock, *self._wake.fds, *relay]


def _is_full(folder: str) -> bool:
    facts = os.statvfs(folder)
    return facts.f_bavail * facts.f_frsize < _ALMOST_FULL_BYTES


def _drop_if_empty(path: str) -> None:
    try:
        if os.stat(path).st_size == 0:
            os.unlink(path)
    except FileNotFoundError:
        return
