"""Following a job on a terminal or in a pipe: its log on stdout, what happens to it on stderr."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import deque
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lapisml.cli.context import note, show
from lapisml.cli.output import use_color
from lapisml.sdk.streaming import COMPOSITE, Follower

if TYPE_CHECKING:
    from lapisml.sdk.operations.jobs import JobOperations

TAIL_LINES = 10
_TAIL_BYTES = 8192


def follow_job(args: Namespace, jobs: JobOperations, name: str, *, show_record: bool) -> int:
    """Follow job `name` to its end; return 0 when it completed, else 1.

    The log goes to stdout, and to stderr when a record is wanted on stdout.
    """
    record = jobs.get(name)
    if record.get("type") in COMPOSITE:
        from lapisml.cli.family import follow_family

        return follow_family(args, jobs, record, show_record=show_record)
    screen = _Screen(args, sys.stderr if show_record else sys.stdout)
    try:
        end = jobs.follow(name, screen.follower())
    except KeyboardInterrupt:
        screen.finish_line()
        note(args, f"\nNo longer watching; the job goes on. Watch again: lapis job stream -n {name}")
        raise
    screen.finish_line()
    if show_record:
        show(args, jobs.get(name))
    if end["status"] == "Completed":
        screen.say(f"Completed: {end.get('reason') or 'done.'}")
        return 0
    sys.stderr.write(_epitaph(name, end, screen))
    return 1


def _epitaph(name: str, end: dict[str, Any], screen: _Screen) -> str:
    text = f"ERROR: Job '{name}' ended as {end['status']}: {end.get('reason') or 'no reason is known'}\n"
    tail = screen.tail()
    if tail and not sys.stdout.isatty() and tail not in text:
        text += "The log ends with:\n" + "".join(f"  {line}\n" for line in tail.splitlines())
    return text


class _Screen:
    def __init__(self, args: Namespace, log_sink: Any) -> None:
        self._args = args
        self._sink = log_sink
        self._color = use_color(sys.stderr)
        self._last: deque[str] = deque(maxlen=8)
        self._open_line = False

    def follower(self) -> Follower:
        """Make what the stream is told to."""
        return Follower(self._event, self.say, self._log, self._build, self.say)

    def tail(self) -> str:
        """Give the last lines of the log."""
        text = "".join(self._last)[-_TAIL_BYTES:]
        return "\n".join(text.splitlines()[-TAIL_LINES:])

    def finish_line(self) -> None:
        """End the last line of the log, and write everything out."""
        self._sink.flush()
        self._open_line = False

    def _event(self, event: dict[str, Any]) -> None:
        reason = str(event.get("reason") or "")
        status = str(event["status"])
        self.say(reason if reason.startswith(status) else f"{status}: {reason}", event.get("at"))

    def say(self, sentence: str, at: str | None = None) -> None:
        """Tell what happens, with its time, on stderr."""
        if self._args.only_show_errors:
            return
        if self._open_line and self._sink.isatty():
            self._sink.write("\n")
        self._sink.flush()
        self._open_line = False
        line = f"[{_clock(at)}] {sentence.rstrip()}"
        sys.stderr.write(f"\x1b[2m{line}\x1b[0m\n" if self._color else line + "\n")
        sys.stderr.flush()

    def _log(self, text: str) -> None:
        self._last.append(text[-_TAIL_BYTES:])
        self._sink.write(text)
        self._sink.flush()
        self._open_line = not text.endswith("\n")

    def _build(self, text: str) -> None:
        if not self._args.only_show_errors:
            sys.stderr.write(text)
            sys.stderr.flush()


def _clock(at: str | None) -> str:
    moment = datetime.fromisoformat(at).astimezone() if at else datetime.now().astimezone()
    return moment.strftime("%H:%M:%S")
