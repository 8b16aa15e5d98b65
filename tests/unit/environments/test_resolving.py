"""Pins, real uv, packages made by hand."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from lapisml.backends.environments.uv import UvEnvironmentBuilder
from lapisml.backends.environments.uv.interpreters import Interpreter
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import BuiltEnvironment, EnvironmentDefinition, Resolution
from tests.unit.environments.wheelhouse import Wheelhouse

OTHER = "cp38-cp38-any"
"""Tag of a wheel that the interpreter of the tests cannot use."""


def build(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, *pins: str, resolution: str = "compatible"
) -> BuiltEnvironment:
    definition = EnvironmentDefinition(requirements=wheels.lines(*pins), resolution=Resolution(resolution))
    return builder.build(definition, lambda _: None)


def installed(built: BuiltEnvironment) -> dict[str, str]:
    lines = [line.split(" ")[0] for line in built.lock.read_text().splitlines() if "==" in line]
    return dict(line.split("==") for line in lines)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("pin", "available", "chosen"),
    [
        ("demo==1.2.3", ["1.2.3", "1.2.9", "2.0"], "1.2.3"),
        ("demo==1.2.3", ["1.2.9", "1.2.2", "1.4", "2.0"], "1.2.9"),
        ("demo==1.2.3", ["1.2.2", "1.4", "1.4.7", "1.5", "2.0"], "1.4.7"),
        ("demo==1.2.3", ["1.1", "2.1.4", "2.1.5", "3.0"], "2.1.5"),
        ("demo==0.24.1", ["0.23", "1.1.3", "1.2", "1.9"], "1.1.3"),
        ("demo==1.2.3", ["1.0", "1.1"], "1.1"),
        ("demo~=1.2.0", ["1.3.0", "2.0"], "1.3.0"),
        ("demo>=1.1,<1.2", ["1.5", "3.0"], "1.5"),
        ("demo==1.2", ["1.2.5", "1.3", "2.0"], "1.2.5"),
        ("demo<1", ["1.5", "1.5.2", "2.0"], "1.5.2"),
        ("demo>=3", ["1.5", "2.0"], "2.0"),
        ("demo==1.2.*", ["1.3", "2.0"], "1.3"),
    ],
)
def test_a_pin_without_a_build_gives_way_to_the_nearest(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse, pin: str, available: list[str], chosen: str
) -> None:
    wheels.add("demo", "1.2.3", OTHER)
    for version in available:
        wheels.add("demo", version)
    built = build(builder, wheels, pin)
    assert installed(built)["demo"] == chosen
    assert len(built.warnings) == (pin != f"demo=={chosen}")
    for sentence in built.warnings:
        assert pin.partition(",")[0].partition("<")[0].partition(">")[0] in sentence
        assert chosen in sentence


def test_pins_that_can_be_kept_are_kept(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> None:
    for name, version, tag in (("old", "1.0", OTHER), ("old", "2.0", "py3-none-any"), ("kept", "1.0", "py3-none-any")):
        wheels.add(name, version, tag)
    wheels.add("kept", "5.0")
    built = build(builder, wheels, "old==1.0", "kept==1.0")
    assert (installed(built)["old"], installed(built)["kept"]) == ("2.0", "1.0")
    assert len(built.warnings) == 1


def test_stand_ins_that_do_not_fit_together_are_loosened_further(
    builder: UvEnvironmentBuilder, wheels: Wheelhouse
) -> None:
    wheels.add("base", "1.0", OTHER)
    wheels.add("base", "2.0", requires=["top<9"])
    wheels.add("base", "3.0")
    wheels.add("top", "1.0", requires=["base>=3"])
    built = build(builder, wheels, "base==1.0", "top==1.0")
    assert (installed(built)["base"], installed(built)["top"]) == ("3.0", "1.0")


def test_a_package_whose_python_is_another_is_relaxed_too(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> None:
    wheels.add("demo", "1.0", requires_python=">=3.99")
    wheels.add("demo", "1.1", requires_python=">=3.8")
    assert installed(build(builder, wheels, "demo==1.0"))["demo"] == "1.1"


def test_exact_refuses_and_names_the_nearest_versions(builder: UvEnvironmentBuilder, wheels: Wheelhouse) -> None:
    wheels.add("demo", "1.2.3", OTHER)
    wheels.add("demo", "1.4.0")
    wheels.add("fine", "1.0")
    with pytest.raises(LapisError) as caught:
        build(builder, wheels, "demo==1.2.3", "fine==1.0", resolution="exact")
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
    assert "demo" in caught.value.message
    hint = caught.value.hint or ""
    assert "LAPIS_ENVIRONMENT_RESOLUTION=compatible" in hint
    assert "demo==1.4.0" in hint
    assert "fine" not in hint


@pytest.mark.parametrize("resolution", ["exact", "compatible"])
def test_a_name_that_nobody_has_is_refused(builder: UvEnvironmentBuilder, wheels: Wheelhouse, resolution: str) -> None:
    with pytest.raises(LapisError, match="nosuchthing") as caught:
        build(builder, wheels, "nosuchthing==1.0", resolution=resolution)
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE


@pytest.mark.parametrize("resolution", ["exact", "compatible"])
def test_an_index_that_does_not_answer_is_no_reason_to_relax(
    builder: UvEnvironmentBuilder, monkeypatch: pytest.MonkeyPatch, resolution: str
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    lines = ("--index-url http://someone:hunter2@127.0.0.1:9/simple", "demo==1.0")
    seen: list[str] = []
    with pytest.raises(LapisError) as caught:
        builder.build(EnvironmentDefinition(requirements=lines, resolution=Resolution(resolution)), seen.append)
    assert caught.value.code == ErrorCode.ENVIRONMENT_BUILD_FAILED
    assert "network" in (caught.value.hint or "")
    assert "hunter2" not in str(caught.value) + "".join(seen)


def test_compatible_relaxes_the_python_too(
    make_builder: Callable[..., UvEnvironmentBuilder], wheels: Wheelhouse, pythons: list[Interpreter]
) -> None:
    own = sys.version_info[:2]
    builder = make_builder(python_folders=[p.path.parent for p in pythons if p.minor == own[1]])
    wheels.add("demo", "1.0")
    wheels.add("setuptools", "80.0")
    conda = {"dependencies": [f"python=3.{own[1] - 3}", {"pip": list(wheels.lines("demo==1.0"))}]}
    with pytest.raises(LapisError, match=f"asks for Python 3.{own[1] - 3}"):
        builder.build(EnvironmentDefinition(conda=conda), lambda _: None)
    built = builder.build(EnvironmentDefinition(conda=conda, resolution=Resolution.COMPATIBLE), lambda _: None)
    assert built.python_version.startswith(f"3.{own[1]}.")
    assert len(built.warnings) == 1
