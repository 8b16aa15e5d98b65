"""Where things came from and what became of them: data → jobs → models → deployments, from what is recorded.

From its start the walk goes up, only towards what was used, and down, only towards what was made of it, one level at a
time; every question of a level is one statement, whatever the level holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lapisml.core.errors import not_found
from lapisml.server.features.studio.ancestry import Ancestry, Link, Node
from lapisml.server.features.workspaces.service import Workspace

MOST_NODES = 300
"""A graph that holds more is no picture any more."""

_Step = Callable[[Workspace, list[Node]], list[Link]]


@dataclass
class Graph:
    """What was found.

    Attributes:
        start: ids of the nodes that were asked about.
        is_cut: there is more, which was left out.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: set[tuple[str, str]] = field(default_factory=set)
    start: list[str] = field(default_factory=list)
    is_cut: bool = False

    def take(self, link: Link) -> Node | None:
        """Add a link and its other end; give that when it is new."""
        new = link.other.id not in self.nodes
        if new and len(self.nodes) >= MOST_NODES:
            self.is_cut = True
            return None
        if new:
            self.nodes[link.other.id] = link.other
        self.edges.add((link.source, link.target))
        return link.other if new else None


class Lineage:
    """Walks both ways from a job, a run, a version of data or of a model, or a deployment."""

    def __init__(self, ancestry: Ancestry) -> None:
        self._ancestry = ancestry

    def of(self, workspace: Workspace, kind: str, name: str, version: str, depth: int) -> Graph:
        """Give what leads to something and what came of it.

        Args:
            kind: ``job`` (or a run), ``data``, ``model``, ``online`` or ``batch``.
            name: of a deployment: its endpoint's.
            version: of a deployment: its name; empty for jobs.
            depth: levels each way.

        Raises:
            LapisError: NotFound.
        """
        roots = self._ancestry.roots(workspace, kind, name, version)
        if not roots:
            raise not_found(kind, f"{name}:{version}" if version else name)
        graph = Graph({node.id: node for node in roots}, start=[roots[0].id])
        self._walk(workspace, graph, roots, depth, self._ancestry.used_by)
        self._walk(workspace, graph, roots, depth, self._ancestry.made_from)
        self._place(graph)
        return graph

    def _walk(self, workspace: Workspace, graph: Graph, roots: Iterable[Node], depth: int, step: _Step) -> None:
        level = list(roots)
        for _ in range(depth):
            found = [node for link in step(workspace, level) if (node := graph.take(link)) is not None]
            if not found:
                return
            level = found
        if any(link.other.id not in graph.nodes for link in step(workspace, level)):
            graph.is_cut = True

    @staticmethod
    def _place(graph: Graph) -> None:
        """Let a job lie within the one that started it where both are shown."""
        for node in graph.nodes.values():
            parent = f"job:{node.parent}" if node.parent else None
            node.holder = parent if parent in graph.nodes else None
