"""Gateways as processes of their own, with replicas that echo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.gateway import RunningGateway

StartGateway = Callable[..., RunningGateway]


@pytest.fixture
def start_gateway(tmp_path: Path) -> Iterator[StartGateway]:
    """``start_gateway("--flag", …, env={…}, wait=True)`` starts one over a fresh home."""
    started: list[RunningGateway] = []

    def start(*flags: str, env: dict[str, str] | None = None, wait: bool = True) -> RunningGateway:
        made = RunningGateway(tmp_path / "home" / "serving", *flags, env=env)
        started.append(made)
        return made.start(wait)

    yield start
    for one in started:
        one.stop()


@pytest.fixture
def gateway(start_gateway: StartGateway) -> RunningGateway:
    """A gateway of this test's own."""
    return start_gateway()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One gateway for the tests of a file, with the revision ``aaa…`` behind ``/ws/ep``."""
    made = RunningGateway(tmp_path_factory.mktemp("gateway") / "serving").start()
    made.keeper("a" * 12, 0, hello={"max_concurrent": 8})
    made.route({"blue": "a" * 12}, {"blue": 100})
    yield made
    made.stop()
