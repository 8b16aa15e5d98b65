"""What names a process beyond doubt: machine, boot, pid and start time. A reused pid is another process."""

from __future__ import annotations

import os
import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class ProcessIdentity:
    """One process of one machine.

    Attributes:
        boot_id: differs after each boot; empty where the system does not tell.
        start_ticks: when it started, in clock ticks since boot (proc(5), field 22 of stat).
    """

    pid: int
    boot_id: str
    start_ticks: int

    @classmethod
    def own(cls) -> ProcessIdentity:
        """Describe this process."""
        return cls(os.getpid(), boot_id(), start_ticks(os.getpid()) or 0)

    def is_running(self) -> bool:
        """Say whether this very process still runs on this machine."""
        return self.boot_id == boot_id() and start_ticks(self.pid) == self.start_ticks

    def to_json(self) -> dict[str, Any]:
        """Give the form for files: ``{"pid", "boot_id", "start_ticks"}``."""
        return asdict(self)


def owner_name(identity: ProcessIdentity) -> str:
    """Give the name under which a server process holds leases: ``host/boot/pid/ticks``."""
    return f"{socket.gethostname()[:120]}/{identity.boot_id}/{identity.pid}/{identity.start_ticks}"


def owner_is_gone(owner: str) -> bool:
    """Say whether the process behind an owner's name has certainly ended; False when it lies elsewhere."""
    host, _, rest = owner.partition("/")
    boot, _, process = rest.partition("/")
    pid, _, ticks = process.partition("/")
    if host != socket.gethostname()[:120] or not (boot and pid.isdigit() and ticks.isdigit()):
        return False
    return not ProcessIdentity(int(pid), boot, int(ticks)).is_running()


def boot_id() -> str:
    """Give the id of this boot of the machine, empty where there is none."""
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def start_ticks(pid: int) -> int | None:
    """Give when a process started, in clock ticks since boot; None when it does not run (a zombie does not)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])
