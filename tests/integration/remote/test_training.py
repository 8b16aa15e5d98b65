"""A real training on two machines: PyTorch over gloo, started by a real server, as the example's document asks."""

from __future__ import annotations

import re
import time

import pytest

from tests.support.processes import REPOSITORY
from tests.support.sites import Site
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

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
