"""The helper that makes faster forms, asked as the keeper asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest


def ask(model: Path, **changes: Any) -> dict[str, Any]:
    """Run the helper over a model folder and return its last word."""
    asked = {
        "model_path": str(model),
        "threads": 1,
        "cache": str(model.parent / "accelerated"),
        "python": sys.executable,
        "environment": None,
        "env": {},
        **changes,
    }
    argv = [sys.executable, "-I", "-c", "from lapisml.runner.serving.conversion import main; main()"]
    done = subprocess.run(argv, input=json.dumps(asked), capture_output=True, text=True, check=True, timeout=120)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("flavors: {python_function: {}, pytorch: {}}", "models of flavour pytorch are served as they are"),
        ("flavors: {python_function: {}}", "models of flavour python_function are served as they are"),
        ("flavors: [", "its MLmodel file can't be read"),
        (None, "its MLmodel file can't be read"),
    ],
)
def test_what_no_converter_knows_is_refused_before_anything_is_built(
    tmp_path: Path, content: str | None, reason: str
) -> None:
    model = tmp_path / "model"
    model.mkdir()
    if content is not None:
        (model / "MLmodel").write_text(content)
    assert ask(model) == {"error": reason}
    assert not (tmp_path / "accelerated").exists()


def test_a_conversion_that_breaks_is_a_reason_and_leaves_no_scratch(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}")
    assert ask(model)["error"].startswith("its conversion ended with exit code 1: ")
    (made,) = (tmp_path / "accelerated").iterdir()
    assert not list(made.glob("scratch*"))


def test_what_was_made_before_is_taken_and_other_content_is_made_anew(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text("flavors: {sklearn: {pickled_model: model.pkl}}")
    ask(model)
    (made,) = (tmp_path / "accelerated").iterdir()
    (made / "report.json").write_text('{"accelerated": false, "reason": "no"}')
    (made / "environment.json").write_text("{}")
    assert ask(model) == {"folder": str(made), "ready": None}
    (model / "MLmodel").write_text("flavors: {sklearn: {pickled_model: other.pkl}}")
    assert "error" in ask(model)


def test_an_environment_that_can_not_be_had_with_the_converters_is_a_reason(tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "MLmodel").write_text("flavors: {sklearn: {}}")
    environment = {
        "key": "k",
        "root": str(tmp_path / "environments"),
        "builder": "lapisml.backends.environments.uv:UvEnvironmentBuilder",
        "options": {"root": str(tmp_path / "environments"), "offline": True},
        "definition": {"requirements": ["-r other.txt"]},
    }
    assert ask(model, environment=environment)["error"].startswith("its environment can't be had together with")
