"""The fence: jobs of a node that its cluster may have given up stand still until the cluster has spoken.

A node that is cut off can't know whether its jobs were called lost and are run again elsewhere. So the node's keeper
writes a beat as long as Ray says that the node belongs to the cluster; a small process beside it, which needs neither
keeper nor Ray, stops the jobs' processes when no beat has come for a while. That is sooner than the front calls a job
lost. When the cluster has the node again, what it still wants goes on where it stood, and what it gave up is killed.

While the head's machine answers that nobody listens at Ray's port there, Ray is not there, nobody can give anything up,
and jobs go on. Replicas that answer requests are never stopped: two of them do no harm. Standard library only.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from lapisml.runner import durable, layout, parts, processes

_LOOK_EVERY_S = 0.5
_ANSWERS_WITHIN_S = 2.0
_ROUNDS = 20
_NOTHING_TO_DO_S = 300.0
_STARTER = "import sys; sys.path.insert(0, sys.argv[1]); from lapisml.backends.compute.ray.fence import main; main()"


def beat(root: Path) -> None:
    """Say that the node belongs to the cluster."""
    _beat_file(root).write_text(f"{time.monotonic_ns()}", encoding="ascii")


def start(root: Path, head: str, limit_s: float) -> None:
    """Start the process that watches the beats of this machine; one that is there already goes on, and this one ends.

    Args:
        root: Lapis's folder on this machine.
        head: address of Ray's control store, ``host:port``.
        limit_s: after so many seconds without a beat jobs are stopped.
    """
    source = str(Path(__file__).parents[4])
    with (root / "run" / "fence.log").open("ab") as log:
        subprocess.Popen(
            [sys.executable, "-I", "-c", _STARTER, source, str(root), head, str(limit_s)],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
        )  # fmt: skip


def stop(folder: Path) -> bool:
    """Stop every process of a job, its supervisor first; say whether any ran."""
    supervisor = _supervisor(folder)
    if supervisor is None:
        return False
    stopped: set[int] = set()
    for _round in range(_ROUNDS):
        fresh = [pid for pid in (supervisor, *processes.descendants(supervisor)) if pid not in stopped]
        if not fresh:
            break
        _signal(fresh, signal.SIGSTOP)
        stopped.update(fresh)
    return True


def go_on(folder: Path) -> None:
    """Let the processes of a job go on, its supervisor last."""
    supervisor = _supervisor(folder)
    if supervisor is not None:
        _signal([*reversed(processes.descendants(supervisor)), supervisor], signal.SIGCONT)


def kill(folder: Path) -> None:
    """Kill every process of a job without another word of theirs."""
    spec = durable.read_json(str(folder / layout.SPEC))
    if stop(folder):
        supervisor = _supervisor(folder)
        if supervisor is not None:
            _signal([*processes.descendants(supervisor), supervisor], signal.SIGKILL)
    if isinstance(spec, dict):
        _signal(list(processes.marked(layout.KEY_VARIABLE, parts.key_of(spec))), signal.SIGKILL)


def main() -> None:
    """Watch until there is nothing to watch; arguments: sources, root, head, limit."""
    root, head, limit_s = Path(sys.argv[2]), sys.argv[3], float(sys.argv[4])
    lock = os.open(_beat_file(root).with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    _watch(root, head, limit_s)


def _watch(root: Path, head: str, limit_s: float) -> None:
    last, heard, busy = "", time.monotonic(), time.monotonic()
    while time.monotonic() - busy < _NOTHING_TO_DO_S:
        time.sleep(_LOOK_EVERY_S)
        now, found = time.monotonic(), _read(_beat_file(root))
        if found != last:
            last, heard, busy = found, now, now
        elif now - heard > limit_s / 2 and _is_without_ray(head):
            heard = now - limit_s / 2
        if now - heard > limit_s:
            for folder in _running(root):
                busy = now
                stop(folder)


def _running(root: Path) -> Iterator[Path]:
    """Give the folders of the jobs that run on this machine and end some time."""
    for path in root.glob(f"runs/*/*/{layout.PROCESS}"):
        folder = path.parent
        if (folder / layout.EXIT).exists() or _supervisor(folder) is None:
            continue
        spec = durable.read_json(str(folder / layout.SPEC))
        if isinstance(spec, dict) and not spec.get("serving"):
            yield folder


def _supervisor(folder: Path) -> int | None:
    known = durable.read_json(str(folder / layout.PROCESS))
    supervisor = known.get("supervisor") if isinstance(known, dict) else None
    return int(supervisor["pid"]) if supervisor is not None and processes.is_alive(supervisor) else None


def _is_without_ray(head: str) -> bool:
    """Say whether the head's machine answers, and Ray is not there."""
    host, _, port = head.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWERS_WITHIN_S).close()
    except ConnectionRefusedError:
        return True
    except (OSError, ValueError):
        return False
    return False


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def _beat_file(root: Path) -> Path:
    """Name the file of this machine's beats; several machines may share the folder."""
    return root / "run" / f"beat-{processes.boot_id()}"


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
