"""A job's own environment above the shared one, with real interpreters and real pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.backends.environments.uv.interpreters import Interpreter
from lapisml.ports.environments import BuiltEnvironment, EnvironmentDefinition, Resolution
from lapisml.runner.overlay import OverlayEnvironment, overlay
from lapisml.testing.environments import snapshot
from tests.unit.environments.wheelhouse import Wheelhouse

TELL = "import os, sys, demo\ndef main():\n    print(sys.prefix, demo.__version__)\n    return 0"
Shell = Callable[[OverlayEnvironment, str], str]


@pytest.fixture
def built(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> BuiltEnvironment:
    wheels.add("demo", "1.0")
    wheels.add("demo", "2.0")
    wheels.add("extra", "1.0", requires=["demo"])
    wheels.add("teller", "1.0", code=TELL, scripts={"tell": "main"}, requires=["demo"])
    return builder.build(EnvironmentDefinition(requirements=wheels.lines("demo==1.0", "teller")), lambda _: None)


@pytest.fixture
def shell(wheels: Wheelhouse, tmp_path: Path) -> Shell:
    """Run a bash command as a job does; pip takes packages from the wheelhouse alone."""

    def run(job: OverlayEnvironment, command: str) -> str:
        host = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
        env = job.apply(host) | {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels.folder)}
        done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout.strip()

    return run


def version(shell: Shell, job: OverlayEnvironment, name: str = "demo") -> str:
    return shell(job, f"python -c 'import {name}; print({name}.__version__, {name}.__file__)'").split()[0]


def test_what_a_job_installs_stays_its_own(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    before = snapshot(built.prefix)
    one, two = (overlay(built.to_json(), tmp_path / name) for name in ("one", "two"))
    shell(one, "pip install -q extra && pip install -q --upgrade demo")
    assert version(shell, one) == "2.0"
    assert version(shell, one, "extra") == "1.0"
    assert version(shell, two) == "1.0"
    done = subprocess.run([built.python, "-c", "import extra"], capture_output=True, check=False)
    assert done.returncode == 1
    assert snapshot(built.prefix) == before
    (own,) = Path(two.folder).glob("lib/python*/site-packages")
    assert all(p.name.startswith("_") for p in own.iterdir())


def test_shared_packages_count_as_installed(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    said = shell(job, "pip install extra")
    assert "Requirement already satisfied: demo" in said
    assert "Successfully installed extra-1.0" in said
    assert not list(Path(job.folder).rglob("demo.py"))


def test_a_shared_package_cannot_be_uninstalled(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    before = snapshot(built.prefix)
    job = overlay(built.to_json(), tmp_path / "job")
    shell(job, "pip uninstall -y demo; pip uninstall -y pip; true")
    assert version(shell, job) == "1.0"
    assert snapshot(built.prefix) == before


def test_shared_commands_run_under_the_jobs_python(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    assert shell(job, "tell").split() == [job.folder, "1.0"]
    shell(job, "pip install -q -U demo")
    assert shell(job, "tell").split() == [job.folder, "2.0"]
    alone = subprocess.run(
        [built.bin / "tell"], capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    assert alone.stdout.split() == [str(built.prefix), "1.0"]


def test_commands_work_from_folders_with_odd_names(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse, shell: Shell, tmp_path: Path
) -> None:
    wheels.add("demo", "1.0")
    wheels.add("teller", "1.0", code=TELL, scripts={"tell": "main"}, requires=["demo"])
    builder = make_builder(root=tmp_path / "a 'b' $HOME `c` \"d\" }")
    built = builder.build(EnvironmentDefinition(requirements=wheels.lines("teller")), lambda _: None)
    alone = subprocess.run([built.bin / "tell"], capture_output=True, text=True, check=True)
    assert alone.stdout.strip() == f"{built.prefix} 1.0"
    job = overlay(built.to_json(), tmp_path / "job 'x'")
    assert shell(job, "tell && pip --version").splitlines()[0] == f"{job.folder} 1.0"


def test_a_module_of_the_job_does_not_break_pip(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "random.py").write_text("raise SystemExit('mine')\n")
    assert "Successfully installed" in shell(job, f"cd {tmp_path / 'code'} && pip install extra")


def test_child_processes_see_the_same(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    shell(job, "pip install -q extra")
    inner = "import extra; print(extra.__version__)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{inner}'], check=True)"
    assert shell(job, f'python -c "{code}"') == "1.0"
    assert shell(job, "python3 -c 'import sys; print(sys.executable)'") == f"{job.folder}/bin/python3"


def test_making_it_twice_keeps_what_was_installed(built: BuiltEnvironment, shell: Shell, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    shell(job, "pip install -q -U demo")
    Path(job.python).unlink()
    assert version(shell, overlay(built.to_json(), tmp_path / "job")) == "2.0"


def test_the_hosts_python_settings_are_dropped(built: BuiltEnvironment, tmp_path: Path) -> None:
    job = overlay(built.to_json(), tmp_path / "job")
    venv, conda = tmp_path / "venv", tmp_path / "conda"
    (venv / "bin").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("")
    host = {
        "PYTHONPATH": "/x", "PYTHONHOME": "/x", "PYTHONDONTWRITEBYTECODE": "1", "CONDA_PREFIX": str(conda),
        "CONDA_DEFAULT_ENV": "base", "VIRTUAL_ENV": str(venv), "PIP_TARGET": "/x", "PYENV_VERSION": "3.8", "KEPT": "1",
        "PATH": f"{venv}/bin:{conda}/bin:{conda}/condabin:/usr/bin:/bin",
    }  # fmt: skip
    asked = dict(host)
    env = job.apply(host)
    assert host == asked
    assert env == {
        "KEPT": "1", "VIRTUAL_ENV": job.folder, "LAPIS_PYTHON": job.python,
        "PATH": f"{job.folder}/bin:{built.bin}:/usr/bin:/bin",
    }  # fmt: skip


def test_it_is_made_in_milliseconds_by_the_lightest_modules(built: BuiltEnvironment, tmp_path: Path) -> None:
    code = f"""
