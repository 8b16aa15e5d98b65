"""A server, and bash scripts whose ``az`` is the installed one."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.cli import run_lapis
from tests.support.processes import clean_environment
from tests.support.server import LapisServer, end_everything

Bash = Callable[..., "Ended"]


@dataclass
class Ended:
    """A finished script.

    Attributes:
        code: exit code.
        out, err: what it printed.
    """

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LapisServer]:
    """One server for a module's tests; its environments are the tests' own interpreter."""
    made = LapisServer(tmp_path_factory.mktemp("az") / "home", {"LAPIS_ENVIRONMENT_RESOLUTION": "host"}).start()
    yield made
    made.stop()
    end_everything(made.home)


@pytest.fixture(scope="module")
def bash(server: LapisServer) -> Bash:
    """``bash(text or file, cwd=…, code=…)`` runs a script under ``set -euo pipefail`` with our ``az`` in front."""
    folder = server.home / "bin"
    run_lapis("az", "install", "--folder", str(folder), home=server.home, check=True)

    def run(script: str | Path, *words: str, cwd: Path | None = None, code: int | None = 0, **env: str) -> Ended:
        start = [str(script)] if isinstance(script, Path) else ["-euo", "pipefail", "-c", script, "script"]
        own = clean_environment(LAPIS_HOME=str(server.home), **env)
        own["PATH"] = f"{folder}:{own['PATH']}"
        done = subprocess.run(
            ["bash", *start, *words], cwd=cwd or server.home, env=own, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        shown = f"exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        return Ended(done.returncode, done.stdout, done.stderr)

    return run
