"""Look-ups that many steps of one pipeline share, made once while the pipeline is checked as a whole."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

T = TypeVar("T")

_found: ContextVar[dict[Hashable, Any] | None] = ContextVar("found", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Within the block, let `once` remember what it found; blocks within a block share its memory."""
    if _found.get() is not None:
        yield
        return
    token = _found.set({})
    try:
        yield
    finally:
        _found.reset(token)


def once(key: Hashable, look: Callable[[], T]) -> T:
    """Call `look`, or give what it gave before within the same `remembered` block; errors are not remembered."""
    memory = _found.get()
    if memory is None:
        return look()
    if key not in memory:
        memory[key] = look()
    found: T = memory[key]
    return found
