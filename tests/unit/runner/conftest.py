"""Fixtures of the runner's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lapisml.backends.compute.local import LocalProcesses
from lapisml.testing.compute_bench import Bench
from tests.support.server import end_everything


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Jobs as local processes below a fresh home."""
    yield Bench(lambda: LocalProcesses(tmp_path), tmp_path)
    end_everything(tmp_path)
