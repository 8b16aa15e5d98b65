"""Words for messages: the nearest valid one to a mistyped one, lists of them."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, valid: Iterable[str], likeness: float = 0.6) -> str | None:
    """Return the member of `valid` that is most like `word`, or None when none is like it.

    Args:
        likeness: 0 … 1, the ratio of `difflib.SequenceMatcher` from which two words count as alike.
    """
    by_fold = {candidate.casefold(): candidate for candidate in valid}
    found = get_close_matches(word.casefold(), by_fold, n=1, cutoff=likeness)
    return by_fold[found[0]] if found else None


def listed(words: Iterable[str]) -> str:
    """Write words for a sentence: ``a``, ``a or b``, ``a, b or c``."""
    several = list(words)
    if len(several) < 2:
        return "".join(several)
    return f"{', '.join(several[:-1])} or {several[-1]}"


def printable(text: str) -> str:
    """Put a question mark in place of halves of characters, which no file and no answer can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
