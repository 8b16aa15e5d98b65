"""`distribution: ray` on attached machines: the script is connected to a Ray whose nodes are those machines."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.support.polling import eventually
from tests.support.sites import Site
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

SCRIPT = """
import os, socket, time
import ray

ray.init(log_to_driver=False)
print("connected to", os.environ["RAY_ADDRESS"], flush=True)
deadline = time.monotonic() + 90

def workers():
    return [node["NodeID"] for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU")]

while len(workers()) < 2:
    assert time.monotonic() < deadline, ray.nodes()
    time.sleep(0.1)

@ray.remote(num_cpus=1)
def square(number):
    return socket.gethostname(), number * number

on = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
there = [on(node, soft=False) for node in workers()]
done = ray.get([square.options(scheduling_strategy=there[n % 2]).remote(n) for n in range(6)])
print("squares", [value for _name, value in done], "on", *sorted({name for name, _value in done}), flush=True)
"""


def test_tasks_run_on_both_machines(lab: Site, tmp_path: Path) -> None:
    """On a cluster of Ray's it is that cluster; elsewhere one of the job's own, which ends with it."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main.py").write_text(SCRIPT)
    document = {
        "type": "command",
        "code": "./src",
        "command": "python main.py",
        "environment": {"image": "python"},
        "compute": "azureml:lab",
        "distribution": {"type": "ray"},
        "resources": {"instance_count": 2},
    }
    began = time.monotonic()
    name = lab.submit(tmp_path, document)
    lab.api.wait(name, "Completed", timeout=200)
    took = time.monotonic() - began
    said = lab.api.printed(name).decode()
    found = re.search(r"^squares \[0, 1, 4, 9, 16, 25\] on (\S+) (\S+)$", said, re.MULTILINE)
    assert found, said
    assert sorted(found.groups()) == sorted(lab.names)
    address = re.search(r"connected to (\S+)", said)
    assert address, said
    if lab.ray:
        assert address[1].endswith(f":{lab.ray.port}")
    else:
        eventually(lambda: "raylet" not in lab.running(), 20, what="no Ray of the job's")
    print(f"{lab.engine}: {took:.1f} s, {address[1]}")
