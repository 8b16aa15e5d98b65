"""Random pipelines and random edits of them, and what a full run of each would give."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

MOST_STEPS = 4
TABLES = 2


@dataclass(frozen=True)
class Node:
    """One step.

    Attributes:
        version: which text its command is.
        rate: a literal.
        tables: numbers of the tables that it reads.
        needs: numbers of earlier steps whose output it reads.
    """

    version: int = 0
    rate: int = 0
    tables: frozenset[int] = frozenset()
    needs: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Plan:
    """A pipeline and the data that it reads."""

    nodes: tuple[Node, ...]
    tables: tuple[int, ...] = (0,) * TABLES

    def changed(self, number: int, **values: Any) -> Plan:
        """Change a step."""
        nodes = list(self.nodes)
        nodes[number] = replace(nodes[number], **values)
        return replace(self, nodes=tuple(nodes))

    def results(self) -> list[str]:
        """Compute what each step of a full run gives."""
        made: list[str] = []
        for node in self.nodes:
            made.append(result_of(node, [table_text(self.tables[t]) for t in sorted(node.tables)], made))
        return made


def table_text(version: int) -> str:
    """Give the content of a table."""
    return f"table {version}\n"


def result_of(node: Node, tables: list[str], earlier: list[str]) -> str:
    """Compute what a step gives: a digest of all that went into it, as `shell_command` does in a shell.

    Where a text came in is part of it: under another input's name, the same text makes another step.
    """
    text = f"v{node.version}\n{node.rate}\n"
    text += "".join(f"table{t}\n{table}" for t, table in zip(sorted(node.tables), tables, strict=True))
    text += "".join(f"step{number}\n{earlier[number]}\n" for number in sorted(node.needs))
    return hashlib.sha256(text.encode()).hexdigest()


def shell_command(node: Node) -> str:
    """Write the command of a step."""
    reads = [f"echo table{t}; cat ${{{{inputs.table{t}}}}}/t.txt" for t in sorted(node.tables)]
    reads += [f"echo step{n}; cat ${{{{inputs.step{n}}}}}/o.txt" for n in sorted(node.needs)]
    said = "; ".join([f"echo v{node.version}", "echo ${{inputs.rate}}", *reads])
    return f"({said}) | sha256sum | cut -c 1-64 > ${{{{outputs.model}}}}/o.txt"


@dataclass(frozen=True)
class Damage:
    """An edit that changes nothing of the pipeline but what lies on the disk.

    Attributes:
        step: whose output, in the run before.
        how: ``remove``, ``folder``, ``corrupt`` or ``add``.
    """

    step: int
    how: str


Edit = tuple[str, Any]
"""Name of a `Plan` change and its argument, or ``damage`` and a `Damage`."""


def apply(plan: Plan, edit: Edit) -> Plan:
    """Give the plan after an edit."""
    what, given = edit
    if what == "table":
        number, version = given
        return replace(plan, tables=tuple(version if i == number else t for i, t in enumerate(plan.tables)))
    if what == "damage":
        return plan
    number, value = given
    return plan.changed(number % len(plan.nodes), **{what: value})


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a pipeline of 1 to `MOST_STEPS` steps."""
    return Plan(tuple(_node(draw, number) for number in range(draw(st.integers(1, MOST_STEPS)))))


def _node(draw: st.DrawFn, number: int) -> Node:
    return Node(
        version=draw(st.integers(0, 1)),
        rate=draw(st.integers(0, 1)),
        tables=draw(st.frozensets(st.integers(0, TABLES - 1), max_size=TABLES)),
        needs=draw(st.frozensets(st.integers(0, number - 1), max_size=2)) if number else frozenset(),
    )


_number, _value = st.integers(0, MOST_STEPS - 1), st.integers(0, 2)
edits = st.one_of(
    st.tuples(st.just("version"), st.tuples(_number, _value)),
    st.tuples(st.just("rate"), st.tuples(_number, _value)),
    st.tuples(st.just("tables"), st.tuples(_number, st.frozensets(st.integers(0, TABLES - 1), max_size=TABLES))),
    st.tuples(st.just("table"), st.tuples(st.integers(0, TABLES - 1), _value)),
    st.tuples(st.just("damage"), st.builds(Damage, _number, st.sampled_from(["remove", "folder", "corrupt", "add"]))),
)
"""Few values each, so that edits often bring back what was there before."""
