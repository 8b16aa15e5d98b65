"""How often the kernel has killed a process for lack of memory, where the kernel tells."""

from __future__ import annotations

import os


def kill_count() -> int | None:
    """Return the count of our control group (cgroup v2 ``memory.events``), else of the machine; None if unknown."""
    for path, key in ((_events_path(), b"oom_kill"), ("/proc/vmstat", b"oom_kill")):
        count = _read(path, key)
        if count is not None:
            return count
    return None


def _events_path() -> str:
    try:
        with open("/proc/self/cgroup", "rb") as file:
            groups = file.read().decode().splitlines()
    except OSError:
        return ""
    own = next((line[3:] for line in groups if line.startswith("0::")), "")
    return os.path.join("/sys/fs/cgroup", own.lstrip("/"), "memory.events")


def _read(path: str, key: bytes) -> int | None:
    try:
        with open(path, "rb") as file:
            for line in file:
                name, _, value = line.partition(b" ")
                if name == key:
                    return int(value)
    except (OSError, ValueError):
        return None
    return None
