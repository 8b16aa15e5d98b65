"""Environments of large packages, made once below ``~/.cache/lapis-tests`` and kept from one run to the next."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import pytest

from lapisml.backends.compute.node.toolboxes import PACKAGES
from tests.support.whole import SWITCH, is_usual_run

RAY = os.environ.get("LAPIS_TEST_RAY", "2.60.0")
TORCH = "2.13.0"
_BUILDING = tuple(PACKAGES["environment"].values())  # what an interpreter that stands for an environment must have


def ray_environment() -> Path:
    """Return an environment that has Ray alone, as most clusters do."""
    return _fetched(f"ray-{RAY}", (f"ray[default]=={RAY}",))


def serving_environment() -> Path:
    """Return an environment with Ray, Ray Serve, and what deployments need whose environment is what is there."""
    return _fetched(f"ray-{RAY}-serving", (f"ray[default,serve]=={RAY}", *_BUILDING))


def training_environment() -> Path:
    """Return an environment with PyTorch and Ray.

    PIP_FIND_LINKS may name a folder with a build of PyTorch for this machine; PyPI's for Linux brings CUDA along.
    """
    packages = (f"torch=={TORCH}", f"ray[default]=={RAY}", "scikit-learn", "mlflow-skinny", "fsspec", *_BUILDING)
    return _fetched(f"training-{TORCH}-{RAY}", packages)


@lru_cache
def _fetched(name: str, packages: Sequence[str]) -> Path:
    """Return an environment, made at first need; the test is skipped where that can't be done."""
    place = Path("~/.cache/lapis-tests").expanduser() / name
    if (place / "ready").exists():
        return place
    if is_usual_run:
        pytest.skip(f"nothing in {place}; {SWITCH}=1 fetches it")
    uv = [sys.executable, "-m", "uv"]
    links = [f"--find-links={where}" for where in os.environ.get("PIP_FIND_LINKS", "").split()]
    for command in (
        [*uv, "venv", "--allow-existing", "--python", sys.executable, str(place)],
        [*uv, "pip", "install", "--python", str(place / "bin" / "python"), *links, *packages],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{name} can't be made: {done.stderr.strip().splitlines()[-1:]}")
    (place / "ready").touch()
    return place
