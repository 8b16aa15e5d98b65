"""Keeping what a job made, in stores that may be away for a while.

A store that does not answer is waited for: the job is finalizing meanwhile, and says why. One that refuses (no such
bucket, wrong credentials) ends the job at once, as does a request to end it.
"""

from __future__ import annotations

import time
from typing import Any

from lapisml.runner.data import Stage
from lapisml.runner.job import Job
from lapisml.runner.tools import StoppedError, ToolError

PATIENCE_S = 24 * 3600
"""How long a store may be away before what a job made is given up, seconds."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S, _LOOK_S = 1.0, 15.0, 0.1


def keeper(job: Job) -> Stage:
    """Return what stores a job's outputs and artifacts.

    When the job was asked to end before this, its logs are stored all the same, in one attempt.
    """
    if job.is_canceled():
        return lambda requests: job.stage(requests, lambda: False)
    return lambda requests: _patiently(job, requests)


def _patiently(job: Job, requests: list[dict[str, Any]]) -> dict[str, str]:
    began, pause, told = time.monotonic(), _FIRST_PAUSE_S, ""
    while True:
        try:
            return job.stage(requests)
        except ToolError as error:
            if not error.passes or time.monotonic() - began > PATIENCE_S:
                raise
            if str(error) != told:
                told = str(error)
                sentence = f"Finalizing: {told} It is tried again until the storage answers."
                job.journal.record("finalizing", sentence, detail={"step": "Waiting"})
        _rest(job, pause)
        pause = min(_LONGEST_PAUSE_S, pause * 2)


def _rest(job: Job, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if job.is_canceled():
            raise StoppedError
        time.sleep(_LOOK_S)
