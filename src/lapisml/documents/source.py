"""The place in a file of every value of a document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lapisml.documents.merge import Merged
from lapisml.documents.nodes import ListNode, MapNode, Mark, Node, ScalarNode
from lapisml.documents.paths import DocumentPath, Step, parse_path
from lapisml.documents.scalars import SourceScalar

Place = tuple[str, int, int]
"""File, line, column; both 1-based."""


@dataclass
class SourceMap:
    """Knows where the values of one document stand.

    Attributes:
        file: name in messages.
        text: the whole text.
        root: its tree; None for a document that was not read from a file.
        merged: what flags changed.
        parts: path → source of a part that came from a file of its own.
    """

    file: str
    text: str = ""
    root: Node | None = None
    merged: Merged | None = None
    parts: dict[DocumentPath, SourceMap] = field(default_factory=dict)

    def locate(self, path: str | DocumentPath, *, key: bool = False) -> Place | None:
        """Return the place of a value, or of the nearest thing around it that stands in a file.

        Args:
            path: dotted, or as steps; an empty one is the whole document.
            key: give the place of the key, not of its value.

        Returns:
            None when the value, or what holds it, came from a flag.
        """
        owner, steps = self.owner(steps_of(path))
        if owner.root is None or owner.flag(steps) is not None:
            return None
        mark = owner.mark_at(owner.root, steps, key)
        return owner.file, mark.line + 1, mark.column + 1

    def owner(self, steps: DocumentPath) -> tuple[SourceMap, DocumentPath]:
        """Find the file that a value stands in, and the path within that file."""
        for at in range(len(steps), 0, -1):
            if steps[:at] in self.parts:
                return self.parts[steps[:at]].owner(steps[at:])
        return self, steps

    def flag(self, path: str | DocumentPath) -> str | None:
        """Return the flag that put a value there or around it: ``--set inputs.x``."""
        owner, steps = self.owner(steps_of(path))
        origins = owner.merged.origins if owner.merged else {}
        return next((origins[steps[:at]] for at in range(len(steps), 0, -1) if steps[:at] in origins), None)

    def locate_within(self, path: str | DocumentPath, snippet: str, occurrence: int = 0) -> Place | None:
        """Return the place of a snippet within the text value at `path`.

        Args:
            occurrence: which of several equal snippets, from 0.
        """
        owner, steps = self.owner(steps_of(path))
        node = owner.node_at(steps)
        place = owner.locate(steps)
        if not isinstance(node, ScalarNode) or place is None:
            return place
        at = _find(owner.text, node, snippet, occurrence)
        if at < 0:
            return place
        lines = owner.text[: at + 1].splitlines()
        return owner.file, len(lines), len(lines[-1])

    def with_texts(self, data: Any, path: DocumentPath = ()) -> Any:
        """Return a copy of `data` whose scalars remember how they are written, where that differs.

        Args:
            path: where `data` stands in the document.
        """
        owner, rest = self.owner(path)
        return owner._copied(data, owner.node_at(rest), rest)  # noqa: SLF001 - another one of this class

    def _copied(self, data: Any, node: Node | None, path: DocumentPath) -> Any:
        """Copy what stands at a path of this file, `node` in its tree, and all that other files hold of it."""
        part = self.parts.get(path)
        if part is not None:
            return part._copied(data, part.root, ())  # noqa: SLF001 - another one of this class
        if isinstance(data, (dict, list)):
            inner = None if self.merged and path in self.merged.shifted else node
            if isinstance(data, dict):
                return {key: self._copied(value, _below(inner, key), (*path, key)) for key, value in data.items()}
            return [self._copied(value, _below(inner, at), (*path, at)) for at, value in enumerate(data)]
        if data is None or isinstance(data, str):
            return data
        text = self._text(path, data, node)
        return data if text is None else SourceScalar(text, data)

    def _text(self, path: DocumentPath, value: Any, node: Node | None) -> str | None:
        if self.merged and self.flag(path) is not None:
            return self.merged.texts.get(path)
        same = isinstance(node, ScalarNode) and type(node.value) is type(value) and node.value == value
        return node.text if same and isinstance(node, ScalarNode) else None

    def node_at(self, path: DocumentPath) -> Node | None:
        """Return what stands at a path of this very file, None when nothing does."""
        node = self.root
        for at, step in enumerate(path):
            if self.merged and path[:at] in self.merged.shifted:
                return None
            node = _below(node, step)
        return node

    def mark_at(self, node: Node, path: DocumentPath, key: bool) -> Mark:
        """Return the place of a path below `node`, or of the nearest thing around it."""
        mark = node.start
        for at, step in enumerate(path):
            inner = _below(node, step)
            if inner is None or (self.merged and path[:at] in self.merged.shifted):
                break
            last = at == len(path) - 1
            mark = node.entries[str(step)][0] if isinstance(node, MapNode) and (key or not last) else inner.start
            node = inner
        return mark


def _find(text: str, node: ScalarNode, snippet: str, occurrence: int) -> int:
    """Return where a snippet stands within a scalar, as an index into the whole text; -1 when it does not."""
    lines = text.splitlines(keepends=True)
    at = sum(map(len, lines[: node.start.line])) + node.start.column - 1
    end = sum(map(len, lines[: node.end.line])) + node.end.column
    for _ in range(occurrence + 1):
        at = text.find(snippet, at + 1, end)
        if at < 0:
            break
    return at


def _below(node: Node | None, step: Step) -> Node | None:
    if isinstance(node, MapNode) and isinstance(step, str) and step in node.entries:
        return node.entries[step][1]
    if isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None


def steps_of(path: str | DocumentPath) -> DocumentPath:
    """Read a path that may be text; text that is no path means the whole document."""
    if isinstance(path, tuple):
        return path
    try:
        return parse_path(path) if path else ()
    except ValueError:
        return ()


def plain(node: Node | None) -> Any:
    """Turn a tree into dicts, lists and single values; what an alias repeats becomes a copy."""
    if isinstance(node, MapNode):
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return node.value if isinstance(node, ScalarNode) else None
