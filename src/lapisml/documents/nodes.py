"""YAML text to a tree that knows the place of everything in it.

Read from PyYAML's events, so nothing is ever constructed from a tag, and depth, size and the growth through
aliases are limited. Faults of the text do not stop the reading where it can go on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from lapisml.core.errors import Problem
from lapisml.documents.limits import DEEPEST, MOST_NODES
from lapisml.documents.scalars import Scalar, resolve

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CORE = "tag:yaml.org,2002:"
_RESOLVED_TAGS = {_CORE + name for name in ("bool", "int", "float", "null")}
_KNOWN_TAGS = {_CORE + name for name in ("str", "seq", "map")} | _RESOLVED_TAGS
_NOT_PRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Mark:
    """A place in the text: line and column, 0-based."""

    line: int
    column: int


@dataclass
class Node:
    """Something in the text, from `start` to `end`; `size` counts it and everything in it."""

    start: Mark
    end: Mark
    size: int = 1


@dataclass
class ScalarNode(Node):
    """A single value, and how it is written."""

    value: Scalar = None
    text: str = ""


@dataclass
class ListNode(Node):
    """A sequence."""

    items: list[Node] = field(default_factory=list)


@dataclass
class MapNode(Node):
    """A mapping: key → (place of the key, value)."""

    entries: dict[str, tuple[Mark, Node]] = field(default_factory=dict)


class UnreadableError(Exception):
    """The text can't be read further; `problem` says why and where."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def read_tree(text: str, file: str, problems: list[Problem]) -> Node | None:
    """Read YAML text that holds one document; None when it holds nothing.

    Args:
        text: the text.
        file: its name in messages.
        problems: faults that do not stop the reading are appended here.

    Raises:
        UnreadableError: the text is no YAML, or too deep or too large.
    """
    _check_characters(text, file)
    try:
        return _Reader(text, file, problems).document()
    except yaml.MarkedYAMLError as error:
        raise UnreadableError(_syntax_problem(error, file)) from error


