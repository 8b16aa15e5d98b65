"""What an MLflow model says that it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.storage.fsspec_storage import FsspecStorage
from lapisml.core.errors import ErrorCode, LapisError
from lapisml.ports.storage import StorageLocation
from lapisml.server.features.assets.model_environment import model_environment

CONDA = "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.7\n- pip\n- pip:\n  - scikit-learn==1.7.0\n"


def of(folder: Path) -> object:
    """Read the environment of the model in a folder."""
    return model_environment(FsspecStorage(), StorageLocation("file", str(folder)))


def test_a_conda_file_comes_first(tmp_path: Path) -> None:
    (tmp_path / "conda.yaml").write_text(CONDA)
    (tmp_path / "requirements.txt").write_text("other\n")
    assert of(tmp_path) == {
        "conda_file": {
            "name": "x",
            "channels": ["conda-forge"],
            "dependencies": ["python=3.11.7", "pip", {"pip": ["scikit-learn==1.7.0"]}],
        }
    }


def test_requirements_with_their_python(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# what it needs\nmlflow==3.1\n\nscikit-learn\n")
    (tmp_path / "python_env.yaml").write_text("python: 3.10.12\ndependencies: [-r requirements.txt]\n")
    needs = ["python=3.10.12", "pip", {"pip": ["mlflow==3.1", "scikit-learn"]}]
    assert of(tmp_path) == {"conda_file": {"dependencies": needs}}


def test_requirements_alone(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("scikit-learn\n")
    assert of(tmp_path) == {"requirements": ["scikit-learn"]}


def test_a_model_that_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {}\n")
    assert of(tmp_path) is None


def test_a_conda_file_that_can_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "conda.yaml").write_text("a: &x [1]\nb: *x\n")
    with pytest.raises(LapisError, match=r"conda\.yaml") as caught:
        of(tmp_path)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
