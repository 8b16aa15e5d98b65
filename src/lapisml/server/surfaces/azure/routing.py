"""Which handler an address leads to.

An address of Azure's resource manager holds a *scope*: a subscription, a group within it, a workspace or a
registry. Some services put words before it (``history/v1.0/<scope>/runs``). Here the scope is taken out, and one
word stands for it: ``SUB``, ``GROUP``, ``WS`` or ``REG``. What remains is matched word by word, letter case
ignored; ``*`` matches any one word. The api-version is never looked at.

Patterns, as the nouns write them:

* ``models/*/versions/*`` is below a workspace; ``WS:`` alone is the workspace itself;
* ``REG:models/*``, ``GROUP:providers/…``, ``SUB:providers/…`` are below another scope;
* ``ROOT:history/v1.0/WS/runs/*`` is the whole address, with the scope's word in its place.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

PROVIDER = "Microsoft.MachineLearningServices"

T = TypeVar("T")

_SCOPES = ("SUB", "GROUP", "WS", "REG")
_KINDS = {"workspaces": "WS", "registries": "REG"}


@dataclass(frozen=True)
class Address:
    """A request's path, taken apart.

    Attributes:
        words: the path with one word in the place of the scope.
        kind: ``SUB``, ``GROUP``, ``WS``, ``REG``, or empty when the path holds no scope.
        subscription, group, name: the parts of the scope, as they were written; empty where there is none.
        scope_id: the scope as it was written, from its slash on: ``/subscriptions/s/resourceGroups/g/…``.
    """

    words: tuple[str, ...]
    kind: str = ""
    subscription: str = ""
    group: str = ""
    name: str = ""
    scope_id: str = ""

    @property
    def is_scope_itself(self) -> bool:
        """Say whether nothing follows the scope."""
        return bool(self.kind) and self.words[-1] == self.kind


def read_address(raw_path: str) -> Address:
    """Take a path apart.

    Args:
        raw_path: as it was sent, still percent-encoded, so that an encoded slash stays within its word.
    """
    words = [unquote(word) for word in raw_path.split("/") if word]
    lower = [word.lower() for word in words]
    if "subscriptions" not in lower:
        return Address(tuple(words))
    start = lower.index("subscriptions")
    kind, length = _scope_at(lower, start)
    if not kind:
        return Address(tuple(words))
    scope = words[start : start + length]
    return Address(
        words=(*words[:start], kind, *words[start + length :]),
        kind=kind,
        subscription=scope[1],
        group=scope[3] if length > 2 else "",
        name=scope[7] if length > 4 else "",
        scope_id="/" + "/".join(scope),
    )


def _scope_at(lower: list[str], start: int) -> tuple[str, int]:
    """Say which scope begins at a word, and how many words it has."""
    rest = lower[start:]
    if len(rest) < 2:
        return "", 0
    if len(rest) < 4 or rest[2] != "resourcegroups":
        return "SUB", 2
    if len(rest) < 8 or rest[4] != "providers" or rest[5] != PROVIDER.lower() or rest[6] not in _KINDS:
        return "GROUP", 4
    return _KINDS[rest[6]], 8


def pattern_words(pattern: str) -> tuple[str, ...]:
    """Give the words of a pattern in its whole form: a scope's word first, unless it is ``ROOT:``."""
    root, colon, rest = pattern.partition(":")
    if not colon:
        root, rest = "WS", pattern
    words = tuple(word for word in rest.split("/") if word)
    if root == "ROOT":
        return words
    if root not in _SCOPES:
        raise ValueError(f"{pattern}: begins with none of ROOT:, {', '.join(_SCOPES)}")
    return (root, *words)


@dataclass
class _Branch(Generic[T]):
    fixed: dict[str, _Branch[T]] = field(default_factory=dict)
    any: _Branch[T] | None = None
    leaves: dict[str, T] = field(default_factory=dict)


@dataclass(frozen=True)
class Match(Generic[T]):
    """What an address leads to.

    Attributes:
        leaf: the handler; None when the address is known and its method is not.
        names: what the pattern's ``*`` stand for.
        methods: the methods that the address has.
    """

    leaf: T | None
    names: tuple[str, ...]
    methods: tuple[str, ...]


class RouteTree(Generic[T]):
    """Finds the handler of an address, one step for each of its words.

    Args:
        routes: (method, pattern) → handler.
    """

    def __init__(self, routes: Mapping[tuple[str, str], T]) -> None:
        self._root: _Branch[T] = _Branch()
        for (method, pattern), leaf in routes.items():
            branch = self._root
            for word in pattern_words(pattern):
                branch = _grow(branch, word)
            if method in branch.leaves:
                raise ValueError(f"two handlers of {method} {pattern}")
            branch.leaves[method] = leaf

    def find(self, method: str, words: Iterable[str]) -> Match[T] | None:
        """Find what an address leads to; None when no pattern matches it. A fixed word goes before ``*``."""
        found = _walk(self._root, tuple(words), ())
        if found is None:
            return None
        branch, names = found
        return Match(branch.leaves.get(method), names, tuple(sorted(branch.leaves)))


def _grow(branch: _Branch[T], word: str) -> _Branch[T]:
    if word == "*":
        branch.any = branch.any or _Branch()
        return branch.any
    return branch.fixed.setdefault(word.lower(), _Branch())


def _walk(
    branch: _Branch[T], words: tuple[str, ...], names: tuple[str, ...]
) -> tuple[_Branch[T], tuple[str, ...]] | None:
    if not words:
        return (branch, names) if branch.leaves else None
    fixed = branch.fixed.get(words[0].lower())
    if fixed is not None:
        found = _walk(fixed, words[1:], names)
        if found is not None:
            return found
    return _walk(branch.any, words[1:], (*names, words[0])) if branch.any is not None else None
