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


def test_a_step_whose_machine_is_lost_is_tried_again(lab: Site, tmp_path: Path) -> None:
    """Its first job ends with the reason, the second runs elsewhere, the step after it gets the second's output."""
    gate = lab.server.home.parent / "gate"
    command = f"echo on $(uname -n); while ! [ -e {gate} ]; do sleep 0.05; done; uname -n > ${{{{outputs.where}}}}/name"
    step = {"type": "command", "environment": {"image": "python"}, "compute": "azureml:lab"}
    document = {
        "type": "pipeline",
        "jobs": {
            "make": {
                **step,
                "command": command,
                "outputs": {"where": {"type": "uri_folder"}},
                "retry_settings": {"max_retries": 1},
            },
            "use": {
                **step,
                "command": "cat ${{inputs.where}}/name",
                "inputs": {"where": "${{parent.jobs.make.outputs.where}}"},
            },
        },
    }
    name = lab.submit(tmp_path, document)
    first = eventually(lambda: of(lab, name, "make", "Running"), 90, what="a running step")[0]["name"]
    lost = eventually(lambda: lab.api.printed(first).split()[1:2], 30, what="its machine")[0].decode()
    lab.kill(lost)
    began = time.monotonic()
    if lab.engine == "ssh":  # nobody but a person knows that it will not come back
        lab.document["hosts"] = [host for host in lab.document["hosts"] if host["address"] != lab.address(lost)]
        lab.attach()
    gate.touch()
    job = lab.api.wait(name, "Completed", timeout=WITHIN_S)
    took = time.monotonic() - began
    ends = {one["name"]: (one["status"], one["status_code"]) for one in of(lab, name, "make")}
    assert ends.pop(first) == ("Failed", "NodeLost")
    assert list(ends.values()) == [("Completed", "Succeeded")]
    (other,) = set(lab.names) - {lost}
    assert lab.api.printed(of(lab, name, "use")[0]["name"]).split() == [other.encode()]
    assert "make" not in job["status_reason"]
    print(f"{lab.engine}: completed {took:.1f} s after {lost} was lost")


def of(lab: Site, pipeline: str, step: str, *states: str) -> list[dict[str, Any]]:
    """Give the jobs of a step, in some state."""
    found = lab.api.call("GET", f"/jobs?parent={pipeline}&limit=100")[1]["value"]
    return [job for job in found if job["step"] == step and (not states or job["status"] in states)]
