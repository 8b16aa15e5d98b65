"""A step of a pipeline whose machine is lost is started again elsewhere, as often as its document says."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.polling import eventually
from tests.support.sites import Site
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

WITHIN_S = 150
STEP = {"type": "command", "environment": {"image": "python"}, "compute": "azureml:lab"}


def test_a_step_on_two_machines_is_tried_again_when_one_comes_back(lab: Site, tmp_path: Path) -> None:
    """What ran on the other machine ends with the first job; the second has both."""
    gate = lab.server.home.parent / "both"
    meet = (
        f"echo on $(uname -n); while ! [ -e {gate} ]; do sleep 0.05; done; "
        'python -c \'import torch, torch.distributed as d; d.init_process_group("gloo"); t = torch.ones(1); '
        'd.all_reduce(t); print("sum", t.item())\''
    )
    spread = {
        "distribution": {"type": "pytorch", "process_count_per_instance": 1},
        "resources": {"instance_count": 2},
    }
    step = {**STEP, **spread, "command": meet, "retry_settings": {"max_retries": 1}}
    name = lab.submit(tmp_path, {"type": "pipeline", "jobs": {"train": step}})
    first = eventually(lambda: of(lab, name, "train", "Running"), 90, what="a running step")[0]["name"]
    eventually(lambda: said(lab, first, 0) and said(lab, first, 1), 60, what="both ranks")
    lost = said(lab, first, 1)[1]
    lab.kill(lost)
    began = time.monotonic()
    if lab.engine == "ssh":  # a cluster's own view is that it is gone, after a while
        lab.revive(lost)
    ended = eventually(lambda: of(lab, name, "train", "Failed"), WITHIN_S, what="the first job's end")[0]
    assert (ended["name"], ended["status_code"]) in [(first, "NodeLost"), (first, "MachineRestarted")]
    gone = time.monotonic() - began
    if lab.engine != "ssh":
        lab.revive(lost)
    second = eventually(lambda: of(lab, name, "train", "Running"), 90, what="the second job")[0]["name"]
    eventually(lambda: said(lab, second, 0) and said(lab, second, 1), 60, what="both ranks again")
    assert first not in lab.running()
    gate.touch()
    lab.api.wait(name, "Completed", timeout=WITHIN_S)
    for rank in (0, 1):
        assert "sum 2.0" in lab.api.log(second, f"user_logs/std_log_process_{rank}.txt").decode()
    assert {said(lab, second, 0)[1], said(lab, second, 1)[1]} == set(lab.names)
    print(f"{lab.engine}: the first job ended {gone:.1f} s after {lost} was lost, as {ended['status_code']}")


def test_a_step_whose_machine_is_lost_is_tried_again(lab: Site, tmp_path: Path) -> None:
    """Its first job ends with the reason, the second runs elsewhere, the step after it gets the second's output."""
    gate = lab.server.home.parent / "gate"
    command = f"echo on $(uname -n); while ! [ -e {gate} ]; do sleep 0.05; done; uname -n > ${{{{outputs.where}}}}/name"
    make = {**STEP, "command": command, "outputs": {"where": {"type": "uri_folder"}}}
    use = {**STEP, "command": "cat ${{inputs.where}}/name", "inputs": {"where": "${{parent.jobs.make.outputs.where}}"}}
    steps = {"make": {**make, "retry_settings": {"max_retries": 1}}, "use": use}
    name = lab.submit(tmp_path, {"type": "pipeline", "jobs": steps})
    first = eventually(lambda: of(lab, name, "make", "Running"), 90, what="a running step")[0]["name"]
    lost = eventually(lambda: lab.api.printed(first).split()[1:2], 30, what="its machine")[0].decode()
    lab.kill(lost)
    began = time.monotonic()
    if lab.engine == "ssh":  # nobody but a person knows that it will not come back
        lab.document["hosts"] = [host for host in lab.document["hosts"] if host["address"] != lab.address(lost)]
        lab.attach()
    gate.touch()
    lab.api.wait(name, "Completed", timeout=WITHIN_S)
    took = time.monotonic() - began
    ends = {one["name"]: (one["status"], one["status_code"]) for one in of(lab, name, "make")}
    assert ends.pop(first) == ("Failed", "NodeLost")
    assert list(ends.values()) == [("Completed", "Succeeded")]
    (other,) = set(lab.names) - {lost}
    assert lab.api.printed(of(lab, name, "use")[0]["name"]).split() == [other.encode()]
    print(f"{lab.engine}: completed {took:.1f} s after {lost} was lost")


def of(lab: Site, pipeline: str, step: str, *states: str) -> list[dict[str, Any]]:
    """Give the jobs of a step, in some state."""
    found = lab.api.call("GET", f"/jobs?parent={pipeline}&limit=100")[1]["value"]
    return [job for job in found if job["step"] == step and (not states or job["status"] in states)]


def said(lab: Site, job: str, rank: int) -> list[str]:
    """Give the words that a rank has printed so far; none while it has no log."""
    try:
        log = lab.api.log(job, f"user_logs/std_log_process_{rank}.txt").decode()
    except AssertionError:
        return []
    words = [line for line in log.splitlines() if not line.startswith("[lapis]")]
    return " ".join(words).split()
