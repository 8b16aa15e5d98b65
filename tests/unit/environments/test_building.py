"""Builds with real uv: what they leave, what they raise, and who waits for whom."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import EnvironmentDefinition
from lapisml.testing.environments import BuildingProcess, snapshot
from tests.support.polling import eventually
from tests.support.processes import is_alive
from tests.unit.environments.wheelhouse import Wheelhouse, add_slow_source

TARGET = "lapisml.backends.environments.uv:UvEnvironmentBuilder"


def test_a_lock_pins_everything_with_hashes(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> None:
    wheels.add("inner", "2.0")
    wheels.add("outer", "1.0", requires=["inner"])
    built = builder.build(EnvironmentDefinition(requirements=wheels.lines("outer")), lambda _: None)
    lock = built.lock.read_text()
    for pin in ("inner==2.0", "outer==1.0", "pip=="):
        assert pin in lock
    assert lock.count("--hash=sha256:") >= 3


def test_files_are_links_into_the_cache(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> None:
    wheels.add("demo", "1.0")
    one = builder.build(EnvironmentDefinition(requirements=wheels.lines("demo")), lambda _: None)
    wheels.add("more", "1.0")
    two = builder.build(EnvironmentDefinition(requirements=wheels.lines("demo", "more")), lambda _: None)
    assert one.key != two.key
    assert (one.site_packages[0] / "demo.py").samefile(two.site_packages[0] / "demo.py")


def test_a_bare_image_lacks_what_it_lacks(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels.add("setuptools", "80.0")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(wheels.folder))
    built = builder.build(EnvironmentDefinition(image="python"), lambda _: None)
    done = subprocess.run([built.python, "-c", "import yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'yaml'" in done.stderr
    assert len(built.warnings) == 1


def test_an_offline_builder_reuses_and_rebuilds_from_the_cache(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse, tmp_path: Path
) -> None:
    wheels.add("demo", "1.0")
    definition = EnvironmentDefinition(requirements=wheels.lines("demo"))
    built = make_builder(cache_dir=tmp_path / "cache").build(definition, lambda _: None)
    offline = make_builder(cache_dir=tmp_path / "cache", offline=True)
    assert offline.build(definition, lambda _: None) == built
    shutil.rmtree(built.prefix)
    assert offline.lookup(built.key) is None
    assert offline.build(definition, lambda _: None).python.exists()


def test_an_offline_builder_says_so_when_it_knows_too_little(make_builder: Callable[..., UvEnvironmentBuilder]) -> None:
    with pytest.raises(LapisError) as caught:
        make_builder(offline=True).build(EnvironmentDefinition(requirements=("six==1.16",)), lambda _: None)
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
    assert "offline" in (caught.value.hint or "")


def test_an_installation_that_breaks_raises_with_its_last_lines(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse
) -> None:
    path = wheels.add("demo", "1.0")
    path.rename(path.with_name("demo-2.0-py3-none-any.whl"))
    definition = EnvironmentDefinition(requirements=wheels.lines("demo"))
    with pytest.raises(LapisError, match="demo") as caught:
        builder.build(definition, lambda _: None)
    assert caught.value.code in (ErrorCode.ENVIRONMENT_BUILD_FAILED, ErrorCode.ENVIRONMENT_UNRESOLVABLE)
    assert builder.lookup(builder.key(definition)) is None


def test_a_failed_build_leaves_its_log_and_nothing_else(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path
) -> None:
    definition = EnvironmentDefinition(requirements=wheels.lines("demo==99"))
    with pytest.raises(LapisError):
        builder.build(definition, lambda _: None)
    folder = tmp_path / "environments" / builder.key(definition)
    assert sorted(p.name for p in folder.iterdir()) == ["build.log", "failed.json"]
    assert "demo==99" in (folder / "build.log").read_text()


def test_only_the_owner_can_read_environments(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path
) -> None:
    built = builder.build(EnvironmentDefinition(requirements=wheels.lines()), lambda _: None)
    for folder in (tmp_path / "environments", built.prefix.parent):
        assert folder.stat().st_mode & 0o077 == 0


def test_credentials_of_an_index_stay_out_of_lock_and_log(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path
) -> None:
    wheels.add("demo", "1.0")
    lines = ("--extra-index-url http://someone:hunter2@127.0.0.1:9/simple", *wheels.lines("demo"))
    built = builder.build(EnvironmentDefinition(requirements=lines), lambda _: None)
    for path in snapshot(built.prefix.parent):
        file = built.prefix.parent / path
        assert file.is_symlink() or b"hunter2" not in file.read_bytes(), path


def test_a_waiting_builder_gets_the_failure_it_waited_for(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse, tmp_path: Path
) -> None:
    options = {"root": str(tmp_path / "environments"), "cache_dir": str(tmp_path / "cache")}
    definition = EnvironmentDefinition(requirements=wheels.lines("demo==99"))
    first = BuildingProcess(TARGET, options, definition, stepwise=True)
    first.line()
    waiting: list[str] = []
    caught: list[LapisError] = []

    def wait() -> None:
        try:
            make_builder().build(definition, waiting.append)
        except LapisError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: waiting, what="the second builder to wait")
    first.step()
    while first.line() is not None:
        first.step()
    thread.join(30)
    assert [e.code for e in caught] == [ErrorCode.ENVIRONMENT_UNRESOLVABLE]
    assert sum("Building the environment" in line for line in waiting) == 1


def test_an_orphan_of_a_killed_builder_is_waited_for(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse, tmp_path: Path
) -> None:
    started, release = tmp_path / "started", tmp_path / "release"
    add_slow_source(wheels, "slow", "1.0", started, release)
    options = {"root": str(tmp_path / "environments"), "cache_dir": str(tmp_path / "cache")}
    definition = EnvironmentDefinition(requirements=wheels.lines("slow"))
    first = BuildingProcess(TARGET, options, definition)
    orphan = int(eventually(lambda: started.exists() and started.read_text(), 30, what="the package's build to begin"))
    first.kill()
    second = BuildingProcess(TARGET, options, definition)
    try:
        told = second.line()
        assert told is not None
        assert "Another job's build" in told
        assert is_alive(orphan)
        assert not (tmp_path / "environments" / make_builder().key(definition) / "ready.json").exists()
        release.write_text("")
        rest, built = second.rest()
        assert built is not None
        assert any("Building the environment" in line for line in rest)
    finally:
        release.write_text("")
        second.kill()


def test_threads_of_one_process_build_once_too(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse
) -> None:
    wheels.add("demo", "1.0")
    definition = EnvironmentDefinition(requirements=wheels.lines("demo"))
    builds: list[str] = []
    keys: list[str] = []

    def run() -> None:
        mine: list[str] = []
        keys.append(make_builder().build(definition, mine.append).key)
        waited = any("Another job's build" in line for line in mine)
        builds.extend(line for line in mine if line.startswith("Ready after") and not waited)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(keys)) == 1
    assert len(keys) == 4
    assert len(builds) == 1


def test_a_full_disk_is_named(builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path) -> None:
    """A real full disk: a file system of two megabytes, in a mount namespace of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount = f"mount -t tmpfs -o size=2m tmpfs {shlex.quote(str(disk))}"
    if subprocess.run([*mounted, mount], capture_output=True, check=False).returncode:
        pytest.skip("this machine does not let a test mount a small file system")
    definition = EnvironmentDefinition(requirements=wheels.lines())
    script = (
        "import json, sys; from pathlib import Path\n"
        "from lapisml.backends.environments.uv import UvEnvironmentBuilder as Builder\n"
        "from lapisml.ports.environments import EnvironmentDefinition\n"
        "options, definition = json.load(sys.stdin)\n"
        "builder, wanted = Builder(**options), EnvironmentDefinition.from_json(definition)\n"
        "try: builder.build(wanted, lambda _: None)\n"
        "except Exception as error: print(getattr(error, 'code', error), builder.lookup(builder.key(wanted)))\n"
    )
    options = {"root": str(disk / "environments"), "cache_dir": str(tmp_path / "cache")}
    command = f"{mount} && exec {shlex.quote(sys.executable)} -c {shlex.quote(script)}"
    asked = json.dumps([options, definition.to_json()])
    done = subprocess.run([*mounted, command], input=asked, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["StorageFull", "None"], done.stderr


def test_an_ended_signal_is_not_taken_for_success(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path
) -> None:
    started, release = tmp_path / "started", tmp_path / "release"
    add_slow_source(wheels, "slow", "1.0", started, release)
    definition = EnvironmentDefinition(requirements=wheels.lines("slow"))
    caught: list[LapisError] = []

    def run() -> None:
        try:
            builder.build(definition, lambda _: None)
        except LapisError as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    backend = int(eventually(lambda: started.exists() and started.read_text(), 30, what="the package's build to begin"))
    os.kill(backend, signal.SIGKILL)
    thread.join(60)
    assert [e.code for e in caught] == [ErrorCode.ENVIRONMENT_BUILD_FAILED]
    assert "slow" in caught[0].message


def test_a_packages_own_build_sees_no_secret_of_the_server(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started, release = tmp_path / "started", tmp_path / "release"
    release.touch()
    for name in ("LAPIS_TOKEN", "LAPIS_DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "AZURE_CLIENT_SECRET", "PYTHONPATH"):
        monkeypatch.setenv(name, "hunter2")
    add_slow_source(wheels, "slow", "1.0", started, release)
    builder.build(EnvironmentDefinition(requirements=wheels.lines("slow")), lambda _: None)
    seen = started.with_suffix(".env").read_text()
    assert "PATH=" in seen
    assert "hunter2" not in seen
