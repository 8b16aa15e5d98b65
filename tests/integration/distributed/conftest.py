"""Jobs of several processes over a fresh home."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.testing.compute_bench import Bench
from tests.support.server import end_everything


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs below a fresh home; whatever runs there is ended afterwards."""
    yield Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    end_everything(tmp_path)


@pytest.fixture
def python_with() -> Callable[[str], str]:
    """``python_with("torch")`` gives an interpreter that has a package, or skips and says what is missing.

    It is ``PYTHON_WITH_<PACKAGE>`` where that is set, else the one that runs the tests.
    """

    def find(package: str) -> str:
        given = os.environ.get(f"PYTHON_WITH_{package.upper()}", sys.executable)
        probe = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({package!r}) is None)"
        if os.spawnv(os.P_WAIT, given, [given, "-c", probe]) != 0:
            pytest.skip(f"{package} is not installed (pip install {package}, or PYTHON_WITH_{package.upper()})")
        return given

    return find
