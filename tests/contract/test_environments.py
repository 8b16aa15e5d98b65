"""The uv builder keeps what the environment port promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lapisml.ports.environments import EnvironmentDefinition
from lapisml.testing.environments import EnvironmentBuilderSuite
from tests.unit.environments.wheelhouse import Wheelhouse


class TestUvEnvironmentBuilder(EnvironmentBuilderSuite):
    target = "lapisml.backends.environments.uv:UvEnvironmentBuilder"
    probe = "import lantern; assert lantern.__version__ == '1.2'"

    @pytest.fixture
    def wheels(self, tmp_path: Path) -> Wheelhouse:
        house = Wheelhouse(tmp_path / "wheels")
        house.add("lantern", "1.2")
        return house

    @pytest.fixture
    def options(self, tmp_path: Path) -> dict[str, Any]:
        return {"root": str(tmp_path / "environments"), "cache_dir": str(tmp_path / "cache")}

    @pytest.fixture
    def definition(self, wheels: Wheelhouse) -> EnvironmentDefinition:
        return EnvironmentDefinition(name="small", version="1", requirements=wheels.lines("lantern==1.2"))

    @pytest.fixture
    def unresolvable(self, wheels: Wheelhouse) -> EnvironmentDefinition:
        return EnvironmentDefinition(requirements=wheels.lines("lantern==99"))
