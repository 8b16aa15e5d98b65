from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lapisml.backends.environments.catalogue import Catalogue
from lapisml.backends.environments.uv.specification import Specification, specify
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.environments import BuildContext, EnvironmentDefinition, Resolution


def spec(**definition: Any) -> Specification:
    return specify(EnvironmentDefinition(**definition), Catalogue(), "3.11")


def conda(*dependencies: Any) -> dict[str, Any]:
    return {"dependencies": list(dependencies)}


BASE = {"conda": conda("python=3.10", "numpy=1.21", {"pip": ["mlflow", "pandas[sql,excel] >=1,<2"]})}


@pytest.mark.parametrize(
    "same",
    [
        {
            "conda": conda(
                "numpy=1.21", "python=3.10", {"pip": ["pandas[excel, sql]<2,>=1.0".replace("1.0", "1"), "MLflow"]}
            )
        },
        {
            "conda": conda(
                "python 3.10.*", "NumPy 1.21.*", "mlflow", "pip", {"pip": ["pandas[sql,excel]>=1,<2", "mlflow"]}
            )
        },
        {**BASE, "name": "x", "version": "3"},
        {"conda": {**BASE["conda"], "name": "other", "channels": ["conda-forge"], "prefix": "/opt/x"}},
    ],
)
def test_equal_requests_have_one_key(same: dict[str, Any]) -> None:
    assert spec(**same).key == spec(**BASE).key


@pytest.mark.parametrize(
    "other",
    [
        {"conda": conda("python=3.9", "numpy=1.21", {"pip": ["mlflow", "pandas[sql,excel]>=1,<2"]})},
        {"conda": conda("python=3.10", "numpy=1.22", {"pip": ["mlflow", "pandas[sql,excel]>=1,<2"]})},
        {"conda": conda("python=3.10", "numpy=1.21", {"pip": ["mlflow", "pandas[sql]>=1,<2"]})},
        {"conda": conda("python=3.10", "numpy=1.21", {"pip": ["-i https://x/y", "mlflow", "pandas[sql,excel]>=1,<2"]})},
        {**BASE, "resolution": Resolution.COMPATIBLE},
        {**BASE, "image": "python:3.10"},
    ],
)
def test_other_requests_have_another(other: dict[str, Any]) -> None:
    assert spec(**other).key != spec(**BASE).key


def test_the_machine_and_the_form_of_a_build_enter_the_key() -> None:
    base = spec(**BASE)
    assert len({base.key, replace(base, machine="linux-riscv64").key, replace(base, form=base.form + 1).key}) == 3


def test_the_python_comes_from_the_conda_file_else_the_image_else_lapis() -> None:
    image = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
    assert spec(image=image, conda=conda("python=3.9")).python == "==3.9.*"
    assert spec(image=image, conda=conda("six")).python == "==3.8.*"
    assert spec(image=image).python == "==3.8.*"
    assert spec(image="python").python == "==3.11.*"
    assert spec(requirements=("six",)).python == "==3.11.*"


def test_pip_is_always_there_and_setuptools_where_conda_gave_it() -> None:
    assert spec(requirements=("six",)).requirements == ("pip", "six")
    assert "setuptools<81" in spec(conda=conda("python=3.8")).requirements
    assert "setuptools<81" not in spec(conda=conda("python=3.12")).requirements
    assert spec(conda=conda("python=3.8", {"pip": ["setuptools==57.5.0", "pip==21"]})).requirements == (
        "pip==21",
        "setuptools==57.5.0",
    )


def test_an_image_is_never_ignored_in_silence() -> None:
    for definition in ({"image": "python:3.9"}, {"image": "python:3.9", "conda": conda("six")}):
        (note,) = spec(**definition).notes
        assert "python:3.9" in note
        assert "no container engine" in note
    (note,) = spec(image="mcr.microsoft.com/azureml/openmpi5.0-cuda12.4-ubuntu22.04:latest").notes
    assert "CUDA" in note
    assert "Open MPI" in note


def test_an_unknown_image_is_refused_unless_something_else_says_what_is_needed() -> None:
    with pytest.raises(LapisError, match="nobody/knows") as caught:
        spec(image="nobody/knows:1")
    assert caught.value.code == ErrorCode.ENVIRONMENT_UNRESOLVABLE
    assert "compatible" in (caught.value.hint or "")
    for definition in ({"conda": conda("six")}, {"requirements": ("six",)}, {"resolution": Resolution.COMPATIBLE}):
        (note,) = spec(image="nobody/knows:1", **definition).notes
        assert "unknown" in note


def test_requirements_are_installed_over_an_images_packages() -> None:
    found = spec(image="pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime", requirements=("torch==2.2", "six"))
    assert {"torch==2.2", "torchvision", "six"} <= set(found.requirements)


def test_a_build_context_is_keyed_by_what_its_files_say(tmp_path: Path) -> None:
    def key(requirements: str, folder: str) -> str:
        context = tmp_path / folder
        context.mkdir(exist_ok=True)
        (context / "Dockerfile").write_text("FROM python:3.9\nCOPY r.txt .\nRUN pip install -r r.txt\n")
        (context / "r.txt").write_text(requirements)
        return spec(build=BuildContext(context)).key

    assert key("six==1.16\n", "a") == key("# same\nsix == 1.16\n", "b")
    assert key("six==1.16\n", "a") != key("six==1.15\n", "b")


def test_an_empty_definition_is_refused() -> None:
    with pytest.raises(LapisError, match="says nothing") as caught:
        spec(name="nothing", version="1")
    assert caught.value.code == ErrorCode.DOCUMENT_INVALID


def test_a_definition_survives_the_launch_specification(tmp_path: Path) -> None:
    definition = EnvironmentDefinition(
        name="a", version="1", image="python", conda=conda("six"), requirements=("tomli",),
        build=BuildContext(tmp_path, "docker/Dockerfile"), folder=tmp_path, resolution=Resolution.COMPATIBLE,
    )  # fmt: skip
    assert EnvironmentDefinition.from_json(definition.to_json()) == definition
    assert EnvironmentDefinition.from_json(EnvironmentDefinition(image="x").to_json()) == EnvironmentDefinition(
        image="x"
    )
