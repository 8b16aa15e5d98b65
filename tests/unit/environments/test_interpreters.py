from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from packaging.specifiers import SpecifierSet

from lapisml.backends.environments.uv.interpreters import Interpreter, Interpreters, own_interpreter
from lapisml.backends.environments.uv.process import Uv
from lapisml.backends.environments.uv.pythons import choose_python
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import Resolution


def fake_python(folder: Path, version: str) -> Path:
    """Write a program that answers as an interpreter of that version would."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"python{'.'.join(version.split('.')[:2])}"
    path.write_text(f"#!/bin/sh\necho {version}\necho {path}\n")
    path.chmod(0o755)
    return path


def choose(asked: str, folders: list[Path], resolution: Resolution = Resolution.EXACT) -> tuple[Interpreter, list[str]]:
    return choose_python(asked, resolution, Interpreters(folders), Uv(offline=True), lambda _: None)


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    for folder, version in (("a", "3.8.18"), ("a", "3.10.2"), ("b", "3.10.13"), ("b", "3.12.1")):
        fake_python(tmp_path / folder, version)
    return [tmp_path / "missing", tmp_path / "a", tmp_path / "b"]


def test_one_interpreter_a_series_is_found_the_newest(folders: list[Path]) -> None:
    assert [i.version for i in Interpreters(folders).all()] == ["3.8.18", "3.10.13", "3.12.1"]


def test_what_does_not_answer_is_passed_over(folders: list[Path]) -> None:
    broken = fake_python(folders[1], "3.9.1")
    broken.write_text("#!/bin/sh\nexit 127\n")
    (folders[1] / "python3.11").mkdir()
    assert [i.series for i in Interpreters(folders).all()] == ["3.8", "3.10", "3.12"]


def test_virtual_environments_and_pyenvs_shims_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_python(tmp_path / "shims", "3.40.1")
    fake_python(tmp_path / "venv" / "bin", "3.41.1")
    (tmp_path / "venv" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    fake_python(tmp_path / "real", "3.42.1")
    monkeypatch.setenv(
        "PATH", f"{tmp_path / 'shims'}:{tmp_path / 'venv' / 'bin'}:{tmp_path / 'real'}:{os.environ['PATH']}"
    )
    found = {i.series for i in Interpreters().all()}
    assert "3.42" in found
    assert not {"3.40", "3.41"} & found


def test_the_own_interpreter_is_preferred_and_is_no_virtual_environment() -> None:
    own = own_interpreter()
    assert own.version == ".".join(map(str, sys.version_info[:3]))
    assert not (own.path.parent.parent / "pyvenv.cfg").exists()
    assert Interpreters().matching(SpecifierSet(">=3.8")) == own


@pytest.mark.parametrize(
    ("asked", "version", "departures"),
    [
        ("==3.8.*", "3.8.18", 0),
        ("==3.10.*", "3.10.13", 0),
        (">=3.8,<3.11", "3.10.13", 0),
        ("==3.8.5.*", "3.8.18", 1),
        ("==3.8.5", "3.8.18", 1),
    ],
)
def test_the_asked_series_is_taken(folders: list[Path], asked: str, version: str, departures: int) -> None:
    found, said = choose(asked, folders)
    assert found.version == version
    assert len(said) == departures
    assert all(version in sentence for sentence in said)


def test_exact_refuses_another_series_and_names_the_ways_out(folders: list[Path]) -> None:
    with pytest.raises(LapisError, match=r"Python 3\.9, and this machine has 3\.8\.18, 3\.10\.13, 3\.12\.1") as caught:
        choose("==3.9.*", folders)
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
    for way in ("uv python install 3.9", "LAPIS_ENVIRONMENT_RESOLUTION=compatible", "python=3.10"):
        assert way in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("asked", "version"),
    [("==3.9.*", "3.10.13"), ("==3.7.9.*", "3.8.18"), ("==3.14.*", "3.12.1"), (">=3.13", "3.12.1"), ("<3.8", "3.8.18")],
)
def test_compatible_takes_the_nearest_and_says_so(folders: list[Path], asked: str, version: str) -> None:
    found, said = choose(asked, folders, Resolution.COMPATIBLE)
    assert found.version == version
    assert len(said) == 1
    assert version in said[0]


def test_a_machine_without_python_refuses_even_then(tmp_path: Path) -> None:
    with pytest.raises(LapisError, match="this machine has none"):
        choose("==3.9.*", [tmp_path], Resolution.COMPATIBLE)
