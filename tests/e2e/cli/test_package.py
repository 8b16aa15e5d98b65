"""The package as somebody installs it who has no Node: built, installed by itself, started, its page opened."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.support.processes import REPOSITORY, clean_environment
from tests.support.server import end_everything

pytestmark = pytest.mark.slow

UV = Path(sys.executable).parent / "uv"


def _environment(folder: Path, **more: str) -> dict[str, str]:
    """Give an environment whose path holds a shell and no Node."""
    bare = folder / "bin"
    bare.mkdir(exist_ok=True)
    for name in ("sh", "env", "git"):
        found = shutil.which(name)
        if found is not None and not (bare / name).exists():
            (bare / name).symlink_to(found)
    found = clean_environment(PATH=str(bare), **more)
    for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
        found.pop(name, None)
    if not found.get("UV_DEFAULT_INDEX") and found.get("PIP_INDEX_URL"):
        found["UV_DEFAULT_INDEX"] = found["PIP_INDEX_URL"]
    return found


def _run(command: list[str | Path], folder: Path, **more: str) -> str:
    environment = _environment(folder, **more)
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def test_an_installed_wheel_has_the_page_and_needs_no_node(tmp_path: Path) -> None:
    built, installed, home = tmp_path / "dist", tmp_path / "venv", tmp_path / "home"
    assert shutil.which("node", path=_environment(tmp_path)["PATH"]) is None
    _run([UV, "build", "--quiet", "--python", sys.executable, "--out-dir", built, REPOSITORY], tmp_path)
    (wheel,) = built.glob("*.whl")  # made from the source distribution, which so has the page too
    _run([UV, "venv", "--quiet", "--python", sys.executable, installed], tmp_path)
    python = installed / "bin" / "python"
    constraints = REPOSITORY / "constraints.txt"
    _run([UV, "pip", "install", "--quiet", "--python", python, "--constraint", constraints, wheel], tmp_path)
    home.mkdir()
    try:
        words: list[str | Path] = [installed / "bin" / "lapis", "up", "--detach", "--query", "studio_url", "-o", "tsv"]
        address = _run(words, tmp_path, LAPIS_HOME=str(home)).strip()
        with urllib.request.urlopen(address, timeout=30) as answer:
            page = answer.read().decode()
            policy = answer.headers["Content-Security-Policy"]
        assert "script-src 'self'" in policy
        scripts = [word.split('"')[0] for word in page.split('src="')[1:]]
        assert scripts
        for script in scripts:
            with urllib.request.urlopen(address.removesuffix("/studio") + script, timeout=30) as answer:
                assert answer.headers["Content-Type"].startswith("text/javascript")
                assert "immutable" in answer.headers["Cache-Control"]
        assert os.path.realpath(installed) in _run([python, "-c", "import lapisml; print(lapisml.__file__)"], tmp_path)
    finally:
        end_everything(home)
