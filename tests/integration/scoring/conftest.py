"""Replicas that end with the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.replicas import Replica


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Replica]]:
    """Start a replica from parts of its plan."""
    replicas: list[Replica] = []

    def make(**plan: Any) -> Replica:
        replica = Replica(tmp_path / f"replica{len(replicas)}", **plan)
        replicas.append(replica)
        return replica

    yield make
    for replica in replicas:
        replica.end()


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], dict[str, Any]]:
    """Write a scoring script; return its part of a plan."""

    def write(text: str) -> dict[str, Any]:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        (code / "score.py").write_text(text)
        return {"kind": "script", "script": str(code / "score.py"), "code": str(code)}

    return write
