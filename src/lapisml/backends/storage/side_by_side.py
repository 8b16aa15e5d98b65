"""Work on many items, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_SIDE_BY_SIDE = 8
T = TypeVar("T")


def side_by_side(work: Callable[[T], None], items: Iterable[T]) -> int:
    """Do `work` for each item, several at once; the first error ends it. Returns the number of items."""
    items = list(items)
    if len(items) < 3:
        for item in items:
            work(item)
        return len(items)
    with ThreadPoolExecutor(min(_SIDE_BY_SIDE, len(items)), "lapis-storage") as pool:
        for done in [pool.submit(work, item) for item in items]:
            try:
                done.result()
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise
    return len(items)
