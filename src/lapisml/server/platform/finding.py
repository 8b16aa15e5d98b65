"""What the search over everything finds, and how findings are ordered; each feature searches its own tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from sqlalchemy import Connection

MOST_WORDS = 200
"""Characters of a search; more find nothing else."""


class Fit(IntEnum):
    """How well a finding fits, best first."""

    WHOLE = 0
    BEGINNING = 1
    WORD = 2
    TAG = 3
    WITHIN = 4


@dataclass(frozen=True)
class Found:
    """Something that a search found.

    Attributes:
        noun: as in addresses: ``jobs``, ``models``, ``online-endpoints``.
        version: of an asset whose version was found; None when its name was.
        title: what a person calls it, when that is not its name.
        field: where the words stand: ``name``, ``title``, ``tag``, ``experiment``, ``label``, ``description``.
        text: what stands there.
        status: of what has one.
        at: when it was made or changed last, milliseconds since the epoch, UTC.
    """

    noun: str
    name: str
    fit: Fit
    field: str
    text: str
    at: int
    version: str | None = None
    title: str | None = None
    status: str | None = None

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts findings: better ones first, of equal ones the newer."""
        return int(self.fit), -self.at, self.name


def fit_of(words: str, text: str) -> Fit | None:
    """Say how well a text fits, None when the words do not stand in it; letter case makes no difference.

    >>> fit_of("train", "nightly-train"), fit_of("rain", "train")
    (<Fit.WORD: 2>, <Fit.WITHIN: 4>)
    """
    wanted, there = words.lower(), text.lower()
    place = there.find(wanted)
    if place < 0 or not wanted:
        return None
    if len(wanted) == len(there):
        return Fit.WHOLE
    if place == 0:
        return Fit.BEGINNING
    starts = (index for index in range(len(there)) if not there[index - 1].isalnum())
    return Fit.WORD if any(there.startswith(wanted, index) for index in starts) else Fit.WITHIN


def tag_words(words: str) -> tuple[str, str] | None:
    """Read ``key=value`` or ``key:value``; None when it is neither."""
    for mark in ("=", ":"):
        key, found, value = words.partition(mark)
        if found and key.strip():
            return key.strip(), value.strip()
    return None


def tag_fits(words: str, tags: Mapping[str, Any]) -> str | None:
    """Give the first tag that fits, as ``key: value``; None when none does."""
    pair = tag_words(words)
    for key, value in tags.items():
        text = str(value)
        fits = fit_of(words, key) is not None or fit_of(words, text) is not None
        if pair is not None:
            fits = fits or (key.lower() == pair[0].lower() and pair[1].lower() in text.lower())
        if fits:
            return f"{key}: {text}" if text else key
    return None


def best(found: Iterable[Found], limit: int) -> list[Found]:
    """Give the best findings, each thing once."""
    kept: dict[tuple[str, str], Found] = {}
    for one in sorted(found, key=lambda item: item.order):
        kept.setdefault((one.noun, one.name), one)
    return list(kept.values())[:limit]


def like(connection: Connection) -> str:
    """Give the operator that compares with a pattern of `within` and takes no notice of letter case.

    SQLite's own takes none of ASCII letters; that is ten times as fast as lowering every text.
    """
    return "LIKE" if connection.dialect.name == "sqlite" else "ILIKE"


def within(words: str) -> str:
    """Make the pattern of texts in which the words stand, for ``LIKE … ESCAPE '!'``."""
    return f"%{beginning(words)}"


def beginning(words: str) -> str:
    """Make the pattern of texts that begin with the words."""
    escaped = words.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{escaped}%"
