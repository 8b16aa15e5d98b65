"""Sweeps over two attached machines, through a real server: where trials run, which is best, who is ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.sweeps.trials import LOG, parameters
from tests.support.polling import eventually
from tests.support.sites import Site
from tests.support.whole import only_in_a_whole_run

pytestmark = [pytest.mark.slow, only_in_a_whole_run]

WAIT = """
import socket
print("on", socket.gethostname(), flush=True)
value, gate = float(sys.argv[1]), sys.argv[2]
def wait():
    while not os.path.exists(gate):
        time.sleep(0.05)
"""
GRID = {"x": {"type": "choice", "values": [0.1, 0.9, 0.3, 0.5]}}
FOUR = {"max_total_trials": 4, "max_concurrent_trials": 4}
Start = Callable[..., str]


@pytest.fixture
def gate(lab: Site) -> Path:
    """A file that trials wait for; machines have the server's ``/tmp``."""
    made = lab.server.home.parent / "gate"
    made.unlink(missing_ok=True)
    return made


@pytest.fixture
def start(lab: Site, tmp_path: Path, gate: Path) -> Start:
    """Submits a sweep with the command, its code in a folder beside the document."""

    def start(body: str, **keys: Any) -> str:
        (tmp_path / "src").mkdir()
        (tmp_path / "src" / "trial.py").write_text(LOG + WAIT + body)
        command = f"python trial.py ${{{{search_space.x}}}} {gate}"
        document = {
            "type": "sweep",
            "trial": {"code": "./src", "command": command, "environment": {"image": "python"}},
            "compute": "azureml:lab",
            "search_space": GRID,
            "sampling_algorithm": "grid",
            "objective": {"goal": "maximize", "primary_metric": "accuracy"},
            "limits": FOUR,
            **keys,
        }
        return lab.submit(tmp_path, document)

    return start


def running(lab: Site, name: str, count: int) -> list[dict[str, Any]]:
    """Wait until so many trials run; give them."""

    def look() -> list[dict[str, Any]] | None:
        found = [trial for trial in lab.api.trials(name) if trial["status"] == "Running"]
        return found if len(found) == count else None

    return eventually(look, 120, what=f"{count} running trials of {name}")


def machine_of(lab: Site, trial: str) -> str:
    """Give the host name that a trial printed."""

    def look() -> str | None:
        words = lab.api.printed(trial).split()
        return words[1].decode() if len(words) > 1 else None

    return eventually(look, 30, what=f"the machine of {trial}")


def test_trials_use_both_machines_and_the_best_is_found(lab: Site, start: Start, gate: Path) -> None:
    """On Slurm they are one array; the rest is as on this machine."""
    began = time.monotonic()
    name = start('open("outputs/made.txt", "w").write(sys.argv[1])\nwait()\nlog("accuracy", value)')
    trials = running(lab, name, 4)
    took = time.monotonic() - began
    assert {machine_of(lab, trial["name"]) for trial in trials} == set(lab.names)
    if lab.slurm:
        numbers = lab.slurm.run("squeue", "-h", "-r", "-o", "%F %a %T").split("\n")
        arrays = {line.split()[0] for line in numbers if line.strip()}
        assert len(arrays) == 1, numbers
    gate.touch()
    job = lab.api.wait(name, "Completed", timeout=120)
    best = next(trial for trial in trials if parameters(trial)["x"] == 0.9)
    assert job["properties"]["best_child_run_id"] == best["name"]
    assert float(job["properties"]["score"]) == 0.9
    assert lab.api.run(best["name"])["metrics"]["accuracy"] == 0.9
    assert lab.api.run(best["name"])["params"] == {"x": "0.9"}
    outputs = {o["name"]: o["uri"] for o in lab.api.call("GET", f"/jobs/{name}/outputs")[1]["value"]}
    assert best["name"] in outputs["artifacts"]
    print(f"{lab.engine}: four trials ran after {took:.1f} s, the sweep took {time.monotonic() - began:.1f} s")


def test_a_policy_ends_the_trials_that_are_behind(lab: Site, start: Start, gate: Path) -> None:
    """Metrics reach the server while trials run; those of both machines are compared."""
    body = """
for step in range(1, 4):
    log("accuracy", value * step, step)
if value < 0.9:
    wait()
"""
    space = {"x": {"type": "choice", "values": [0.9, 0.3, 0.89]}}
    policy = {"type": "bandit", "slack_factor": 0.2, "evaluation_interval": 1, "delay_evaluation": 2}
    limits = {"max_total_trials": 3, "max_concurrent_trials": 3}
    name = start(body, search_space=space, early_termination=policy, limits=limits)

    def stopped() -> dict[str, Any] | None:
        return next((trial for trial in lab.api.trials(name) if trial["status"] == "Canceled"), None)

    trial = eventually(stopped, 90, what="a stopped trial")
    gate.touch()
    assert (parameters(trial)["x"], trial["status_code"]) == (0.3, "EarlyTerminated")
    job = lab.api.wait(name, "Completed", timeout=90)
    assert "1 stopped early" in job["status_reason"]
    assert [one["status"] for one in lab.api.trials(name)] == ["Completed", "Canceled", "Completed"]


def test_a_cancel_ends_trials_on_both_machines(lab: Site, start: Start) -> None:
    """Those that run and, on what has a queue of its own, those that wait there."""
    many = {"x": {"type": "choice", "values": [number / 100 for number in range(12)]}}
    name = start("wait()", search_space=many, limits={"max_total_trials": 12, "max_concurrent_trials": 12})
    running(lab, name, 4)
    lab.api.call("POST", f"/jobs/{name}/cancel")
    lab.api.wait(name, "Canceled", timeout=90)
    assert {trial["status"] for trial in lab.api.trials(name)} == {"Canceled"}
    if lab.slurm:
        eventually(lambda: not lab.slurm.run("squeue", "-h").strip(), 30, what="an empty queue")
