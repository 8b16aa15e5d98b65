"""A wheelhouse and a builder of this test's own; the interpreters of this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.backends.environments.uv.interpreters import Interpreter, Interpreters
from tests.unit.environments.wheelhouse import Wheelhouse


@pytest.fixture
def wheels(tmp_path: Path) -> Wheelhouse:
    return Wheelhouse(tmp_path / "wheels")


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of uv for all tests that do not speak of its content."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def make_builder(tmp_path: Path, shared_cache: Path) -> Callable[..., UvEnvironmentBuilder]:
    def make(**options: object) -> UvEnvironmentBuilder:
        given = {"root": tmp_path / "environments", "cache_dir": shared_cache} | options
        return UvEnvironmentBuilder(**given)  # type: ignore[arg-type]

    return make


@pytest.fixture
def builder(make_builder: Callable[..., UvEnvironmentBuilder]) -> UvEnvironmentBuilder:
    return make_builder()


@pytest.fixture(scope="session")
def pythons() -> list[Interpreter]:
    return Interpreters().all()
