"""Worker processes as the driver sees them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import Any

from lapisml.runner.parallel.batches import MiniBatch
from lapisml.runner.parallel.plan import Plan

_STARTER = (
    "import sys; sys.path.insert(0, sys.argv[1]); from lapis_worker.main import main; "
    "del sys.path[0]; main(int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))"
)
_HERE = os.path.dirname(os.path.abspath(__file__))
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "LOKY_MAX_CPU_COUNT")


def environment(
    base: Mapping[str, str], workers: int, cores: int, output_folder: str | None, model_dir: str | None = None
) -> dict[str, str]:
    """Return the variables of a worker: as the job's, with the machine's cores shared out among the workers.

    Args:
        base: the job's variables; what they say of threads stands.
        workers: how many workers share the machine.
        cores: how many cores it has.
        output_folder: where scripts that write files themselves put them.
        model_dir: the folder that holds the model.
    """
    share = str(max(1, cores // workers))
    found = {**dict.fromkeys(_THREADS, share), **base}
    if output_folder is not None:
        found.setdefault("AZUREML_BI_OUTPUT_PATH", output_folder)
    if model_dir is not None:
        found["AZUREML_MODEL_DIR"] = model_dir
    return found


def maker(plan: Plan, plan_path: str) -> Callable[[int], Worker]:
    """Return what starts the worker of a number.

    Args:
        plan: how the job runs on this machine.
        plan_path: its file, for the workers.
    """
    cores = len(os.sched_getaffinity(0))
    env = environment(os.environ, plan.workers, cores, plan.output_folder, plan.model_dir)

    def make(number: int) -> Worker:
        log = os.path.join(plan.logs, f"std_log_process_{number:03}.txt")
        return Worker(number, plan.python, plan_path, env, plan.work, log)

    return make


class Worker:
    """One process that runs mini-batches, one at a time.

    Args:
        number: its place among the workers; a replacement takes over the number.
        python: interpreter of the job's environment.
        plan_path: the plan's file.
        env: its variables.
        work: its working folder.
        log: file that takes what it prints.

    Attributes:
        batch: what it works on.
        ready: whether ``init()`` has returned.
        deadline: moment (monotonic clock) at which it has had its time; None while it has no task.

    Raises:
        OSError: the process can't be made.
    """

    def __init__(self, number: int, python: str, plan_path: str, env: Mapping[str, str], work: str, log: str) -> None:
        self.number = number
        ours, theirs = socket.socketpair()
        argv = [python, "-c", _STARTER, _HERE, str(theirs.fileno()), plan_path, str(number)]
        with theirs, open(log, "ab") as out:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd=work,
                env={**env, "AZUREML_PROCESS_NAME": f"worker_{number}"},
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        ours.setblocking(False)
        self._socket = ours
        self._rest = b""
        self.pidfd = os.pidfd_open(self._process.pid)
        self.batch: MiniBatch | None = None
        self.ready = False
        self.deadline: float | None = None

    @property
    def descriptors(self) -> tuple[int, int]:
        """What to wait on: its answers, and its end."""
        return self._socket.fileno(), self.pidfd

    def sees(self, _batch: MiniBatch) -> bool:
        """Say whether it can read a mini-batch."""
        return True

    def give(self, batch: MiniBatch, result: str | None, timeout_s: float) -> None:
        """Hand it a mini-batch; its end is seen through `descriptors` when it has died meanwhile."""
        self.batch, self.deadline = batch, time.monotonic() + timeout_s
        self._send(batch.message(result))

    def end(self, timeout_s: float) -> None:
        """Ask it to call ``shutdown()`` and go."""
        self.deadline = time.monotonic() + timeout_s
        self._send({"do": "end"})

    def answers(self) -> list[dict[str, Any]]:
        """Return what it has said since the last call."""
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except (BlockingIOError, ConnectionError):
                break
            if not data:
                break
            self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line) for line in lines]

    def has_ended(self) -> bool:
        """Say whether the process is gone."""
        return self._process.poll() is not None

    def how(self) -> str:
        """Say how it ended."""
        code = self._process.wait()
        if code >= 0:
            return f"it ended with exit code {code}"
        meaning = ", most likely because memory ran out" if -code == signal.SIGKILL else ""
        return f"it was ended by signal {-code} ({signal.Signals(-code).name}){meaning}"

    def kill(self) -> None:
        """End it and what it started in its session, at once."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Give back its descriptors."""
        self._socket.close()
        os.close(self.pidfd)

    def _send(self, message: dict[str, Any]) -> None:
        data = json.dumps(message).encode() + b"\n"
        self._socket.setblocking(True)
        try:
            self._socket.sendall(data)
        except OSError:
            return
        finally:
            self._socket.setblocking(False)
