"""The key of a step: what its result depends on, part by part, and how two keys differ. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

_FORMAT = "lapis-step-1"
"""Enters every key: raised when the meaning of a part changes, so that older results are not taken for new ones."""

_SHOWN = 80
_DIGITS = 8


@dataclass(frozen=True)
class StepKey:
    """What a step's result depends on.

    Attributes:
        digest: SHA-256 over all parts, 64 hexadecimal digits.
        parts: part → value, for people and for comparing: ``inputs.lr: 0.1``, ``inputs.data: sha256 3f…``.
        unknown: part → the sentence why its content can't be known; such a step is never reused.
    """

    digest: str
    parts: dict[str, str]
    unknown: dict[str, str] = field(default_factory=dict)

    @property
    def is_whole(self) -> bool:
        """Whether every part is known, so that results can be found under this key."""
        return not self.unknown


@dataclass(frozen=True)
class PartChange:
    """A part that two keys have different; None where one lacks it."""

    part: str
    old: str | None
    new: str | None

    def __str__(self) -> str:
        """Give ``inputs.data: sha256 3f9a12c0…→9c01b2d4…``: what both begin with stands once."""
        old, new = shortened(self.old, self.new)
        return f"{self.part}: {old}→{new}"


def make_key(parts: Mapping[str, str], unknown: Mapping[str, str] | None = None) -> StepKey:
    """Make the key of parts; their order is for people and does not matter."""
    text = json.dumps([_FORMAT, sorted(parts.items())], ensure_ascii=False, separators=(",", ":"))
    return StepKey(hashlib.sha256(text.encode()).hexdigest(), dict(parts), dict(unknown or {}))


def changes(old: Mapping[str, str], new: Mapping[str, str]) -> list[PartChange]:
    """Give the parts that differ, in the order of the new key; what is gone comes last."""
    found = [PartChange(part, old.get(part), value) for part, value in new.items() if old.get(part) != value]
    return found + [PartChange(part, value, None) for part, value in old.items() if part not in new]


def shortened(old: str | None, new: str | None) -> tuple[str, str]:
    """Shorten two values of a part so that what differs can be seen.

    Returns:
        What to show of the old value and of the new one; ``(not there)`` for None.

    >>> shortened("sha256 3f9a12c0" + "0" * 56, "sha256 9c01b2d4" + "0" * 56)
    ('sha256 3f9a12c0…', '9c01b2d4…')
    """
    if old is None or new is None:
        return _alone(old), _alone(new)
    old_kind, _, old_digest = old.partition(" ")
    new_kind, _, new_digest = new.partition(" ")
    if _is_digest(old_digest) and _is_digest(new_digest):
        length = max(_DIGITS, _first_difference(old_digest, new_digest) + 1)
        first = f"{old_kind} {old_digest[:length]}…"
        return first, f"{new_digest[:length]}…" if old_kind == new_kind else f"{new_kind} {new_digest[:length]}…"
    if _is_digest(old_digest) or _is_digest(new_digest):
        return _alone(old), _alone(new)
    start = _first_difference(old, new)
    return _window(old, start), _window(new, start)


def _alone(value: str | None) -> str:
    if value is None:
        return "(not there)"
    kind, _, digest = value.partition(" ")
    return f"{kind} {digest[:_DIGITS]}…" if _is_digest(digest) else _window(value, 0)


def _is_digest(text: str) -> bool:
    return len(text) == 64 and all(letter in "0123456789abcdef" for letter in text)


def _first_difference(old: str, new: str) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(old), len(new)))


def _window(text: str, start: int) -> str:
    """Give the part of a text around position `start`, on one line."""
    begin = max(0, start - _SHOWN // 2) if len(text) > _SHOWN else 0
    shown = " ".join(text[begin : begin + _SHOWN].split())
    return ("…" if begin else "") + shown + ("…" if begin + _SHOWN < len(text) else "")
