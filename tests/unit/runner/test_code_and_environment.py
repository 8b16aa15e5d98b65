"""What a command runs on: the code it was submitted with, in the environment it asked for."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.core.snapshots import blob_path, manifest_path
from lapisml.documents.manifest import Manifest, ManifestFile
from lapisml.ports.compute import CodeSpec, EndReason, EnvironmentSpec
from lapisml.ports.environments import EnvironmentDefinition
from lapisml.runner import layout, processes
from lapisml.testing.compute_bench import Bench
from tests.unit.environments.wheelhouse import Wheelhouse, add_slow_source

BUILDER = "lapisml.backends.environments.uv:UvEnvironmentBuilder"


@pytest.fixture
def code(bench: Bench) -> CodeSpec:
    """A stored snapshot of two files."""
    root = str(bench.home / "snapshots")
    contents = {"train.py": b"print('trained')\n", "sub/run.sh": b"#!/bin/sh\necho ran\n"}
    files = []
    for path, content in contents.items():
        sha = hashlib.sha256(content).hexdigest()
        blob = Path(blob_path(root, sha))
        blob.parent.mkdir(parents=True, exist_ok=True)
        blob.write_bytes(content)
        files.append(ManifestFile(path, len(content), sha, "755" if path.endswith(".sh") else "644"))
    manifest = Manifest.of(files)
    place = Path(manifest_path(root, manifest.digest()))
    place.parent.mkdir(parents=True)
    place.write_text(json.dumps(manifest.to_dict()))
    return CodeSpec(manifest.digest(), root)


def test_the_working_folder_is_the_code(bench: Bench, code: CodeSpec) -> None:
    handle = bench.submit("ls -d *; ./sub/run.sh; python3 train.py; echo > train.py", code=code)
    assert bench.follow(handle).exit.exit_code == 0
    assert bench.log(handle).split() == ["logs", "outputs", "sub", "train.py", "ran", "trained"]
    again = bench.submit("python3 train.py", code=code)
    bench.follow(again)
    assert bench.log(again) == "trained\n"


def test_code_that_was_changed_is_not_run(bench: Bench, code: CodeSpec) -> None:
    blob = next(p for p in (Path(code.root) / "blobs").rglob("*") if p.is_file() and b"trained" in p.read_bytes())
    blob.write_bytes(blob.read_bytes().replace(b"trained", b"hostile"))
    course = bench.run(f"touch {bench.home}/ran", code=code)
    assert course.exit.reason_code is EndReason.CODE_INTEGRITY
    assert "train.py" in course.exit.reason
    assert not (bench.home / "ran").exists()


def test_code_that_is_gone_is_named(bench: Bench, code: CodeSpec) -> None:
    course = bench.run("true", code=CodeSpec("0" * 64, code.root))
    assert course.exit.reason_code is EndReason.CODE
    assert "0" * 64 in course.exit.reason


@pytest.fixture
def wheels(tmp_path: Path) -> Wheelhouse:
    house = Wheelhouse(tmp_path / "wheels")
    house.add("lantern", "1.2")
    house.add("candle", "1.0")
    for name in ("setuptools", "wheel"):
        house.add(name, "70.0")  # what any image is taken to hold
    return house


def _environment(bench: Bench, wheels: Wheelhouse, *requirements: str) -> EnvironmentSpec:
    root = str(bench.home / "environments")
    options: dict[str, Any] = {"root": root, "cache_dir": str(bench.home / "cache")}
    definition = EnvironmentDefinition(
        name="small", version="1", image="somebody/something:1", requirements=wheels.lines(*requirements)
    )
    key = UvEnvironmentBuilder(**options).key(definition)
    return EnvironmentSpec(definition.to_json(), BUILDER, root, key, options)


def test_an_environment_is_built_once_used_and_left_as_it_was(bench: Bench, wheels: Wheelhouse) -> None:
    environment = _environment(bench, wheels, "lantern")
    probe = "python -c 'import lantern, sys; print(lantern.__version__, sys.prefix)'"
    install = f"pip install -q --no-index --find-links {wheels.folder} candle && python -c 'import candle'"
    first = bench.submit(f"{probe} && {install}", environment=environment)
    course = bench.follow(first, timeout=120)
    assert course.exit.exit_code == 0, bench.log(first)
    assert "Building small" in bench.log(first)
    assert "lantern" in bench.log(first, "system_logs/environment.log")
    assert any("building small" in entry.reason for entry in course.journal)
    assert any("warning" in entry.detail for entry in course.journal), "the image was not honoured, and nobody says so"
    second = bench.submit(f"{probe}; python -c 'import candle'", environment=environment)
    course = bench.follow(second)
    assert course.exit.exit_code == 1
    assert "No module named 'candle'" in course.exit.log_tail
    assert "Building" not in bench.log(second)
    assert any("warning" in entry.detail for entry in course.journal)


def test_an_environment_that_can_not_be_had_ends_the_job(bench: Bench, wheels: Wheelhouse) -> None:
    course = bench.run(f"touch {bench.home}/ran", environment=_environment(bench, wheels, "lantern==99"), timeout=120)
    assert course.exit.reason_code is EndReason.ENVIRONMENT
    assert "lantern" in course.exit.reason
    assert not (bench.home / "ran").exists()


def test_input_folders_list_sorted(bench: Bench, wheels: Wheelhouse) -> None:
    for name in ("c", "a", "d", "b"):
        file = bench.stored(f"in/{name}.csv")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    handle = bench.submit(
        "python -c 'import os; print(*os.listdir(\"${{inputs.data}}\"))'",
        environment=_environment(bench, wheels, "lantern"),
        inputs={"data": bench.input("in", "uri_folder")},
    )
    bench.follow(handle, timeout=120)
    assert bench.log(handle).splitlines()[-1] == "a.csv b.csv c.csv d.csv"


def test_cancel_ends_a_build(bench: Bench, wheels: Wheelhouse) -> None:
    started, release = bench.home / "started", bench.home / "release"
    add_slow_source(wheels, "slow", "1.0", started, release)
    handle = bench.submit("true", environment=_environment(bench, wheels, "slow"))
    bench.wait(started.exists)
    builder = processes.identity(int(started.read_text()))
    assert processes.is_alive(builder)
    bench.backend.cancel(handle, by="ada")
    course = bench.follow(handle)
    assert course.exit.reason == "Canceled by ada."
    bench.wait(lambda: not processes.is_alive(builder))


def test_a_supervisor_killed_during_a_build_builds_again(bench: Bench, wheels: Wheelhouse) -> None:
    started, release = bench.home / "started", bench.home / "release"
    add_slow_source(wheels, "slow", "1.0", started, release)
    handle = bench.submit("python -c 'import slow'; exit 8", environment=_environment(bench, wheels, "slow"))
    bench.wait(started.exists)
    supervisor = json.loads((bench.home / "runs/default" / handle.job / layout.PROCESS).read_text())["supervisor"]
    os.kill(supervisor["pid"], signal.SIGKILL)
    release.touch()
    assert bench.follow(handle, timeout=120).exit.exit_code == 8
