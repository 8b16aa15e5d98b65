"""A server for the tests of the command line, and the command over its home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.support.cli import run_lapis
from tests.support.server import LapisServer, end_everything

HOST = {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}
"""No environment is built: these tests look at the command line."""

Lapis = Callable[..., CompletedProcess[str]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """One server for a module's tests, which use names of their own."""
    made = LapisServer(tmp_path_factory.mktemp("cli") / "home", HOST).start()
    yield made
    made.stop()
    end_everything(made.home)


@pytest.fixture
def lapis(server: LapisServer, tmp_path: Path) -> Lapis:
    """``lapis("job list -o tsv")`` runs the real command in the test's own folder and must succeed."""

    def run(words: str, *more: str, code: int = 0, **options: object) -> CompletedProcess[str]:
        options = {"home": server.home, "cwd": tmp_path, "env": HOST, **options}
        done = run_lapis(*words.split(), *more, **options)  # type: ignore[arg-type]
        assert done.returncode == code, f"{words} → {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    return run


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """``write("job.yml", "…")`` makes a file in the test's own folder."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return make
