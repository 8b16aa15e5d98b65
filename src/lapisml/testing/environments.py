"""The suite that every `EnvironmentBuilder` passes.

A backend's test is a subclass that says how to make the builder, in this process and by its import string in
another one, and which definitions to use::

    class TestMine(EnvironmentBuilderSuite):
        target = "mypackage:MyBuilder"

        @pytest.fixture
        def options(self, tmp_path): return {"root": str(tmp_path / "environments")}

        @pytest.fixture
        def definition(self): return EnvironmentDefinition(requirements=("six==1.16.0",))

        @pytest.fixture
        def unresolvable(self): return EnvironmentDefinition(requirements=("six==99",))

        probe = "import six; assert six.__version__ == '1.16.0'"
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import (
    BUILD_LOG_FILE,
    READY_FILE,
    BuiltEnvironment,
    EnvironmentBuilder,
    EnvironmentDefinition,
)
from lapisml.runner.overlay import overlay

_STEPPED_BUILD = """
import json, sys
from importlib import import_module
from lapisml.ports.environments import EnvironmentDefinition
asked = json.loads(sys.stdin.readline())
module, _, name = asked["target"].partition(":")
def say(line):
    print(line, flush=True)
    if asked["stepwise"] and not sys.stdin.readline():
        sys.exit(3)
builder = getattr(import_module(module), name)(**asked["options"])
built = builder.build(EnvironmentDefinition.from_json(asked["definition"]), say)
print("BUILT " + json.dumps(built.to_json()), flush=True)
"""
_REUSE_LIMIT_S = 0.05


class BuildingProcess:
    """A builder in a process of its own, which can be killed.

    Args:
        target: the builder's import string.
        options: its keyword arguments.
        definition: what it builds.
        stepwise: it waits for `step` after each line of its log.
    """

    def __init__(
        self, target: str, options: dict[str, Any], definition: EnvironmentDefinition, stepwise: bool = False
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", _STEPPED_BUILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        asked = {"target": target, "options": options, "definition": definition.to_json(), "stepwise": stepwise}
        self._tell(json.dumps(asked))

    def line(self) -> str | None:
        """Return the next line of the log, ``BUILT …`` at the end; None when the process has ended."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n") or None

    def step(self) -> None:
        """Let a stepwise builder go on to its next line."""
        self._tell("")

    def rest(self) -> tuple[list[str], BuiltEnvironment | None]:
        """Return the remaining lines, and the environment if it was built."""
        lines = list(iter(self.line, None))
        built = [json.loads(x.removeprefix("BUILT ")) for x in lines if x.startswith("BUILT ")]
        return [x for x in lines if not x.startswith("BUILT ")], BuiltEnvironment.from_json(built[0]) if built else None

    def kill(self) -> None:
        """End it as the kernel would, and reap it."""
        self.process.kill()
        self.process.wait()

    def _tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()


