from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from lapisml.backends.environments.catalogue import Catalogue, normalise_image
from lapisml.backends.environments.uv.conda import parse_conda
from lapisml.core.errors import LapisError

PUBLIC_NAMES = [
    "sklearn-1.5", "AzureML-sklearn-1.5", "sklearn-1.0", "AzureML-sklearn-1.0-ubuntu20.04-py38-cpu",
    "AzureML-sklearn-0.24-ubuntu18.04-py37-cpu", "AzureML-lightgbm-3.3", "responsibleai-tabular",
    "AzureML-tensorflow-2.16-cuda12", "acpt-pytorch-2.8-cuda12.6", "AzureML-ACPT-pytorch-1.12-py39-cuda11.6-gpu",
    "AzureML-pytorch-1.9-ubuntu18.04-py37-cuda11-gpu",
]  # fmt: skip

PUBLIC_IMAGES = [
    ("python", None),
    ("docker.io/python", None),
    ("library/python:latest", None),
    ("python:3", None),
    ("python:3-slim", None),
    ("python:slim-bookworm", None),
    ("library/python:3.11.6", "3.11.6"),
    ("python:3.8", "3.8"),
    ("python:3.10-slim-bullseye", "3.10"),
    ("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04", "3.8"),
    ("mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:latest", "3.10"),
    ("mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.8-cudnn8-ubuntu22.04:latest", "3.10"),
    ("mcr.microsoft.com/azureml/openmpi3.1.2-ubuntu18.04:20220113.v1", "3.7"),
    ("mcr.microsoft.com/azureml/minimal-py312-inference:latest", "3.12"),
    ("mcr.microsoft.com/azureml/minimal-ubuntu20.04-py39-cpu-inference:latest", "3.9"),
    ("mcr.microsoft.com/azureml/mlflow-ubuntu18.04-py37-cpu-inference:20220110.v1", "3.7"),
    ("mcr.microsoft.com/azureml/curated/tensorflow-2.12-cuda11:latest", "3.10"),
    ("mcr.microsoft.com/azureml/curated/sklearn-1.5:28", "3.10"),
    ("ubuntu:22.04", None),
    ("continuumio/miniconda3", None),
    ("pytorch/pytorch:latest", None),
    ("pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime", None),
]


def test_every_curated_environment_is_a_document_that_can_be_read() -> None:
    catalogue = Catalogue()
    assert len(catalogue.names()) > 30
    for name in catalogue.names():
        document = catalogue.lookup(name)
        assert document is not None
        assert document["name"] == name
        conda = parse_conda(document["conda_file"])
        assert conda.packages
        assert conda.notes == []
        image = catalogue.image(document["image"])
        assert image is not None, name
        assert list(image.packages) == document["conda_file"]["dependencies"][1]["pip"]


@pytest.mark.parametrize("name", PUBLIC_NAMES)
def test_names_of_public_examples_are_known(name: str) -> None:
    document = Catalogue().lookup(name)
    assert document is not None
    assert name in Catalogue().names()
    assert "mlflow" in document["conda_file"]["dependencies"][1]["pip"]


def test_any_number_is_a_version_of_a_curated_name() -> None:
    document = Catalogue().lookup("responsibleai-tabular", "28")
    assert document is not None
    assert document["version"] == "28"
    for version in ("latest", "1.0", "", "-1"):
        assert Catalogue().lookup("sklearn-1.5", version) is None
    assert Catalogue().lookup("sklearn-9.9") is None


@pytest.mark.parametrize(("image", "python"), PUBLIC_IMAGES)
def test_images_of_public_examples_are_known(image: str, python: str | None) -> None:
    content = Catalogue().image(image)
    assert content is not None
    assert content.python == python
    assert all(Requirement(line) for line in content.packages)


@pytest.mark.parametrize("image", ["python:2.7", "nobody/knows:1", "pythonx:3.8", "x/azureml/openmpi-ubuntu20.04"])
def test_other_images_are_not(image: str) -> None:
    assert Catalogue().image(image) is None


def test_the_version_in_a_tag_is_the_packages() -> None:
    content = Catalogue().image("pytorch/pytorch:2.1.0-cuda12.1-cudnn8-runtime")
    assert content is not None
    assert "torch==2.1.0" in content.packages
    assert "CUDA" in content.absent


def test_an_own_catalogue_comes_first(tmp_path: Path) -> None:
    own = tmp_path / "catalogue.yaml"
    own.write_text(
        "environments: {ours: {image: reg.example/ours, python: '3.11', packages: [six]}}\n"
        "images:\n- {pattern: 'reg\\.example/ours:.*', environment: ours}\n"
        "- {pattern: 'python:3\\.8.*', python: '3.9'}\n"
    )
    catalogue = Catalogue(own)
    assert (catalogue.lookup("ours") or {})["image"] == "reg.example/ours:latest"
    ours, replaced = catalogue.image("reg.example/ours"), catalogue.image("python:3.8")
    assert ours is not None
    assert ours.packages == ("six",)
    assert replaced is not None
    assert replaced.python == "3.9"
    assert catalogue.lookup("sklearn-1.5") is not None


def test_a_catalogue_of_another_form_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "catalogue.yaml"
    own.write_text("enviroments: {}\n")
    with pytest.raises(LapisError, match=str(own)):
        Catalogue(own).names()


@pytest.mark.parametrize(
    ("name", "normal"),
    [
        ("python", "python:latest"),
        ("index.docker.io/library/python:3.8", "python:3.8"),
        ("localhost:5000/python", "localhost:5000/python:latest"),
        ("a/b:1@sha256:" + "0" * 64, "a/b:1"),
    ],
)
def test_an_images_name_has_one_form(name: str, normal: str) -> None:
    assert normalise_image(name) == normal
