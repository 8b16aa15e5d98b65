"""A Ray of the job's own, on one machine and on two; a stand-in for ``ray`` where only the course matters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lapisml.ports.compute import EndReason, Outcome
from lapisml.ports.launch import DistributionSpec
from lapisml.testing.compute_bench import Bench
from tests.support.parted_machines import Machines
from tests.support.server import end_everything

RAY = DistributionSpec("ray", ray={"head_node_additional_args": "--labels 'a b; touch bad'"})
STAND_IN = """#!/usr/bin/env python3
import os, socket, sys, time
print("ray", *sys.argv[1:], sep="|", flush=True)
options = dict(word.partition("=")[::2] for word in sys.argv)
if "--head" in sys.argv:
    server = socket.create_server((options["--node-ip-address"], int(options["--port"])))
time.sleep(600)
"""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A pool of two machines; whatever runs there is ended afterwards."""
    yield Bench(lambda: Machines(tmp_path), tmp_path)
    for home in tmp_path.glob("node*"):
        end_everything(home)


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    """Variables under which ``ray`` is a program that only listens and waits."""
    program = tmp_path / "bin" / "ray"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@pytest.mark.parametrize("nodes", [1, 2])
def test_the_command_finds_a_ray_that_ends_with_it(bench: Bench, stand_in: dict[str, str], nodes: int) -> None:
    handle = bench.submit(
        "echo at $RAY_ADDRESS; exit 3", distribution=RAY, node_count=nodes, environment_variables=stand_in
    )
    course = bench.follow(handle)
    assert course.exit.exit_code == 3
    assert "at 127.0.0.1:" in bench.log(handle)
    head = bench.log(handle, "system_logs/ray.log")
    assert "|--head|" in head
    assert "|--labels|a b; touch bad" in head
    if nodes > 1:
        joined = bench.log(handle, "system_logs/node_1/ray.log")
        assert not joined or "--address=127.0.0.1:" in joined


def test_a_command_that_is_quicker_than_the_other_machines_succeeds(bench: Bench, stand_in: dict[str, str]) -> None:
    course = bench.run("true", distribution=RAY, node_count=2, environment_variables=stand_in)
    assert course.exit.outcome is Outcome.COMPLETED


def test_other_machines_stay_until_the_command_has_ended(bench: Bench, stand_in: dict[str, str]) -> None:
    command = "while ! [ -e go ]; do sleep 0.05; done; echo done"
    handle = bench.submit(command, distribution=RAY, node_count=2, environment_variables=stand_in)
    bench.wait(lambda: "--address" in bench.log(handle, "system_logs/node_1/ray.log"))
    (bench.home / "node0" / "runs" / handle.workspace / handle.job / "work" / "go").touch()
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED


def test_an_environment_without_ray_is_told_how_to_add_it(bench: Bench) -> None:
    course = bench.run("true", distribution=RAY, environment_variables={"PATH": "/nowhere"})
    assert course.exit.reason_code is EndReason.COMMAND
    assert "ray[default]" in course.exit.reason


def test_the_address_of_a_cluster_is_handed_on(bench: Bench) -> None:
    given = {"LAPIS_RAY_ADDRESS": "10.0.0.1:6379"}
    handle = bench.submit("echo at $RAY_ADDRESS", distribution=RAY, environment_variables=given)
    assert bench.follow(handle).exit.outcome is Outcome.COMPLETED
    assert bench.log(handle) == "at 10.0.0.1:6379\n"


def test_cancel_ends_ray_too(bench: Bench, stand_in: dict[str, str]) -> None:
    handle = bench.running("echo up; sleep 600", distribution=RAY, environment_variables=stand_in)
    bench.backend.cancel(handle, grace_s=1)
    assert bench.follow(handle).exit.outcome is Outcome.CANCELED


@pytest.mark.slow
def test_a_script_is_connected(bench: Bench, python_with: Callable[[str], str]) -> None:
    """With a real Ray: tasks run."""
    python = python_with("ray")
    script = "import ray; ray.init(); print(sum(ray.get([ray.remote(lambda n: n).remote(n) for n in range(4)])))"
    path = {"PATH": f"{Path(python).parent}:{os.environ['PATH']}"}
    handle = bench.submit(f"{python} -c '{script}'", distribution=DistributionSpec("ray"), environment_variables=path)
    course = bench.follow(handle, timeout=180)
    assert course.exit.outcome is Outcome.COMPLETED, course.exit
    assert "6" in bench.log(handle).splitlines()