class EnvironmentBuilderSuite:
    """Tests of the promises in `lapisml.ports.environments`."""

    target: ClassVar[str]
    """Import string of the builder's class."""
    probe: ClassVar[str]
    """Python code that runs in the built environment and in no bare one."""

    @pytest.fixture
    def options(self, tmp_path: Path) -> dict[str, Any]:
        """Keyword arguments of the builder, plain JSON values; a fresh root for every test."""
        raise NotImplementedError

    @pytest.fixture
    def definition(self) -> EnvironmentDefinition:
        """Something that can be built, quickly."""
        raise NotImplementedError

    @pytest.fixture
    def unresolvable(self) -> EnvironmentDefinition:
        """Something that nobody can build."""
        raise NotImplementedError

    @pytest.fixture
    def builder(self, options: dict[str, Any]) -> EnvironmentBuilder:
        """A builder in this process."""
        return self.make(options)

    @pytest.fixture
    def start(self, options: dict[str, Any]) -> Iterator[Callable[..., BuildingProcess]]:
        """Start builders in processes of their own; whatever still runs at the end is killed."""
        started: list[BuildingProcess] = []

        def start(definition: EnvironmentDefinition, stepwise: bool = False) -> BuildingProcess:
            started.append(BuildingProcess(self.target, options, definition, stepwise))
            return started[-1]

        yield start
        for building in started:
            building.kill()

    @classmethod
    def make(cls, options: dict[str, Any]) -> EnvironmentBuilder:
        """Make a builder from its import string."""
        module, _, name = cls.target.partition(":")
        builder: EnvironmentBuilder = getattr(import_module(module), name)(**options)
        return builder

    def test_the_key_is_a_digest_that_every_builder_agrees_on(
        self, options: dict[str, Any], definition: EnvironmentDefinition
    ) -> None:
        """Equal requests, equal keys: names of assets do not count."""
        key = self.make(options).key(definition)
        assert re.fullmatch(r"[0-9a-f]{16,128}", key)
        assert self.make(options).key(replace(definition, name="another", version="7")) == key
        assert self.make(options).key(EnvironmentDefinition.from_json(definition.to_json())) == key

    def test_nothing_is_found_before_it_is_built(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """`lookup` knows nothing by itself."""
        assert builder.lookup(builder.key(definition)) is None
        assert builder.lookup("0" * 64) is None

    def test_a_build_can_be_used_and_says_what_it_holds(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """The interpreter runs what was asked for; lock, log and marker are there."""
        lines: list[str] = []
        built = builder.build(definition, lines.append)
        _run(built.python, self.probe)
        assert built.key == builder.key(definition)
        assert lines
        assert built.lock.read_text().strip()
        assert builder.lookup(built.key) == built
        folder = _folder(built)
        assert BuiltEnvironment.from_json(json.loads((folder / READY_FILE).read_text())) == built
        assert (folder / BUILD_LOG_FILE).read_text().splitlines() == lines

    def test_the_host_does_not_show_through(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """What is installed beside Lapis cannot be imported."""
        built = builder.build(definition, _ignore)
        with pytest.raises(subprocess.CalledProcessError):
            _run(built.python, "import pydantic")

    def test_reuse_takes_milliseconds_and_changes_nothing(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """A second build answers from the marker."""
        built, lines = builder.build(definition, _ignore), list[str]()
        before = snapshot(_folder(built))
        began = time.perf_counter()
        again = builder.build(definition, lines.append)
        assert time.perf_counter() - began < _REUSE_LIMIT_S
        assert again == built
        assert lines == []
        assert snapshot(_folder(built)) == before

    def test_an_environment_whose_interpreter_went_away_is_built_anew(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """A marker alone is no proof."""
        built = builder.build(definition, _ignore)
        built.python.unlink()
        assert builder.lookup(built.key) is None
        _run(builder.build(definition, _ignore).python, self.probe)

    def test_a_refusal_names_the_way_out_and_is_not_remembered(
        self, builder: EnvironmentBuilder, unresolvable: EnvironmentDefinition
    ) -> None:
        """`build` raises; nothing is left that looks ready; the next call tries again."""
        for _ in range(2):
            lines: list[str] = []
            with pytest.raises(LapisError) as caught:
                builder.build(unresolvable, lines.append)
            assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
            assert caught.value.hint
            assert lines
            assert builder.lookup(builder.key(unresolvable)) is None

    def test_two_processes_build_one_key_once(
        self, start: Callable[..., BuildingProcess], definition: EnvironmentDefinition
    ) -> None:
        """The second waits, says so, passes on the first one's lines, and returns the same."""
        first = start(definition, stepwise=True)
        begun = first.line()
        second = start(definition)
        told = second.line()
        assert told is not None
        assert str(first.process.pid) in told
        with _stepping(first) as lines:
            pass
        rest, built = second.rest()
        assert begun in rest
        assert set(lines[:-1]) <= set(rest)
        assert json.loads(lines[-1].removeprefix("BUILT ")) == (built and built.to_json())

    def test_a_killed_builder_leaves_nothing_half(
        self, start: Callable[..., BuildingProcess], builder: EnvironmentBuilder, definition: EnvironmentDefinition
    ) -> None:
        """`kill -9` after each line of the log: not ready, and the next one builds it."""
        lines_of_a_build: list[str] = []
        key = builder.build(definition, lines_of_a_build.append).key
        for survived in range(len(lines_of_a_build)):
            ready = builder.lookup(key)
            assert ready is not None
            ready.python.unlink()
            building = start(definition, stepwise=True)
            for _ in range(survived):
                building.line()
                building.step()
            building.line()
            building.kill()
            assert builder.lookup(key) is None, f"killed after {survived + 1} lines"
            _run(builder.build(definition, _ignore).python, self.probe)

    def test_a_job_installs_into_its_own_overlay(
        self, builder: EnvironmentBuilder, definition: EnvironmentDefinition, tmp_path: Path
    ) -> None:
        """The marker is enough to stack a job's environment above, and the shared one stays as it was."""
        built = builder.build(definition, _ignore)
        before = snapshot(built.prefix)
        job = overlay(built.to_json(), tmp_path / "job")
        _run(Path(job.python), self.probe + "\nimport sys; assert sys.prefix == " + repr(job.folder))
        env = job.apply(dict(os.environ))
        listing = subprocess.run(["pip", "--version"], env=env, capture_output=True, text=True, check=True)
        assert listing.stdout.startswith("pip ")
        assert snapshot(built.prefix) == before


def snapshot(folder: Path) -> dict[str, str]:
    """Return path → digest (or link target) of everything below `folder`, compiled caches apart."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" in path.parts or path.is_dir():
            continue
        link = path.is_symlink()
        content = str(path.readlink()) if link else hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.relative_to(folder).as_posix()] = content
    return found


@contextmanager
def _stepping(building: BuildingProcess) -> Iterator[list[str]]:
    """Let a stepwise builder run to its end; yields its lines, the result last."""
    lines: list[str] = []
    building.step()
    while (line := building.line()) is not None:
        lines.append(line)
        if line.startswith("BUILT "):
            break
        building.step()
    yield lines


def _folder(built: BuiltEnvironment) -> Path:
    return next(p for p in (built.lock, *built.lock.parents) if p.name == built.key)


def _run(python: Path, code: str) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    subprocess.run([str(python), "-c", code], env=kept, check=True, capture_output=True, text=True)


def _ignore(line: str) -> None:
    del line
