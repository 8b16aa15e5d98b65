"""What the engine of a cluster says about the end of a job, in ``compute.json`` of its folder.

The file is ``{"reason": EndReason, "words": {…}, "final": bool}``. A *final* one is written when the engine knows that
nothing of the job runs any more: the command is never started or taken over then. Another one is written beside the
running job, when the engine tells its processes to end; it counts if they end because of that.
"""

from __future__ import annotations

import os
import time
from typing import Any

from lapisml.ports.endings import EndReason
from lapisml.runner import durable, layout
from lapisml.runner.endings import JobEndError
from lapisml.runner.job import Job

_ASKED_TO_END = frozenset({2, 9, 15})
_SAYS_WITHIN_S = 5.0
"""A busy controller takes a while to tell what it does with a job whose processes it has told to end."""
_LOOK_EVERY_S = 0.02


def write(folder: str, reason: EndReason, words: dict[str, str], *, final: bool) -> None:
    """Write down why the engine ends a job, or has ended it.

    Raises:
        OSError: the file can't be written.
    """
    path = os.path.join(folder, layout.COMPUTE)
    durable.write_json(path, {"reason": reason.value, "words": words, "final": final}, sync=True)


def final_verdict(job: Job) -> JobEndError | None:
    """Return the end of a job of which the engine says that nothing runs any more, None without such a word."""
    said = job.read(layout.COMPUTE)
    return _end(said) if isinstance(said, dict) and said.get("final") else None


def verdict_on(job: Job, end: JobEndError, status: dict[str, Any]) -> JobEndError:
    """Return how a job ended whose command has ended.

    Args:
        job: the job.
        end: as the command's exit status says.
        status: content of ``child.json``.
    """
    number = status.get("signal") or (status.get("exit_code") or 0) - 128
    if end.reason is EndReason.SUCCEEDED or number not in _ASKED_TO_END:
        return end
    said = job.read(layout.COMPUTE)
    deadline = time.monotonic() + (_SAYS_WITHIN_S if os.environ.get(layout.COMPUTE_VARIABLE) else 0.0)
    while said is None and time.monotonic() < deadline:
        time.sleep(_LOOK_EVERY_S)
        said = job.read(layout.COMPUTE)
    return _end(said) if isinstance(said, dict) else end


def _end(said: dict[str, Any]) -> JobEndError:
    return JobEndError(EndReason(said["reason"]), **said["words"])