import sys, os, time, json
ready = json.loads({json.dumps(json.dumps(built.to_json()))})
sys.path.insert(0, {str(Path(__file__).parents[3] / "src")!r})
import lapisml.runner
before = set(sys.modules)
from lapisml.runner.overlay import overlay
loaded = set(sys.modules) - before
began = time.perf_counter()
job = overlay(ready, {str(tmp_path / "job")!r})
print(json.dumps([sorted(loaded), time.perf_counter() - began]))
"""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    loaded, seconds = json.loads(done.stdout)
    assert set(loaded) <= {"lapisml.runner.overlay"}
    assert seconds < 0.02


def test_the_host_itself_can_be_the_shared_environment(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, shell: Shell, tmp_path: Path
) -> None:
    definition = EnvironmentDefinition(
        requirements=("pydantic", "nosuchthing>=1", "packaging<1"), resolution=Resolution.HOST
    )
    lines: list[str] = []
    built = builder.build(definition, lines.append)
    assert builder.build(definition, lines.append) == built
    assert sum("Ready" in line for line in lines) == 1
    (warning,) = built.warnings
    assert "nosuchthing>=1 is not there" in warning
    assert "packaging<1 is " in warning
    assert "pydantic" not in warning
    assert "pydantic==" in built.lock.read_text()
    wheels.add("demo", "1.0")
    before = {p.name for p in built.site_packages[0].iterdir()}
    job = overlay(built.to_json(), tmp_path / "job")
    shell(job, "pip install -q demo")
    assert version(shell, job) == "1.0"
    assert version(shell, job, "pydantic")
    assert {p.name for p in built.site_packages[0].iterdir()} == before
    assert shell(job, "command -v pytest").startswith(str(tmp_path / "environments"))
    assert "pytest" in shell(job, "pytest --version")


def test_the_hosts_key_is_the_same_however_a_process_was_started(builder: UvEnvironmentBuilder) -> None:
    definition = EnvironmentDefinition(requirements=("six",), resolution=Resolution.HOST)
    code = (
        "import json, sys; from lapisml.backends.environments.uv import UvEnvironmentBuilder as Builder\n"
        "from lapisml.ports.environments import EnvironmentDefinition\n"
        "print(Builder('/nowhere').key(EnvironmentDefinition.from_json(json.loads(sys.argv[1]))))"
    )
    for flags in (["-I"], ["-s", "-X", "utf8"], []):
        command = [sys.executable, *flags, "-c", code, json.dumps(definition.to_json())]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout.strip() == builder.key(definition)


@pytest.mark.parametrize("minor", range(7, 15))
def test_every_python_of_this_machine_can_be_stacked_above(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, tmp_path: Path, pythons: list[Interpreter], minor: int
) -> None:
    if minor not in [p.minor for p in pythons]:
        pytest.skip(f"Python 3.{minor} is not installed here")
    wheels.add("demo", "1.0")
    wheels.add("setuptools", "80.0")
    wheels.add("pip", "0.1")
    conda = {"dependencies": [f"python=3.{minor}", {"pip": list(wheels.lines("demo", "pip==0.1"))}]}
    built = builder.build(EnvironmentDefinition(conda=conda), lambda _: None)
    (tmp_path / "data").mkdir()
    for name in "cab":
        (tmp_path / "data" / name).touch()
    job = overlay(built.to_json(), tmp_path / "job", (str(tmp_path / "data"),))
    code = (
        "import sys, os, pathlib, demo, _lapis_sorted_listing; folder = pathlib.Path(sys.argv[1]);"
        "listed = [os.listdir(sys.argv[1]), [p.name for p in folder.iterdir()], [p.name for p in folder.glob('*')]];"
        "print(sys.version_info[1], sys.prefix, *map(''.join, listed))"
    )
    command = [job.python, "-c", code, str(tmp_path / "data")]
    done = subprocess.run(command, env=job.apply({}), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{minor} {job.folder} abc abc abc"
    bare = {k: v for k, v in job.apply({}).items() if k != "LAPIS_SORTED_ROOTS"}
    code = "import sys; print('_lapis_sorted_listing' in sys.modules)"
    done = subprocess.run([job.python, "-c", code], env=bare, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
