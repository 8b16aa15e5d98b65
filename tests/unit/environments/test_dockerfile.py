from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.backends.environments.catalogue import Catalogue
from lapisml.backends.environments.uv.dockerfile import DockerContent, read_dockerfile
from lapisml.core.errors import ErrorCode, LapisError


def read(folder: Path, text: str, **files: str) -> DockerContent:
    (folder / "Dockerfile").write_text(text)
    for name, content in files.items():
        (folder / f"{name}.txt").write_text(content)
    return read_dockerfile(folder, "Dockerfile", Catalogue().image)


def test_a_python_and_a_requirements_file(tmp_path: Path) -> None:
    text = """
#FROM somewhere/else
FROM python:3.8

# python installs
COPY requirements.txt .
RUN pip install -r requirements.txt && rm requirements.txt

CMD ["bash"]
"""
    found = read(tmp_path, text, requirements="six==1.16\ntomli\n")
    assert found.base.python == "3.8"
    assert list(map(str, found.found.items)) == ["six==1.16", "tomli"]


def test_a_list_of_packages_over_several_lines(tmp_path: Path) -> None:
    text = """FROM python:3.8.13
# Install pip dependencies
RUN pip install 'matplotlib>=3.3,<3.4' \\
                'psutil>=5.8,<5.9' \\
                # the model
                azureml-core \\
                "scikit-learn==1.2.2"
"""
    names = [r.name for r in read(tmp_path, text).found.items]
    assert names == ["matplotlib", "psutil", "azureml-core", "scikit-learn"]


@pytest.mark.parametrize(
    ("run", "requirements"),
    [
        ("python -m pip install --no-cache-dir -U six", ["six"]),
        ("pip3 install six==1.15 && pip install six==1.16", ["six==1.16"]),
        ("conda run -p /envs/x pip install -q six; conda clean -a -y", ["six"]),
        ("python3.8 -m pip install six && pip cache purge", ["six"]),
        ("pip install -U 'tool>=0.2; python_version<\"4\"'", ["tool"]),
        ("sudo pip install six", ["six"]),
    ],
)
def test_forms_of_pip(tmp_path: Path, run: str, requirements: list[str]) -> None:
    found = read(tmp_path, f"FROM python:3.11\nRUN {run}\n").found.items
    assert [str(r).partition(">")[0] for r in found] == requirements


def test_files_are_found_where_they_were_copied_to(tmp_path: Path) -> None:
    (tmp_path / "deps").mkdir()
    (tmp_path / "deps" / "base.txt").write_text("six\n")
    text = "FROM python\nWORKDIR /app\nCOPY deps /tmp/deps/\nADD limits.txt l.txt\n"
    text += "RUN pip install -r /tmp/deps/base.txt -c /app/l.txt\n"
    found = read(tmp_path, text, limits="six<2\n").found
    assert (list(map(str, found.items)), list(map(str, found.constraints))) == (["six"], ["six<2"])


def test_a_conda_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "conda.yaml").write_text("dependencies: [python=3.9, six=1.16, {pip: [tomli]}]")
    text = "FROM mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04\nCOPY conda.yaml /tmp/conda.yaml\n"
    text += "RUN conda env update -n amlenv --file /tmp/conda.yaml"
    found = read(tmp_path, text)
    assert str(found.python) == "==3.9.*"
    assert list(map(str, found.found.items)) == ["six==1.16.*", "tomli"]


def test_files_that_only_the_image_would_have_are_named(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    found = read(tmp_path, "FROM python\nCOPY . /app/\nRUN pip install -r /app/r.txt\n", r="six\n")
    assert len(found.notes) == 1
    assert "app.py" in found.notes[0]
    assert read(tmp_path, "FROM python\nCOPY r.txt .\nRUN pip install -r r.txt\n", r="six\n").notes == []


def test_a_build_argument_is_filled_in(tmp_path: Path) -> None:
    found = read(tmp_path, "ARG PY=3.9\nFROM python:${PY}\nARG V=1.16\nRUN pip install six==$V\n")
    assert (found.base.python, str(found.found.items[0])) == ("3.9", "six==1.16")


def test_a_variable_of_the_image_is_named(tmp_path: Path) -> None:
    found = read(tmp_path, "FROM python:3.11\nENV PATH=/x:$PATH\nENV MODEL_DIR /models\n")
    assert len(found.notes) == 1
    assert "MODEL_DIR" in found.notes[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("FROM nobody/knows:1\n", 1),
        ("FROM python:3.11\n\nRUN apt-get update && apt-get install -y gcc\n", 3),
        ("FROM python:3.11\nRUN pip install $(cat list)\n", 2),
        ("FROM python:3.11 AS build\n", 1),
        ("FROM python:3.11\nFROM python:3.12\n", 2),
        ("FROM python:3.11\nCOPY --from=build /a /b\n", 2),
        ("FROM python:3.11\nRUN pip install six \\\n && \\\n curl http://x | sh\n", 2),
        ("FROM python:3.11\nVOLUME /data\n", 2),
        ("RUN pip install six\n", 1),
        ("ARG PY\nFROM python:$PY\n", 1),
        ('FROM python:3.11\nRUN ["pip", "install", "six"]\n', 2),
    ],
)
def test_what_needs_a_container_engine_is_refused_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(LapisError, match=rf"Dockerfile:{line}: .*container engine") as caught:
        read(tmp_path, text)
    assert caught.value.code == ErrorCode.NOT_SUPPORTED
    assert "pip install" in (caught.value.hint or "")


def test_nothing_outside_the_context_is_read(tmp_path: Path) -> None:
    context = tmp_path / "context"
    context.mkdir()
    (tmp_path / "secret.txt").write_text("six\n")
    for text in ("COPY ../secret.txt s.txt\nRUN pip install -r s.txt", "RUN pip install -r ../secret.txt"):
        with pytest.raises(LapisError):
            read(context, f"FROM python:3.11\n{text}\n")
    with pytest.raises(LapisError):
        read_dockerfile(context, "../secret.txt", Catalogue().image)


def test_an_empty_or_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LapisError, match="FROM"):
        read(tmp_path, "# nothing\n")
    with pytest.raises(LapisError, match="cannot be read"):
        read_dockerfile(tmp_path, "docker/Dockerfile", Catalogue().image)
