"""The environment of a graph holds what the model's own holds, and the converters."""

from __future__ import annotations

from pathlib import Path

from lapisml.runner.serving.conversion import PACKAGES, pinned

LOCK = """# Python 3.11.7
numpy==1.26.4 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
own-package @ file:///srv/own.whl
scikit-learn==1.5.2 ; python_version >= "3.9" \\
    --hash=sha256:cc
"""


def test_versions_are_those_of_the_lock(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(LOCK)
    ready = {"lock": str(tmp_path / "requirements.lock"), "python_version": "3.11.7"}
    asked = {"dependencies": ["python=3.11", "numpy", {"pip": ["--index-url https://packages.example", "own-package"]}]}
    made = pinned({"name": "sk", "version": "3", "conda": asked, "resolution": "exact"}, ready)
    assert made is not None
    assert made["conda"]["dependencies"][0] == "python=3.11"
    assert made["conda"]["dependencies"][2]["pip"] == [
        "--index-url https://packages.example",
        "numpy==1.26.4",
        "own-package @ file:///srv/own.whl",
        'scikit-learn==1.5.2 ; python_version >= "3.9"',
        *PACKAGES,
    ]
    assert made["resolution"] == "exact"


def test_without_a_lock_there_is_nothing_to_pin(tmp_path: Path) -> None:
    ready = {"lock": str(tmp_path / "none"), "python_version": "3.11.7"}
    assert pinned({"conda": None, "resolution": "exact"}, ready) is None
    assert pinned({"conda": None, "resolution": "exact"}, None) is None
    (tmp_path / "none").write_text(LOCK)
    assert pinned({"conda": None, "resolution": "host"}, ready) is None
