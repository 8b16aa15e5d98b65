"""An environment with PyTorch and Ray, made once and kept: 200 MB are not fetched for each test."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

from tests.support.ray_cluster import VERSION
from tests.support.whole import SWITCH, is_usual_run

TORCH = "2.13.0"
_ENVIRONMENTS = ("uv", "packaging", "pyyaml", "fsspec")  # what an interpreter that stands for an environment must have
PACKAGES = (f"torch=={TORCH}", f"ray[default]=={VERSION}", "scikit-learn", "mlflow-skinny", *_ENVIRONMENTS)


@lru_cache(maxsize=1)
def training_environment() -> Path:
    """Return the environment, made at first need; the test is skipped where that can't be done.

    PIP_FIND_LINKS may name a folder with a build of PyTorch for this machine; PyPI's for Linux brings CUDA along.
    """
    place = Path("~/.cache/lapis-tests").expanduser() / f"training-{TORCH}-{VERSION}"
    python = place / "bin" / "python"
    if not (place / "ready").exists():
        if is_usual_run:
            pytest.skip(f"no PyTorch in {place}; {SWITCH}=1 fetches it")
        uv = [sys.executable, "-m", "uv"]
        links = [f"--find-links={where}" for where in os.environ.get("PIP_FIND_LINKS", "").split()]
        for command in (
            [*uv, "venv", "--clear", "--python", sys.executable, str(place)],
            [*uv, "pip", "install", "--python", str(python), *links, *PACKAGES],
        ):
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"PyTorch can't be installed: {done.stderr.strip().splitlines()[-1:]}")
        (place / "ready").touch()
    return place
