"""On a node: what the batch script runs. Starts the job's supervisor and stays beside it to its end.

Standard library only. Slurm may start a job again, on another node (requeue): a command that had begun is never begun
a second time. Should Slurm have one job twice, whatever the reason, the first to claim the folder runs it.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import lapisml
from lapisml.ports.endings import EndReason
from lapisml.runner import detached, durable, engine, layout, processes, supervisor
from lapisml.runner.signals import Signals

CLAIM = "slurm_claim.json"
_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.runner.supervisor import main; main()"
_LOOK_EVERY_MS = 500
_ASK_AGAIN_S = 2.0
_TRIES = 8
_SLURM_ANSWERS_WITHIN_S = 5.0
_TAKEN = (
    "Slurm took its nodes away to start it again later (preemption, or somebody's requeue); its command had begun, "
    "and a command never runs twice"
)
_REQUEUED = "Slurm ended it and would have started it again, but its command had begun, and a command never runs twice"


def main() -> None:
    """Run a job of a batch; arguments: where the sources are, the agent's folder, the batch's mark."""
    root, mark = Path(sys.argv[2]), sys.argv[3]
    index = int(os.environ.get("SLURM_ARRAY_TASK_ID") or 0)
    batch = durable.read_json(str(root / "slurm" / mark / "batch.json"))
    if not isinstance(batch, dict) or index >= len(batch["jobs"]):
        sys.exit(f"There is no record of batch {mark} with a job {index} below {root}: is that folder shared?")
    folder = root / "runs" / str(batch["jobs"][index])
    if not is_member(folder, mark, index):
        sys.exit(0)
    if batch["nodes"] > 1:
        from lapisml.backends.compute.slurm import meeting  # only for jobs of several nodes

        folder = meeting.meet(folder, int(batch["nodes"]), _own_id())
    if claim(folder):
        Keeper(folder).run()


def is_member(folder: Path, mark: str, index: int) -> bool:
    """Say whether the job that lies there belongs to this batch, and not to another or to none."""
    known = durable.read_json(str(folder / "slurm.json"))
    return isinstance(known, dict) and (known.get("batch"), known.get("index")) == (mark, index)


def claim(folder: Path) -> bool:
    """Take a job for this allocation of Slurm's; False when there is nothing to run (any more)."""
    own = {"id": _own_id(), "restarts": _restarts(), "node": _node()}
    lock = os.open(folder / "slurm.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        known = durable.read_json(str(folder / CLAIM))
        if isinstance(known, dict) and known.get("id") != own["id"]:
            sys.stdout.write(f"Slurm's job {known.get('id')} runs it already.\n")
            return False
        if (folder / layout.EXIT).exists():
            return False
        if isinstance(known, dict) and (folder / layout.STARTED).exists():
            engine.write(str(folder), EndReason.ENDED_BY_COMPUTE, {"error": f"{_REQUEUED}."}, final=True)
            return True
        durable.write_json(str(folder / CLAIM), own, sync=True)
        _belong_here(folder)
        return True
    finally:
        os.close(lock)


class Keeper:
    """Keeps a job's supervisor alive until the job has ended.

    Args:
        folder: the job's folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._supervisor = 0
        self._deaths = 0
        self._asked_at = float("-inf")
        self._explained = False
        numbers = (signal.SIGUSR1, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
        self._signals = Signals(numbers)

    def run(self) -> None:
        """Return when the job has ended; leaves with 1 when no supervisor lives."""
        processes.become_subreaper()
        processes.boot_id()
        os.environ[layout.COMPUTE_VARIABLE] = "1"
        self._start()
        while not self._is_over():
            self._turn()

    def _turn(self) -> None:
        poll = select.poll()
        poll.register(self._signals.fileno(), select.POLLIN)
        poll.poll(_LOOK_EVERY_MS)
        seen = self._signals.seen()
        if signal.SIGTERM in seen and not self._explained:
            self._explain()
        canceled = (self._folder / layout.CANCEL).exists()
        if canceled and (signal.SIGUSR1 in seen or time.monotonic() > self._asked_at + _ASK_AGAIN_S):
            self._asked_at = time.monotonic()
            processes.send([self._supervisor], signal.SIGUSR1)
        self._collect()

    def _collect(self) -> None:
        """Collect processes that have ended: the supervisor, and what daemonised below it."""
        while True:
            try:
                pid, _status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                pid = 0
                if self._supervisor and processes.start_ticks(self._supervisor) is None:
                    pid = self._supervisor
            if pid == 0:
                return
            if pid == self._supervisor:
                self._supervisor = 0

    def _is_over(self) -> bool:
        """Say whether all is done; a supervisor that was killed before that is replaced."""
        if self._supervisor:
            return False
        if (self._folder / layout.EXIT).exists():
            return True
        self._deaths += 1
        if self._deaths > _TRIES:
            sys.exit(f"The supervisor ended {_TRIES} times; see {layout.RUNNER_LOG} of the job.")
        self._start()
        return False

    def _start(self) -> None:
        if self._deaths:
            time.sleep(min(0.05 * 2**self._deaths, 5.0))
        log = str(self._folder / layout.RUNNER_LOG)
        self._supervisor = detached.fork(lambda: _supervise(self._folder), "lapis-job", log)

    def _explain(self) -> None:
        """Write down why Slurm tells the job's processes to end, before its supervisor has to."""
        self._explained = True
        if (self._folder / layout.CANCEL).exists():
            return
        from lapisml.backends.compute.slurm import states

        state = _own_state()
        lost = _lost_node() if state in ("CANCELLED", "REQUEUED") else ""
        if state == "REQUEUED" and not lost:
            engine.write(str(self._folder), EndReason.ENDED_BY_COMPUTE, {"error": f"{_TAKEN}."}, final=False)
        elif lost or (state in states.OVER and state != "COMPLETED"):
            found = states.JobState(_own_id(), "NODE_FAIL" if lost else state, lost or _node())
            reason, words = states.ending_of(found)
            engine.write(str(self._folder), reason, words, final=False)


def _supervise(folder: Path) -> None:
    """Be the job's supervisor, by the interpreter that its specification names where it does."""
    python = (durable.read_json(str(folder / layout.SPEC)) or {}).get("python")
    if python:
        source = str(Path(lapisml.__file__).parent.parent)
        os.execv(python, [python, "-I", "-S", "-c", _STARTER, source, str(folder)])  # noqa: S606 - no shell is meant
    supervisor.supervise(str(folder))


def _belong_here(folder: Path) -> None:
    """Have the job's specification name this boot of this machine: a later one never starts the job."""
    path = str(folder / layout.SPEC)
    spec: dict[str, Any] = durable.read_json(path)
    durable.write_json(path, {**spec, "boot_id": processes.boot_id()})


def _own_id() -> str:
    array, index = os.environ.get("SLURM_ARRAY_JOB_ID"), os.environ.get("SLURM_ARRAY_TASK_ID")
    return f"{array}_{index}" if array and index else os.environ.get("SLURM_JOB_ID", "")


def _restarts() -> int:
    return int(os.environ.get("SLURM_RESTART_COUNT") or 0)


def _node() -> str:
    return os.environ.get("SLURMD_NODENAME") or os.uname().nodename


def _own_state() -> str:
    """Return what the controller calls this job now, empty when it does not answer.

    While its processes are being ended a job is COMPLETING, and only other words tell what is going to be of it.
    """
    said = _asked("scontrol", "-o", "show", "job", os.environ.get("SLURM_JOB_ID", ""))
    known = dict(word.partition("=")[::2] for word in said.split())
    state = known.get("JobState", "")
    if state != "COMPLETING":
        return state
    if known.get("Reason") == "TimeLimit":
        return "TIMEOUT"
    if int(known.get("Restarts") or 0) > _restarts():
        return "REQUEUED"
    return "PREEMPTED" if known.get("PreemptTime", "None") not in ("None", "Unknown") else "CANCELLED"


def _lost_node() -> str:
    """Return a node of this job that Slurm calls down: it ends the job on the others, and says no more of why."""
    nodes = os.environ.get("SLURM_JOB_NODELIST", "")
    for line in _asked("sinfo", "-h", "-N", "-n", nodes, "-o", "%N %T").splitlines() if nodes else ():
        name, _space, state = line.partition(" ")
        if state.strip().startswith("down"):
            return name
    return ""


def _asked(*command: str) -> str:
    """Return what one of Slurm's commands prints; nothing when it can't be had."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SLURM_ANSWERS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace")
