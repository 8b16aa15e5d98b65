"""What keeps a thing from being tidied away while a job is about to need it: the time at which it was used last.

Who hands a job over marks what it finds as used, holding the folder's lock together with others; who tidies looks at
the marks again, holding it alone. So a thing is either gone before it is found, or marked before it is looked at.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

LOCK = "run/using.lock"


@contextlib.contextmanager
def using(root: Path, *, alone: bool = False) -> Iterator[None]:
    """Hold the lock of an agent's folder, for a moment.

    Args:
        root: the agent's folder.
        alone: whether nobody else may hold it; waited for.

    Raises:
        OSError: `alone`, and the file system knows no locks (then nothing is ever tidied away).
    """
    descriptor: int | None = None
    try:
        with contextlib.nullcontext() if alone else contextlib.suppress(OSError):
            (root / LOCK).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def mark(path: Path) -> bool:
    """Note that something is used now; say whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:  # a full or read-only disk does not keep a job from what is there
        return path.exists()
    return True
