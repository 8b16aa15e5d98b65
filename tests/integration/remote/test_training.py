"""A real training on two machines: PyTorch over gloo, started by a real server, as the example's document asks."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.support.polling import eventually
from tests.support.processes import REPOSITORY
from tests.support.sites import Site
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

MEET = """
import os, socket, sys, time
import torch
import torch.distributed as dist

dist.init_process_group("gloo")
total, step = torch.ones(1), 0
print("up on", socket.gethostname(), flush=True)
while True:
    go = torch.tensor([float(os.path.exists(sys.argv[1]))])
    dist.all_reduce(go)
    step += 1
    if go.item():
        break
    time.sleep(0.05)
dist.all_reduce(total)
print("sum", total.item(), flush=True)
"""
EXAMPLE = REPOSITORY / "examples" / "train-on-two-machines"


def test_two_machines_train_one_model(lab: Site) -> None:
    """Both ranks all-reduce, and say so in the job's logs; metrics are the run's, the model is registered."""
    began = time.monotonic()
    name = lab.lapis("job", "create", "-f", "job.yml", "--query", "name", "-o", "tsv", cwd=EXAMPLE).strip()
    job = lab.api.wait(name, "Completed", timeout=240)
    took = time.monotonic() - began
    said = [lab.api.log(name, f"user_logs/std_log_process_{rank}.txt").decode() for rank in (0, 1)]
    machines = []
    for rank, log in enumerate(said):
        found = re.search(rf"^rank {rank} of 2 on (\S+); all: (\S+), (\S+)$", log, re.MULTILINE)
        assert found, log
        machines.append(found[1])
        assert sorted(found.group(2, 3)) == sorted(lab.names)
        assert f"rank {rank}: the model is the same everywhere: True" in log
        assert f"epoch 9: rank {rank} saw 674 images" in log
    assert sorted(machines) == sorted(lab.names)
    losses = [re.findall(r"loss of all (\S+)", log) for log in said]
    assert losses[0] == losses[1]
    run = lab.api.run(name)
    assert run["metrics"]["accuracy"] > 0.9
    assert run["params"]["world_size"] == "2"
    model = lab.api.call("GET", "/models/digits/versions/1")
    assert model[0] == 200, model
    assert "status_reason" in job
    print(f"{lab.engine}: {took:.1f} s, accuracy {run['metrics']['accuracy']:.3f}, machines {machines}")


def test_a_killed_server_finds_both_ranks_again(lab: Site, tmp_path: Path) -> None:
    """They go on all-reducing meanwhile; nothing is started twice, and the ending is the job's."""
    gate = lab.server.home.parent / "gate"
    name = started(lab, tmp_path, gate)
    lab.server.kill9()
    lab.server.start()
    gate.touch()
    lab.api.wait(name, "Completed", timeout=120)
    for rank in (0, 1):
        log = lab.api.log(name, f"user_logs/std_log_process_{rank}.txt").decode()
        assert (log.count("up on"), log.count("sum 2.0")) == (1, 1), log


def test_a_cancel_ends_both_ranks(lab: Site, tmp_path: Path) -> None:
    """On both machines."""
    gate = lab.server.home.parent / "never"
    name = started(lab, tmp_path, gate)
    assert str(gate) in lab.running()
    lab.lapis("job", "cancel", "-n", name)
    lab.api.wait(name, "Canceled", timeout=90)
    eventually(lambda: str(gate) not in lab.running(), 30, what="no rank on any machine")


def started(lab: Site, folder: Path, gate: Path) -> str:
    """Submit two ranks that all-reduce until a file is there; give the job's name once both do."""
    gate.unlink(missing_ok=True)
    (folder / "src").mkdir()
    (folder / "src" / "meet.py").write_text(MEET)
    document = {
        "type": "command",
        "code": "./src",
        "command": f"python meet.py {gate}",
        "environment": {"image": "python"},
        "compute": "azureml:lab",
        "distribution": {"type": "pytorch", "process_count_per_instance": 1},
        "resources": {"instance_count": 2},
    }
    name = lab.submit(folder, document)
    lab.api.wait(name, "Running", timeout=90)

    def machines() -> bool:
        logs = [lab.api.log(name, f"user_logs/std_log_process_{rank}.txt").decode() for rank in (0, 1)]
        return all(f"up on {machine}" in "".join(logs) for machine in lab.names)

    eventually(machines, 60, what="both ranks in one group")
    return name
