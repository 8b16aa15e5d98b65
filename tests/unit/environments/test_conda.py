from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from packaging.specifiers import SpecifierSet

from lapisml.backends.environments.uv.conda import conda_names, parse_conda
from lapisml.core.errors import ErrorCode, LapisError


def conda(*dependencies: Any, **keys: Any) -> dict[str, Any]:
    return {"name": "e", "channels": ["conda-forge"], "dependencies": list(dependencies), **keys}


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("numpy", "numpy"),
        ("numpy=1.21.2", "numpy==1.21.2.*"),
        ("numpy=1.21", "numpy==1.21.*"),
        ("numpy==1.21.2", "numpy==1.21.2"),
        ("numpy 1.21.*", "numpy==1.21.*"),
        ("numpy 1.21", "numpy==1.21.*"),
        ("numpy=1.21.2=py38_0", "numpy==1.21.2.*"),
        ("numpy >=1.20,<1.22", "numpy<1.22,>=1.20"),
        ("numpy>=1.20", "numpy>=1.20"),
        ("numpy=*", "numpy"),
        ("numpy[version='>=1.20']", "numpy>=1.20"),
        ("conda-forge::numpy=1.21", "numpy==1.21.*"),
        ("pytorch=2.1", "torch==2.1.*"),
        ("matplotlib-base", "matplotlib"),
        ("scikit-learn=1.5", "scikit-learn==1.5.*"),
        ("Pandas~=1.5.3", "pandas~=1.5.3"),
    ],
)
def test_a_package_becomes_its_pypi_requirement(text: str, requirement: str) -> None:
    assert list(map(str, parse_conda(conda(text)).packages)) == [requirement]


@pytest.mark.parametrize(
    ("text", "fitting", "unfitting"),
    [
        ("python=3.8", "3.8.18", "3.9.0"),
        ("python=3.8.5", "3.8.5", "3.8.6"),
        ("python==3.8.5", "3.8.5", "3.8.6"),
        ("python>=3.9,<3.11", "3.10.2", "3.11.0"),
        ("python 3.10.*", "3.10.1", "3.1.0"),
    ],
)
def test_the_python_is_a_set_of_versions(text: str, fitting: str, unfitting: str) -> None:
    python = parse_conda(conda(text)).python
    assert isinstance(python, SpecifierSet)
    assert fitting in python
    assert unfitting not in python


def test_without_python_none_is_asked_for() -> None:
    assert parse_conda(conda("numpy")).python is None


def test_the_pip_list_decides_over_conda_and_carries_sources() -> None:
    found = parse_conda(
        conda("python=3.10", "numpy=1.21", "scipy=1.7", {"pip": ["--extra-index-url https://x/simple", "NumPy==1.22"]})
    )
    assert list(map(str, found.packages)) == ["scipy==1.7.*", "NumPy==1.22"]
    assert found.options.extra_index_urls == ("https://x/simple",)


def test_a_requirements_file_beside_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.16\n# comment\ntomli\n")
    found = parse_conda(conda({"pip": ["-r requirements.txt"]}), tmp_path)
    assert list(map(str, found.packages)) == ["six==1.16", "tomli"]


def test_parts_of_conda_itself_are_left_out_and_named_if_pinned() -> None:
    found = parse_conda(conda("pip", "pip=21.2.4", "openssl", "cudatoolkit=11.3", "libgcc-ng"))
    assert found.packages == []
    assert len(found.notes) == 2
    assert "pip=21.2.4" in found.notes[0]
    assert "cudatoolkit=11.3" in found.notes[1]


def test_an_unusual_channel_is_named() -> None:
    assert "bioconda" in parse_conda(conda("six", channels=["conda-forge", "bioconda"])).notes[0]
    assert parse_conda(conda("six", channels=["defaults", "Anaconda", "pytorch"])).notes == []


@pytest.mark.parametrize("name", ["r-base", "r-ggplot2=3", "openjdk=8", "ffmpeg", "gdal"])
def test_what_pypi_does_not_have_is_refused_by_name(name: str) -> None:
    with pytest.raises(LapisError) as caught:
        parse_conda(conda(name))
    assert caught.value.code == ErrorCode.NOT_SUPPORTED
    assert name.partition("=")[0] in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"dependencies": "numpy"}, "list"),
        (conda({"conda": ["x"]}), "pip:"),
        (conda({"pip": "six"}), "list"),
        (conda("==1"), "not a package"),
        (conda({"pip": ["six =="]}), "not a requirement"),
        ({"dependencies": [], "dependancies": []}, "dependancies"),
    ],
)
def test_what_is_no_conda_file_is_refused(document: dict[str, Any], words: str) -> None:
    with pytest.raises(LapisError, match=words) as caught:
        parse_conda(document)
    assert caught.value.code == ErrorCode.DOCUMENT_INVALID


def test_versions_that_pypi_cannot_express_are_refused() -> None:
    with pytest.raises(LapisError, match=r"1\.2\|1\.3"):
        parse_conda(conda("numpy=1.2|1.3"))


def test_variables_are_refused_with_the_place_for_them() -> None:
    with pytest.raises(LapisError) as caught:
        parse_conda(conda("six", variables={"A": "1"}))
    assert "environment_variables" in (caught.value.hint or "")


def test_the_table_of_names_has_no_word_twice() -> None:
    names = conda_names()
    groups = [set(names.renamed), names.harmless, names.accelerator, names.absent]
    assert sum(map(len, groups)) == len(set().union(*groups))
    assert all(key == key.lower() for group in groups for key in group)


@pytest.mark.parametrize(
    ("packages", "constraints"),
    [
        (["scikit-learn=1.2.2", "numpy"], ["numpy<2"]),
        (["scikit-learn=1.2"], ["numpy<2"]),
        (["pandas<2"], ["numpy<2"]),
        (["scipy==1.10.1", "numpy=1.23"], []),
        (["scikit-learn=1.2.2", "numpy>=2"], []),
        (["scikit-learn=1.4"], []),
        (["scikit-learn=1.7.0"], []),
        (["scikit-learn>=1.0"], []),
        (["pandas<=2.2.2"], []),
        (["scikit-learn"], []),
        ([{"pip": ["scikit-learn==1.2.2"]}], []),
    ],
)
def test_versions_of_before_numpy_2_are_kept_from_it(packages: list[Any], constraints: list[str]) -> None:
    assert [str(one) for one in parse_conda(conda(*packages)).constraints] == constraints
