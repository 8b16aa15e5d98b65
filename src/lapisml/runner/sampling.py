"""System metrics of a job's processes, read from ``/proc`` every few seconds, and from ``nvidia-smi``.

CPU and memory are those of the job's own process tree; a GPU's are the device's, for its counters do not tell
processes apart. Names follow MLflow's.
"""

from __future__ import annotations

import os
import time
from typing import Any

from lapisml.runner import durable, layout, processes, tools
from lapisml.runner.journal import now_ms

FIRST_AFTER_S = 1.0
"""Seconds from the command's start to the first sample."""

_EVERY_S = 5.0
_AT_MOST_EVERY_S = 60.0
_GPU_FIELDS = "index,utilization.gpu,memory.used,memory.total,power.draw"


class Sampler:
    """Writes ``system_metrics.jsonl``; the interval grows from 5 s to 60 s as a job gets old.

    Args:
        folder: the job's folder.
    """

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, layout.SYSTEM_METRICS)
        self._ticks_per_s = os.sysconf("SC_CLK_TCK")
        self._page_mb = os.sysconf("SC_PAGE_SIZE") / 1e6
        self._cpus = len(os.sched_getaffinity(0))
        self._memory_mb = os.sysconf("SC_PHYS_PAGES") * self._page_mb
        self._begun = time.monotonic()
        self._before = (self._begun, 0)
        self.due = self._begun + FIRST_AFTER_S

    def sample(self, pids: list[int], gpus: dict[str, float]) -> None:
        """Take and write one sample.

        Args:
            pids: the job's processes.
            gpus: the latest values of `GpuFeed`.
        """
        now = time.monotonic()
        ticks, pages = _totals(pids)
        elapsed = max(now - self._before[0], 1e-3)
        used = max(0, ticks - self._before[1]) / self._ticks_per_s
        self._before = (now, max(ticks, self._before[1]))
        memory = pages * self._page_mb
        values = {
            "system/cpu_utilization_percentage": round(min(100.0, 100 * used / elapsed / self._cpus), 2),
            "system/system_memory_usage_megabytes": round(memory, 2),
            "system/system_memory_usage_percentage": round(100 * memory / self._memory_mb, 2),
            **gpus,
        }
        durable.append_line(self._path, {"at": now_ms(), "values": values})
        self.due = now + min(_AT_MOST_EVERY_S, max(_EVERY_S, (now - self._begun) / 500))


class GpuFeed:
    """The GPUs' values, from one ``nvidia-smi`` that repeats itself; nothing where there is no such GPU.

    Args:
        tool: path of ``nvidia-smi``, None where there is none.
        visible: the job's ``CUDA_VISIBLE_DEVICES``; only these devices are asked for.
        log: file that takes the tool's complaints.
    """

    def __init__(self, tool: str | None, visible: str | None, log: str) -> None:
        self.values: dict[str, float] = {}
        self.pid: int | None = None
        self.fd: int | None = None
        self._rest = b""
        if tool is not None and visible != "":
            self._start(tool, visible, log)

    def read(self) -> None:
        """Take in what the tool has written; called when `fd` is readable."""
        assert self.fd is not None
        data = os.read(self.fd, 65536)
        if not data:
            self.stop()
            return
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line.decode(errors="replace"))

    def stop(self) -> None:
        """End the tool."""
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
        if self.pid is not None:
            processes.send([self.pid], 9)
            os.waitpid(self.pid, 0)
            self.pid = None

    def _start(self, tool: str, visible: str | None, log: str) -> None:
        argv = [tool, f"--query-gpu={_GPU_FIELDS}", "--format=csv,noheader,nounits", f"-l{int(_EVERY_S)}"]
        if visible:
            argv.append(f"--id={visible}")
        reading, writing = os.pipe()
        actions: list[Any] = [
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_OPEN, 2, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
        ]
        self.pid = os.posix_spawn(tool, argv, tools.plain_environment(), file_actions=actions, setsid=True)
        os.close(writing)
        self.fd = reading

    def _take(self, line: str) -> None:
        fields = [field.strip() for field in line.split(",")]
        if len(fields) != 5:
            return
        index, used, total = fields[0], _number(fields[2]), _number(fields[3])
        known = {
            "utilization_percentage": _number(fields[1]),
            "memory_usage_megabytes": used,
            "memory_usage_percentage": round(100 * used / total, 2) if used is not None and total else None,
            "power_usage_watts": _number(fields[4]),
        }
        self.values.update({f"system/gpu_{index}_{k}": v for k, v in known.items() if v is not None})


def nvidia_smi() -> str | None:
    """Return the path of ``nvidia-smi`` on a machine that has such a GPU."""
    if not os.path.exists("/dev/nvidiactl"):
        return None
    for folder in os.environ.get("PATH", os.defpath).split(os.pathsep):
        path = os.path.join(folder, "nvidia-smi")
        if os.access(path, os.X_OK):
            return path
    return None


def _totals(pids: list[int]) -> tuple[int, int]:
    ticks = pages = 0
    for pid in pids:
        found = processes.cpu_ticks(pid)
        if found is not None:
            ticks += found[0]
            pages += found[1]
    return ticks, pages


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
