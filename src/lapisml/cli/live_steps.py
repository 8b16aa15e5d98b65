"""The live list of a pipeline's steps or a sweep's trials on a terminal."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from lapisml.sdk.family import NOT_STARTED, REUSED, FamilyTree, Member

STYLES = {
    "Completed": "green",
    REUSED: "green dim",
    "Failed": "red",
    "Canceled": "yellow",
    "Running": "cyan",
    NOT_STARTED: "dim",
    "Queued": "dim",
    "NotResponding": "magenta",
}
_SHOWN = {NOT_STARTED: "Waiting"}
_PER_SECOND = 4
_SPARE = 4
"""Lines of the screen that are kept free of steps."""

_URGENT = {"Failed": 0, "NotResponding": 1, "CancelRequested": 2, "Running": 3, "Finalizing": 3, "Starting": 3}
_CALM = {"Queued": 5, NOT_STARTED: 6, "Canceled": 7, "Completed": 8, REUSED: 9}


class LiveSteps:
    """Shows a tree of steps and redraws it; use as a context.

    Args:
        tree: what is shown; somebody else keeps it up to date.
        file: the terminal.
    """

    def __init__(self, tree: FamilyTree, file: Any) -> None:
        self._tree = tree
        self._is_last = False
        self.note = ""
        """What the job is about as a whole."""
        self._console = Console(file=file, highlight=False)
        self._live = Live(
            console=self._console, refresh_per_second=_PER_SECOND, get_renderable=self._draw,
            redirect_stdout=False, redirect_stderr=False,
        )  # fmt: skip

    def __enter__(self) -> LiveSteps:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the list on the screen as it is at the end."""
        self._is_last = True
        self._live.stop()

    def _draw(self) -> RenderableType:
        members = list(self._tree.members())
        width, height = self._console.width, max(3, self._console.height - _SPARE)
        shown = members if len(members) <= height else _chosen(members, height - 1)
        now = datetime.now(UTC)
        table = Table(box=None, show_header=False, pad_edge=False, expand=True)
        names = max((2 * member.depth + len(member.step) for member in shown), default=0)
        table.add_column(no_wrap=True, overflow="ellipsis", width=min(names, max(16, width // 3)))
        table.add_column(no_wrap=True, width=max((len(_state(member)) for member in shown), default=9))
        table.add_column(no_wrap=True, justify="right", width=7)
        table.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for member in shown:
            table.add_row(*_row(member, now, is_last=self._is_last))
        parts: list[RenderableType] = [table]
        if len(shown) < len(members):
            parts.append(Text(f"… and {_summary(members, shown)}", style="dim", no_wrap=True, overflow="ellipsis"))
        if self.note and not self._is_last:
            parts.append(Text(self.note, style="dim", no_wrap=True, overflow="ellipsis"))
        return Group(*parts)


def _row(member: Member, now: datetime, *, is_last: bool) -> tuple[Text, Text, Text, Text]:
    seconds = member.seconds(now)
    return (
        Text("  " * member.depth + member.step),
        Text(_state(member, is_last=is_last), style=STYLES.get(member.status, "")),
        Text("" if seconds is None else duration(seconds), style="dim"),
        Text(remark(member, is_last=is_last), style="dim"),
    )


def _state(member: Member, *, is_last: bool = False) -> str:
    return "Not run" if is_last and member.status == NOT_STARTED else _SHOWN.get(member.status, member.status)


def remark(member: Member, *, is_last: bool) -> str:
    """Say in one line what a person wants to know beside the state: why it waits, what went wrong."""
    if member.status == NOT_STARTED:
        return "" if is_last or not member.needs else f"after {', '.join(member.needs)}"
    if member.status in ("Completed", "Running", "Starting", "Finalizing"):
        return ""
    if member.status == REUSED:
        return f"from {member.reused_from}"
    first = (member.reason.splitlines() or [""])[0].strip()
    return first.removeprefix(f"{member.status}: ") if first.rstrip(".") != member.status else ""


def duration(seconds: float) -> str:
    """Write a duration: ``0.4 s``, ``12 s``, ``3:07``, ``1:02:09``."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _chosen(members: list[Member], most: int) -> list[Member]:
    """Choose the steps that matter most, in their order: failed ones, running ones, those that wait."""
    order = {**_URGENT, **_CALM}
    ranked = sorted(range(len(members)), key=lambda at: (order.get(members[at].status, 4), at))
    return [members[at] for at in sorted(ranked[:most])]


def _summary(members: list[Member], shown: list[Member]) -> str:
    seen = {id(member) for member in shown}
    counts = Counter(_SHOWN.get(member.status, member.status) for member in members if id(member) not in seen)
    return f"{sum(counts.values())} more: " + ", ".join(f"{count} {word}" for word, count in counts.most_common())
