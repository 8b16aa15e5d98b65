"""A job's own Ray against the cluster's: what can't agree is refused with what is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lapisml.runner import child
from lapisml.runner.distributed import ray
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job


def _launch(tmp_path: Path, version: str | None, python: str = "3.11") -> child.Launch:
    """Make a launch whose environment has this Ray."""
    program = tmp_path / "env" / "bin" / "ray"
    program.parent.mkdir(parents=True)
    if version is not None:
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
        (tmp_path / "env" / "lib" / f"python{python}" / "site-packages" / f"ray-{version}.dist-info").mkdir(
            parents=True
        )
    env = {"PATH": str(program.parent), ray.GIVEN: "10.0.0.1:6379", ray.GIVEN_VERSIONS: "2.60.0 3.11.7"}
    return child.Launch(str(tmp_path), ["true"], env, str(tmp_path / "log"), 0o077)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A job of one part."""
    made = object.__new__(Job)
    made.folder, made.spec = str(tmp_path), {"distribution": {"type": "ray"}}
    return made


@pytest.mark.parametrize("version", ["2.60.0", None])
def test_what_agrees_or_is_not_there_is_let_pass(tmp_path: Path, job: Job, version: str | None) -> None:
    launch = _launch(tmp_path, version)
    ray.prepare(job, launch)
    assert launch.env["RAY_ADDRESS"] == "10.0.0.1:6379"
    assert ray.GIVEN_VERSIONS not in launch.env


@pytest.mark.parametrize(
    ("version", "python", "words"),
    [
        ("2.50.1", "3.11", "has Ray 2.50.1, and the cluster has 2.60.0: put `ray==2.60.0` into it"),
        ("2.60.0", "3.12", "has Python 3.12, and the cluster's Ray has 3.11"),
    ],
)
def test_what_does_not_agree_is_refused(tmp_path: Path, job: Job, version: str, python: str, words: str) -> None:
    with pytest.raises(JobEndError) as refused:
        ray.prepare(job, _launch(tmp_path, version, python))
    assert words in refused.value.sentence
