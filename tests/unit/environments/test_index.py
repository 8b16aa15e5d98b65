"""Builds from the package index that uv is configured to use, and through the launch helper's own way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.backends.environments.uv.process import Uv
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import EnvironmentDefinition, Resolution
from tests.support.polling import eventually


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where the index cannot be reached."""
    wanted = tmp_path_factory.mktemp("probe") / "wanted.in"
    wanted.write_text("six\n")
    if Uv().run(["pip", "compile", "--quiet", str(wanted)]).code:
        pytest.skip("the package index cannot be reached from here")


@pytest.mark.usefixtures("index")
def test_a_conda_file_is_built_and_used_again_offline(make_builder: Callable[..., UvEnvironmentBuilder]) -> None:
    python = f"python={sys.version_info[0]}.{sys.version_info[1]}"
    conda = {"channels": ["conda-forge"], "dependencies": [python, "six=1.16", {"pip": ["tomli==2.0.1"]}]}
    definition = EnvironmentDefinition(name="small", conda=conda)
    built = make_builder().build(definition, lambda _: None)
    code = "import six, tomli, setuptools; print(six.__version__)"
    done = subprocess.run([built.python, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "1.16.0", done.stderr
    assert built.warnings == ()
    assert make_builder(offline=True).build(definition, lambda _: None) == built


@pytest.mark.usefixtures("index")
def test_exact_refuses_a_version_that_was_never_published(builder: UvEnvironmentBuilder) -> None:
    with pytest.raises(LapisError, match="six==99") as caught:
        builder.build(EnvironmentDefinition(requirements=("six==99",)), lambda _: None)
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
    assert "six==1." in (caught.value.hint or "")


@pytest.mark.usefixtures("index")
def test_compatible_takes_the_nearest_published_version(builder: UvEnvironmentBuilder) -> None:
    definition = EnvironmentDefinition(requirements=("six==1.15.99",), resolution=Resolution.COMPATIBLE)
    built = builder.build(definition, lambda _: None)
    assert "six==1.1" in built.lock.read_text()
    assert len(built.warnings) == 1


@pytest.mark.usefixtures("index")
def test_the_log_can_be_read_while_a_build_runs(builder: UvEnvironmentBuilder, tmp_path: Path) -> None:
    definition = EnvironmentDefinition(requirements=("six==1.16.0",))
    log = tmp_path / "environments" / builder.key(definition) / "build.log"
    seen: list[str] = []

    def look(line: str) -> None:
        assert eventually(lambda: line in log.read_text().splitlines())
        seen.append(line)

    built = builder.build(definition, look)
    assert len(seen) > 3
    assert json.loads((log.parent / "ready.json").read_text())["key"] == built.key
