"""Progress bars for uploads and downloads, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

Advance = Callable[[int], None]
"""Takes the number of bytes moved since the last call."""

Progress = Callable[[str, int], AbstractContextManager[Advance]]
"""Opens a bar: label, total in bytes."""


def _ignore(_count: int) -> None:
    """Take a count and show nothing."""


@contextmanager
def no_progress(label: str, total: int) -> Iterator[Advance]:
    """Show nothing."""
    del label, total
    yield _ignore


@contextmanager
def terminal_progress(label: str, total: int) -> Iterator[Advance]:
    """Show a bar with rate and time left on stderr, which vanishes at the end."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda count: bars.advance(task, count)


def suitable_progress(wanted: bool = True) -> Progress:
    """Give bars when stderr is a terminal and they are wanted, else nothing."""
    return terminal_progress if wanted and sys.stderr.isatty() else no_progress
