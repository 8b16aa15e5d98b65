"""What a machine has, and how much of it is free: processors, GPUs, memory, disk; standard library only.

GPUs are those of NVIDIA's driver, which lists them in ``/proc/driver/nvidia/gpus`` (its README, "/proc interface");
where containers hide that, ``nvidia-smi -L`` does.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from lapisml.runner.sampling import nvidia_smi

_DRIVER = Path("/proc/driver/nvidia/gpus")
_MEMORY = Path("/proc/meminfo")
_MEBI = 2**20
_TOOL_ANSWERS_WITHIN_S = 5.0
_TOOL_ASKED_AGAIN_S = 60.0
_LINE = re.compile(r"GPU \d+: (.+?)(?: \(UUID: .*)?$", re.MULTILINE)

_listed: tuple[float, list[str]] | None = None


def look(folder: Path | str) -> dict[str, Any]:
    """Say what this machine has, in the names of `NodeStanding`.

    Args:
        folder: the disk that is meant is the one that it lies on.
    """
    models = gpus()
    return {
        "cpus": os.cpu_count() or 1,
        "gpus": len(models),
        "gpu_kind": kinds(models),
        "memory_mb": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // _MEBI,
        "memory_free_mb": memory_free_mb(),
        "disk_free_mb": disk_free_mb(folder),
        "load": os.getloadavg()[0],
    }


def gpus(driver: Path = _DRIVER) -> list[str]:
    """Give the model of each GPU; none where there are none of NVIDIA's."""
    try:
        found = sorted(driver.iterdir())
    except OSError:
        return _told_by_tool()
    return [_model(folder / "information") for folder in found]


def kinds(models: list[str]) -> str:
    """Say which GPUs these are, each kind once: ``NVIDIA A100-SXM4-40GB, NVIDIA T4``."""
    return ", ".join(dict.fromkeys(models))


def memory_free_mb(file: Path = _MEMORY) -> int | None:
    """Give the memory that programs can have now without swapping, mebibytes; None where that is not known."""
    try:
        match = re.search(r"^MemAvailable:\s*(\d+) kB", file.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(match.group(1)) // 1024 if match else None


def disk_free_mb(folder: Path | str) -> int | None:
    """Give the space that is left where a folder is, or is to be, mebibytes; None where that is not known."""
    place = Path(folder).expanduser()
    for at in (place, *place.parents):
        try:
            found = os.statvfs(at)
        except FileNotFoundError:
            continue
        except OSError:
            return None
        return found.f_bavail * found.f_frsize // _MEBI
    return None


def listed_models(text: str) -> list[str]:
    """Read what ``nvidia-smi -L`` prints."""
    return _LINE.findall(text)


def _told_by_tool() -> list[str]:
    """Ask the tool, at most once a minute: it takes long on machines with many GPUs."""
    global _listed  # noqa: PLW0603 - what a machine has is the same for everybody who asks in this process
    now = time.monotonic()
    if _listed is not None and now < _listed[0] + _TOOL_ASKED_AGAIN_S:
        return _listed[1]
    tool, models = nvidia_smi(), []
    if tool is not None:
        try:
            done = subprocess.run(
                [tool, "-L"], capture_output=True, text=True, timeout=_TOOL_ANSWERS_WITHIN_S, check=False
            )
            models = listed_models(done.stdout) if done.returncode == 0 else []
        except (OSError, subprocess.TimeoutExpired):
            models = []
    _listed = (now, models)
    return models


def _model(file: Path) -> str:
    try:
        match = re.search(r"^Model:\s*(.+)$", file.read_text(), re.MULTILINE)
    except OSError:
        return "GPU"
    return match.group(1).strip() if match else "GPU"