class _Reader:
    """Builds the tree of one text."""

    def __init__(self, text: str, file: str, problems: list[Problem]) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=_SafeLoader)
        self._file = file
        self._problems = problems
        self._anchors: dict[str, Node | None] = {}

    def document(self) -> Node | None:
        """Read the one document of the text."""
        root: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report(event, "the file holds a second document", "one document, without another `---`")
                    break
            elif isinstance(event, yaml.NodeEvent):
                root = self._node(event, 0)
        return root

    def _node(self, event: Any, depth: int) -> Node:
        if depth > DEEPEST:
            raise UnreadableError(self._problem(event, f"lists and mappings lie more than {DEEPEST} deep"))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            node: Node = _scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._list(event, depth)
        else:
            node = self._map(event, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._check_count(event, node.size)
        return node

    def _alias(self, event: Any) -> Node:
        if event.anchor not in self._anchors:
            raise UnreadableError(self._problem(event, f"`*{event.anchor}` repeats something that is not marked above"))
        node = self._anchors[event.anchor]
        if node is None:
            raise UnreadableError(self._problem(event, f"`*{event.anchor}` stands within what it repeats"))
        return node

    def _list(self, event: Any, depth: int) -> ListNode:
        items: list[Node] = []
        size = 1
        for inner in self._events:
            if isinstance(inner, yaml.SequenceEndEvent):
                break
            items.append(self._node(inner, depth + 1))
            size += items[-1].size
            self._check_count(inner, size)
        return ListNode(_mark(event.start_mark), _mark(inner.end_mark), size, items)

    def _map(self, event: Any, depth: int) -> MapNode:
        node = MapNode(_mark(event.start_mark), _mark(event.start_mark))
        merges: list[Node] = []
        for key in self._events:
            if isinstance(key, yaml.MappingEndEvent):
                node.end = _mark(key.end_mark)
                break
            name = self._key(key, depth)
            value = self._node(next(self._events), depth + 1)
            node.size += value.size
            self._check_count(key, node.size)
            if name == "<<" and not key.style:
                merges.append(value)
            elif name is not None:
                self._put(node, name, key, value)
        self._merge(node, merges, event)
        return node

    def _key(self, event: Any, depth: int) -> str | None:
        if isinstance(event, yaml.ScalarEvent):
            if event.anchor is not None:
                self._anchors[event.anchor] = _scalar(event)
            return str(event.value)
        node = self._node(event, depth + 1)
        if isinstance(node, ScalarNode):
            return node.text
        self._report(event, "a key is a list or a mapping", "text as key")
        return None

    def _put(self, node: MapNode, name: str, key: Any, value: Node) -> None:
        if name in node.entries:
            first = node.entries[name][0]
            self._report(key, f"the key `{name}` stands here twice, first in line {first.line + 1}", "each key once")
        else:
            node.entries[name] = (_mark(key.start_mark), value)

    def _merge(self, node: MapNode, merges: list[Node], event: Any) -> None:
        """Add what ``<<`` brings in, where the mapping itself has no such key."""
        for merged in merges:
            sources = merged.items if isinstance(merged, ListNode) else [merged]
            for source in sources:
                if not isinstance(source, MapNode):
                    self._report(event, "`<<` takes in something that is not a mapping", "a mapping or a list of them")
                    continue
                for name, entry in source.entries.items():
                    node.entries.setdefault(name, entry)

    def _check_tag(self, event: Any) -> None:
        if event.tag in (None, "!") or event.tag in _KNOWN_TAGS:
            return
        shown = "!!" + event.tag.removeprefix(_CORE) if event.tag.startswith(_CORE) else event.tag
        self._report(event, f"the tag `{shown}` is not allowed", "plain YAML without tags")

    def _check_count(self, event: Any, size: int) -> None:
        if size > MOST_NODES:
            raise UnreadableError(self._problem(event, f"the document holds more than {MOST_NODES} values"))

    def _report(self, event: Any, message: str, expected: str | None = None) -> None:
        self._problems.append(self._problem(event, message, expected))

    def _problem(self, event: Any, message: str, expected: str | None = None) -> Problem:
        mark = event.start_mark
        return Problem(message, "", self._file, mark.line + 1, mark.column + 1, expected)


def _scalar(event: Any) -> ScalarNode:
    plain = event.tag in _RESOLVED_TAGS or (event.tag is None and event.implicit[0] and not event.style)
    text = str(event.value)
    return ScalarNode(_mark(event.start_mark), _mark(event.end_mark), 1, resolve(text) if plain else text, text)


def _mark(mark: Any) -> Mark:
    return Mark(mark.line, mark.column)


def _syntax_problem(error: yaml.MarkedYAMLError, file: str) -> Problem:
    mark = error.problem_mark or error.context_mark
    message = f"the text is not YAML: {error.problem or 'it ends too early'}"
    if error.context:
        message += f" ({error.context})"
    if mark is None:
        return Problem(message, "", file)
    return Problem(message, "", file, mark.line + 1, mark.column + 1, _syntax_hint(error))


def _syntax_hint(error: yaml.MarkedYAMLError) -> str | None:
    problem = error.problem or ""
    if "cannot start any token" in problem:
        return "spaces for indentation, and quotes around text that begins with a special character"
    if "mapping values are not allowed" in problem:
        return "quotes around text that holds `: `, or one more level of indentation"
    if "expected <block end>" in problem or "block" in problem:
        return "the same indentation for everything on one level"
    return None


def _check_characters(text: str, file: str) -> None:
    found = _NOT_PRINTABLE.search(text)
    if found is None:
        return
    lines = (text[: found.start()] + ".").splitlines()
    message = f"the character U+{ord(found[0]):04X} is not allowed in YAML"
    raise UnreadableError(Problem(message, "", file, len(lines), len(lines[-1])))
