"""One source, two packages: the document that Lapis makes is the one that azure.ai.ml makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lapisml.documents.loading import load_dict
from tests.compat.dsl.differences import in_common_words
from tests.support.processes import clean_environment

HERE = Path(__file__).parent
PROGRAMS = sorted((HERE / "programs").glob("*.py"))
NAMES = [program.stem for program in PROGRAMS]


@pytest.fixture(params=PROGRAMS, ids=NAMES)
def program(request: pytest.FixtureRequest) -> Path:
    return Path(request.param)


def recorded(program: Path) -> Any:
    return json.loads((HERE / "recorded" / f"{program.stem}.json").read_text())


def lapis_job(program: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run a program with `lapisml` in the place of `azure.ai.ml`."""
    monkeypatch.chdir(program.parent)
    source = program.read_text().replace("azure.ai.ml", "lapisml")
    scope: dict[str, Any] = {"__name__": "program", "__file__": str(program)}
    exec(compile(source, str(program), "exec"), scope)
    return scope["job"]


def test_lapis_makes_the_document_that_azure_made(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = json.dumps(lapis_job(program, monkeypatch).to_dict())
    ours = json.loads(text.replace(f"{program.parent}/", "./"))
    assert in_common_words(ours) == in_common_words(recorded(program))


def test_the_document_is_valid_and_stays_the_same(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = lapis_job(program, monkeypatch).to_dict()
    loaded = load_dict(document, kind="job", base_dir=program.parent)
    assert loaded.validated().to_dict() == document


@cache
def azure_python() -> str:
    """Find an interpreter that has azure.ai.ml: AZURE_AI_ML_PYTHON, else this one; empty for none."""
    for python in (os.environ.get("AZURE_AI_ML_PYTHON"), sys.executable):
        if python is None:
            continue
        done = subprocess.run([python, "-c", "import azure.ai.ml"], capture_output=True, check=False)
        if done.returncode == 0:
            return python
    return ""


def test_azure_still_makes_what_was_recorded(program: Path) -> None:
    if not azure_python():
        pytest.skip("azure.ai.ml is not importable here; AZURE_AI_ML_PYTHON may name an interpreter that has it")
    done = subprocess.run(
        [azure_python(), str(HERE / "azure_document.py"), str(program)],
        capture_output=True, text=True, check=True, env=clean_environment(),
    )  # fmt: skip
    assert json.loads(done.stdout) == recorded(program)
