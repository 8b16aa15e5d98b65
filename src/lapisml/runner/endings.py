"""From a cause to the ending that ``exit.json`` records."""

from __future__ import annotations

import os
from typing import Any

from lapisml.ports.endings import OUTCOMES, SENTENCES, EndReason
from lapisml.runner import layout
from lapisml.runner.journal import now_ms

_TAIL_BYTES = 4096
_TAIL_LINES = 20
_CONTROLS = {code: "\ufffd" for code in range(32) if chr(code) not in "\n\r\t"}
_SENTENCE_LENGTH = 2000
_EXIT_MEANINGS = {126: " (not executable)", 127: " (command not found)"}


class JobEndError(Exception):
    """Ends the job's course: carries the reason and the words for its sentence.

    Attributes:
        reason: the one cause.
        sentence: for the person.
        at: when that came about, ms since the epoch; None means when the command ended.
    """

    def __init__(self, reason: EndReason, **words: str) -> None:
        words = {"host": os.uname().nodename, "held": "the job's folder", **words}
        super().__init__(SENTENCES[reason].format(**words)[:_SENTENCE_LENGTH])
        self.at: int | None = None
        self._words = words
        self.reason = reason
        self.sentence = str(self)

    def of(self, subject: str) -> JobEndError:
        """Return the same end, told of one of the job's processes."""
        named = JobEndError(self.reason, **self._words)
        named.sentence = f"{subject}: {self.sentence}"[:_SENTENCE_LENGTH]
        return named


def ending(end: JobEndError, folder: str, status: dict[str, Any] | None = None) -> dict[str, Any]:
    """Make the content of ``exit.json``.

    Args:
        end: how the job ended.
        folder: the job's folder; the end of its log is taken along when the job did not complete.
        status: content of ``child.json``, None when the command never started or its status is lost.
    """
    status, reason, now = status or {}, end.reason, now_ms()
    outcome = OUTCOMES[reason].value
    return {
        "outcome": outcome,
        "reason_code": reason.value,
        "reason": end.sentence,
        "exit_code": status.get("exit_code"),
        "signal": status.get("signal"),
        "started_at": status.get("started_at"),
        "command_ended_at": status.get("ended_at"),
        "cause_at": end.at or status.get("ended_at") or now,
        "ended_at": now,
        "log_tail": "" if reason is EndReason.SUCCEEDED else log_tail(os.path.join(folder, layout.STD_LOG)),
    }


def of_status(status: dict[str, Any], oom_kills: int | None) -> JobEndError:
    """Say how a command ended that ended by itself, from its status.

    Args:
        status: content of ``child.json``.
        oom_kills: processes killed by the kernel for lack of memory while it ran; None when it can't be known.
    """
    code, number = status.get("exit_code"), status.get("signal")
    killed = number == 9 or code == 137
    if killed and oom_kills:
        evidence = f"the kernel counts {oom_kills} such kill{'s' if oom_kills > 1 else ''} during the run"
        return JobEndError(EndReason.OUT_OF_MEMORY, evidence=evidence)
    if number == 9:
        return JobEndError(EndReason.KILLED)
    if number is not None:
        return JobEndError(EndReason.SIGNALLED, signal=signal_name(number))
    if code == 0:
        return JobEndError(EndReason.SUCCEEDED)
    return JobEndError(EndReason.EXIT_CODE, code=str(code), meaning=_meaning(code or 0))


def signal_name(number: int) -> str:
    """Write 11 as ``11 (SIGSEGV)``."""
    from signal import Signals

    try:
        return f"{number} ({Signals(number).name})"
    except ValueError:
        return str(number)


def log_tail(path: str, begin: int = 0) -> str:
    """Return the last lines of a log, at most 20 and 4 KiB; bytes that are no text are replaced.

    Args:
        path: the log.
        begin: how many of its bytes, from the beginning, are of no interest.
    """
    try:
        with open(path, "rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(begin if begin <= size else 0, size - _TAIL_BYTES))
            data = file.read(_TAIL_BYTES)
    except OSError:
        return ""
    lines = data.decode("utf-8", errors="replace").translate(_CONTROLS).splitlines()
    if len(data) == _TAIL_BYTES and len(lines) > 1:
        lines = lines[1:]
    return "\n".join(lines[-_TAIL_LINES:])


def _meaning(code: int) -> str:
    if code in _EXIT_MEANINGS:
        return _EXIT_MEANINGS[code]
    if 128 < code < 160:
        return f", so a process of it was ended by signal {signal_name(code - 128)}"
    return ""
