"""Following a pipeline or a sweep: a live list of its steps on a terminal, one line a change elsewhere."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from datetime import datetime
from typing import TYPE_CHECKING, Any

from lapisml.cli.context import note, show
from lapisml.cli.output import use_color
from lapisml.core.errors import LapisError
from lapisml.sdk.family import QUIET, FamilyTree, change
from lapisml.sdk.streaming import Follower

if TYPE_CHECKING:
    from lapisml.cli.live_steps import LiveSteps
    from lapisml.sdk.operations.jobs import JobOperations

TAIL_LINES = 10
_TAILS = 3
"""Of how many failed steps the end of the log is shown."""


def follow_family(args: Namespace, jobs: JobOperations, record: Mapping[str, Any], *, show_record: bool) -> int:
    """Follow a pipeline or a sweep to its end; return 0 when it completed, else 1.

    Lines go to stdout, and to stderr when a record is wanted on stdout.

    Args:
        record: of the job, as the server gave it.
    """
    name = str(record["name"])
    tree = FamilyTree(name, record)
    sink = sys.stderr if show_record else sys.stdout
    try:
        end = _follow(args, jobs, name, tree, sink)
    except KeyboardInterrupt:
        note(args, f"\nNo longer watching; the job goes on. Watch again: lapis job stream -n {name}")
        raise
    sink.flush()
    if show_record:
        show(args, jobs.get(name))
    if end["status"] == "Completed":
        note(args, f"Completed: {end.get('reason') or 'done.'}")
        return 0
    sys.stderr.write(f"ERROR: Job '{name}' ended as {end['status']}: {end.get('reason') or 'no reason is known'}\n")
    _show_failed(jobs, tree)
    return 1


def _follow(args: Namespace, jobs: JobOperations, name: str, tree: FamilyTree, sink: Any) -> dict[str, Any]:
    is_live = use_color(sink) and not args.only_show_errors
    if is_live:
        from lapisml.cli.live_steps import LiveSteps

        live: LiveSteps | None = LiveSteps(tree, sink)
    else:
        live = None
    lines = _Lines(tree, live, lambda text: _print(args, sink, text))
    with live or nullcontext():
        return jobs.follow(name, lines.follower())


def _print(args: Namespace, sink: Any, text: str) -> None:
    if not args.only_show_errors:
        sink.write(text + "\n")
        sink.flush()


class _Lines:
    """Keeps the tree up to date; without a live list, says each change in a line."""

    def __init__(self, tree: FamilyTree, live: LiveSteps | None, say: Callable[[str], None]) -> None:
        self._tree = tree
        self._live = live
        self._say = say

    def follower(self) -> Follower:
        """Make what the stream is told to."""
        return Follower(
            on_event=self._event, on_away=self._away, on_child=self._child, on_child_waiting=self._waiting,
            on_note=self._note, on_waiting=self._note,
        )  # fmt: skip

    def _event(self, event: dict[str, Any]) -> None:
        if self._live is None and event["status"] == "CancelRequested":
            self._line(str(event.get("reason") or "Cancel was asked for."), event.get("at"))

    def _away(self, sentence: str) -> None:
        if self._live is not None:
            self._live.note = sentence
        else:
            self._line(sentence, None)

    def _note(self, sentence: str) -> None:
        if self._live is not None:
            self._live.note = sentence

    def _child(self, move: dict[str, Any]) -> None:
        member = self._tree.take(move)
        if member is not None and self._live is None and member.status not in QUIET:
            self._line(change(member), move.get("at"))

    def _waiting(self, job: str, reason: str) -> None:
        member = self._tree.wait(job, reason)
        if member is not None and self._live is None:
            self._line(f"{member.path}: {reason}", None)

    def _line(self, sentence: str, at: str | None) -> None:
        moment = datetime.fromisoformat(at).astimezone() if at else datetime.now().astimezone()
        self._say(f"[{moment:%H:%M:%S}] {sentence}")


def _show_failed(jobs: JobOperations, tree: FamilyTree) -> None:
    """Print for the first failed steps how their logs end."""
    failed = tree.failed()
    for member in failed[:_TAILS]:
        sys.stderr.write(f"{member.path} ({member.job}): {member.reason.strip() or 'no reason is known'}\n")
        try:
            lines = jobs.log_tail(member.job, TAIL_LINES)
        except LapisError as error:
            lines = [f"its log can't be read: {error.message}"]
        if lines and "\n".join(lines) not in member.reason:
            sys.stderr.write("The log ends with:\n" + "".join(f"  {line}\n" for line in lines))
    if len(failed) > _TAILS:
        others = ", ".join(member.path for member in failed[_TAILS:])
        sys.stderr.write(f"Failed too: {others}\n")
