"""Free ports, clean environments, and ending what a test started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.template import Forked

REPOSITORY = Path(__file__).resolve().parents[2]

_OWN_PREFIXES = ("LAPIS_", "MLFLOW_", "AZUREML_", "GIT_DIR", "GIT_WORK_TREE", "PYTEST_", "COVERAGE_")


def free_port() -> int:
    """Return a loopback TCP port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def clean_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment without settings that would steer Lapis or MLflow, plus `extra`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_OWN_PREFIXES)}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    kept.pop("COLUMNS", None)
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"} | extra


def end(process: subprocess.Popen[bytes] | Forked, grace: float = 10.0) -> None:
    """End `process` politely, then firmly, and reap it."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait()


def start_ticks(pid: int) -> int | None:
    """Return when `pid` started, in clock ticks since boot (proc(5), field 22), or None when it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[19])


def is_alive(pid: int) -> bool:
    """Say whether `pid` is a process that still runs (a zombie does not)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def kill_if_same(identity: Mapping[str, object] | None, group: bool = False) -> None:
    """Kill the process that a ``{"pid", "start_ticks"}`` record names, unless the pid has been reused."""
    signal_if_same(identity, signal.SIGKILL, group)


def signal_if_same(identity: Mapping[str, object] | None, number: int, group: bool = False) -> None:
    """Send a signal to the process that a record names, and with `group` to its process group when it leads one."""
    pid = (identity or {}).get("pid")
    if not isinstance(pid, int) or start_ticks(pid) != (identity or {}).get("start_ticks"):
        return
    with suppress(ProcessLookupError, PermissionError):
        if group and os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


def tail(path: Path, lines: int = 40) -> str:
    """Return the last `lines` lines of a text file, or a note that it is missing."""
    if not path.exists():
        return f"({path} does not exist)"
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])
