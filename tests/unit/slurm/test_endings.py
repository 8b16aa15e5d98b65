"""Why Slurm ends a job: what a runner on a node finds out, and what is remembered of an ending that Slurm forgets."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lapisml.backends.compute.local.folders import Known
from lapisml.backends.compute.slurm.course import Course
from lapisml.backends.compute.slurm.options import SlurmOptions
from lapisml.backends.compute.slurm.start import Keeper
from lapisml.backends.compute.slurm.states import JobState
from lapisml.ports.compute import EndReason, JobPhase
from lapisml.runner import layout
from tests.support.polling import eventually

COMPLETING = "JobId=7 JobState=COMPLETING Reason=None PreemptTime=None"


@pytest.mark.parametrize(
    ("nodes", "reason", "named"),
    [
        ("n1 completing\\nn2 down*", EndReason.NODE_LOST, "n2"),
        ("n1 completing\\nn2 down", EndReason.NODE_LOST, "n2"),
        ("n1 completing\\nn2 completing", EndReason.ENDED_BY_COMPUTE, ""),
        ("", EndReason.ENDED_BY_COMPUTE, ""),
    ],
)
def test_a_job_that_is_ended_since_another_of_its_nodes_is_lost_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nodes: str, reason: EndReason, named: str
) -> None:
    """Slurm only says that the job is COMPLETING, as it does when somebody cancels it."""
    for name, text in (("scontrol", COMPLETING), ("sinfo", nodes)):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nprintf '{text}\\n'\n")
        program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_JOB_NODELIST", "n[1-2]")
    monkeypatch.setenv("SLURMD_NODENAME", "n1")
    Keeper(tmp_path)._explain()
    said = json.loads((tmp_path / layout.COMPUTE).read_text())
    assert (said["reason"], said["words"].get("node", "")) == (reason.value, named)


def test_an_ending_that_slurm_forgets_meanwhile_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It keeps what is over for a few seconds only on some clusters; the job's own words may take longer."""
    nothing: Any = None
    slurm: Any = SimpleNamespace(accounting_trouble="")
    ended: list[JobState] = []

    def end(_course: Course, _folder: Path, state: JobState) -> tuple[JobPhase, str]:
        ended.append(state)
        return JobPhase.ENDED, ""

    monkeypatch.setattr(Course, "_end", end)
    known, over = Known("key", JobPhase.RUNNING, "Running."), JobState("7", "NODE_FAIL", "n2")
    course = Course(nothing, slurm, nothing, nothing, SlurmOptions(settle_s=0.05, lost_after_s=600), nothing)
    assert course.placed(tmp_path, known, "7", None)[0] is JobPhase.UNKNOWN
    assert course.placed(tmp_path, known, "7", over)[0] is JobPhase.RUNNING
    eventually(lambda: course.placed(tmp_path, known, "7", None)[0] is JobPhase.ENDED)
    assert ended[0] == over
