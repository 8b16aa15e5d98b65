"""How the machines of a pool are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lapisml.backends.compute.node.service import DISK
from lapisml.backends.compute.ssh.asking import Asking
from lapisml.backends.compute.ssh.members import Member
from lapisml.ports.compute import NodeStanding, Standing

_PATIENCE_S = 6.0
_NAMED = 8


class Standings:
    """Describes machines, all at a time.

    Args:
        members: the machines.
        places: how many jobs they run at a time.
    """

    def __init__(self, members: Sequence[Member], places: int) -> None:
        self._members = members
        self._places = places
        self._asking: Asking[Standing] = Asking(len(members), _PATIENCE_S, "ssh-describe")

    def look(self) -> Standing:
        """Give one node for each machine, in their order."""
        got = self._asking.ask(dict.fromkeys(range(len(self._members)), ""), self._put, self._late)
        nodes = [_node(member, got[member.number]) for member in self._members]
        away = [node for node in nodes if node.state == "unreachable"]
        sentence = "".join(f"{node.sentence} " for node in away[:3]).strip()
        if len(away) > 3:
            sentence += f" And {len(away) - 3} more."
        if away and len(away) < len(nodes):
            sentence = f"{len(away)} of {len(nodes)} machines can't be reached: {sentence}"
        pythons = sorted({str(p) for m in self._members if (p := m.backend.facts.get("python"))})
        engine = {"SSH": f"{_counted(len(nodes), 'machine')}, {_counted(self._places, 'place')} for jobs"}
        rooms = [(m.host.name, room) for m in self._members if (room := got[m.number].engine.get(DISK))]
        if rooms:
            more = f" and {len(rooms) - _NAMED} more" if len(rooms) > _NAMED else ""
            engine[DISK] = ", ".join(f"{name}: {room}" for name, room in rooms[:_NAMED]) + more
        return Standing(
            "unreachable" if len(away) == len(nodes) else "ready",
            sentence,
            nodes,
            {**engine, **({"Python": ", ".join(pythons)} if pythons else {})},
        )

    def close(self) -> None:
        """Ask no more."""
        self._asking.close()

    def _put(self, number: int, _nothing: str) -> Standing:
        return self._members[number].backend.describe()

    def _late(self, number: int, _nothing: str, seconds: float) -> Standing:
        return Standing("unreachable", f"{self._members[number].host.name} has not answered for {seconds:.0f} s.")


def _node(member: Member, found: Standing) -> NodeStanding:
    if found.nodes:
        return replace(found.nodes[0], name=member.host.name)
    return NodeStanding(member.host.name, "unreachable", sentence=found.sentence)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
