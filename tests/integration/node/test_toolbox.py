"""What builds and object stores need is made on a node that has none of it, once, by the first job that needs it."""

from __future__ import annotations

import os
import re
import stat
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from lapisml.backends.compute.node import toolboxes
from lapisml.backends.compute.node.process import ProcessTransport
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.compute import EndReason
from lapisml.ports.launch import EnvironmentSpec
from lapisml.runner.toolbox import REQUIREMENTS
from lapisml.testing.compute_bench import Bench
from tests.support.nodes import NodeRig, bare_python

BUILDER = "lapisml.backends.environments.uv:UvEnvironmentBuilder"

FAKE_UV = """#!/bin/sh
# Stands for uv on a machine without a network: makes the environment of what this machine has.
case "$1 $2" in
"venv "*) for last; do :; done; exec {python} -I -m venv --without-pip "$last" ;;
"pip install")
  echo "Installed what was asked for"
  if test -e {root}/broken; then echo "error: No solution found"; exit 1; fi
  site=$(echo "${{4%/bin/python}}"/lib/python3.*/site-packages)
  echo "import sys; sys.path += {path}" > "$site/all.pth" ;;
esac
"""


@pytest.fixture
def node(rig: NodeRig, tmp_path: Path) -> Bench:
    """A node whose Python has nothing, with a uv that brings the packages of these tests' interpreter."""
    python = bare_python()
    if python is None:
        pytest.skip("this machine has no Python without packages")
    import yaml

    tools = tmp_path / "tools"
    tools.mkdir()
    site = [str(Path(yaml.__file__).parent.parent)]
    (tools / "uv").write_text(FAKE_UV.format(python=python, root=rig.root, path=site))
    (tools / "uv").chmod((tools / "uv").stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "PATH": f"{tools}:/usr/bin:/bin"}
    transport = ProcessTransport(str(rig.root), python, environment=environment)
    return Bench(lambda: rig.backend(transport=transport), rig.home, rig.root)


def environment(bench: Bench) -> EnvironmentSpec:
    root = str(bench.home / "environments")
    definition = {"name": "env", "requirements": [], "resolution": "compatible"}
    return EnvironmentSpec(definition, BUILDER, root, "k" * 16, {"root": root, "offline": False})


def test_the_first_job_makes_it_and_the_second_has_it(node: Bench) -> None:
    course = node.run("echo hello", timeout=90, environment=environment(node))
    assert course.last is not None
    assert course.exit.exit_code == 0, course.exit
    log = node.log(course.last.handle, "system_logs/environment.log")
    assert "Installing tools with uv" in log
    assert "Installed what was asked for" in log
    boxes = list((node.jobs / "toolbox").glob("*/bin/python"))
    assert len(boxes) == 1
    second = node.run("echo hello", timeout=90, environment=environment(node))
    assert second.last is not None
    assert "Installing tools" not in node.log(second.last.handle, "system_logs/environment.log")


def test_an_environment_is_built_on_the_node_once(rig: NodeRig, bench: Bench) -> None:
    """By the real uv, below the agent's folder; the second job finds it there."""
    root = str(rig.home / "environments")
    definition = {"name": "env", "requirements": [], "resolution": "compatible"}
    wanted = EnvironmentSpec(definition, BUILDER, root, "k" * 16, {"root": root, "offline": False})
    script = "python -c 'import sys; print(sys.prefix, sys.path)'"
    for _again in range(2):
        course = bench.run(script, timeout=90, environment=wanted)
        assert course.exit.exit_code == 0, course.exit
    ready = list((rig.root / "environments").glob("*/ready.json"))
    assert len(ready) == 1
    assert not Path(root).exists()


def test_the_toolbox_does_not_pass_for_the_interpreter_that_is_there(node: Bench) -> None:
    wanted = environment(node)
    host = replace(wanted, definition={**wanted.definition, "resolution": "host"})
    with pytest.raises(LapisError) as caught:
        node.submit("true", environment=host)
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    assert "interpreter:" in (caught.value.hint or "")


def test_a_job_that_needs_none_makes_none(node: Bench) -> None:
    assert node.run("echo hello").exit.exit_code == 0
    assert not (node.jobs / "toolbox").exists()


def test_what_can_not_be_made_ends_the_job_with_the_way_out(node: Bench) -> None:
    node.run("true")
    (node.jobs / "broken").touch()
    course = node.run("echo hello", environment=environment(node))
    assert course.exit.reason_code is EndReason.ENVIRONMENT
    assert "No solution found" in course.exit.reason
    assert "Install uv on the node, or name by `interpreter:`" in course.exit.reason
    assert not list((node.jobs / "toolbox").glob("*/bin"))


def test_an_interpreter_that_has_the_packages_is_its_own_toolbox(tmp_path: Path) -> None:
    assert toolboxes.interpreter(tmp_path, ["environment"]) is None
    assert not (tmp_path / "toolbox").exists()
    missing = toolboxes.interpreter(tmp_path, ["gs"])
    assert missing is not None
    wanted = (Path(missing).parent.parent / REQUIREMENTS).read_text()
    assert wanted == "fsspec>=2024.6\ngcsfs>=2024.6\n"


def test_a_specification_says_what_its_helpers_need(node: Bench) -> None:
    spec = node.spec("true", environment=environment(node))
    store = replace(spec.artifacts, location={"protocol": "s3", "path": "b/x", "options": {}, "root": None})
    assert toolboxes.needs(spec) == ["environment"]
    assert toolboxes.needs(replace(spec, artifacts=store, environment=None)) == ["s3"]
    assert toolboxes.needs(node.spec("true")) == []


def test_the_versions_are_those_of_the_package_itself() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    declared = [
        *project["dependencies"],
        *(line for extra in project["optional-dependencies"].values() for line in extra),
    ]
    ours = {line for packages in toolboxes.PACKAGES.values() for line in packages.values()}
    theirs = {re.split(r"[<>=\[]", line)[0]: line for line in declared}
    for line in ours:
        name = re.split(r"[<>=]", line)[0]
        assert theirs.get(name, line) == line
