"""System metrics: of processes from /proc, of GPUs from the tool's lines."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

from lapisml.runner import layout
from lapisml.runner.sampling import GpuFeed, Sampler


def test_a_sample_adds_up_the_processes(tmp_path: Path) -> None:
    burn = (
        "import time; x = bytearray(40_000_000); end = time.time() + 60\n"
        "print('up', flush=True)\nwhile time.time() < end: pass"
    )
    with subprocess.Popen([sys.executable, "-c", burn], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        sampler = Sampler(str(tmp_path))
        sampler.sample([], {})
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            os.sched_yield()
        sampler.sample([process.pid, 2**22 - 1], {"system/gpu_0_utilization_percentage": 7.0})
        process.kill()
    first, second = (json.loads(line) for line in (tmp_path / layout.SYSTEM_METRICS).read_text().splitlines())
    assert first["values"]["system/system_memory_usage_megabytes"] == 0
    assert second["values"]["system/system_memory_usage_megabytes"] > 40
    assert 0 < second["values"]["system/cpu_utilization_percentage"] <= 100
    assert second["values"]["system/gpu_0_utilization_percentage"] == 7.0
    assert second["at"] >= first["at"]


def test_gpu_values_are_read_from_the_tool(tmp_path: Path) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(
        '#!/bin/sh\necho "$@" > "$0.args"\n'
        'printf "0, 45, 1024, 4096, 250.5\\n1, [N/A], 0, 0, [N/A]\\nrubbish\\n"\nexec sleep 60\n'
    )
    tool.chmod(0o700)
    feed = GpuFeed(str(tool), "0,1", str(tmp_path / "log"))
    assert feed.fd is not None
    poll = select.poll()
    poll.register(feed.fd, select.POLLIN)
    assert poll.poll(10_000)
    feed.read()
    feed.stop()
    assert feed.values == {
        "system/gpu_0_utilization_percentage": 45.0,
        "system/gpu_0_memory_usage_megabytes": 1024.0,
        "system/gpu_0_memory_usage_percentage": 25.0,
        "system/gpu_0_power_usage_watts": 250.5,
        "system/gpu_1_memory_usage_megabytes": 0.0,
    }
    assert "--id=0,1" in Path(f"{tool}.args").read_text()
    assert (feed.pid, feed.fd) == (None, None)


def test_a_job_that_may_see_no_gpu_starts_no_tool(tmp_path: Path) -> None:
    for tool, visible in ((None, None), ("/bin/false", "")):
        assert GpuFeed(tool, visible, str(tmp_path / "log")).pid is None


def test_a_tool_that_fails_is_given_up(tmp_path: Path) -> None:
    feed = GpuFeed("/bin/false", None, str(tmp_path / "log"))
    feed.read()
    assert (feed.pid, feed.fd, feed.values) == (None, None, {})
