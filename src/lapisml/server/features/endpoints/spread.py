"""How the replicas of a revision are spread over machines. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

_REST_AFTER_S = 60.0
"""When a machine whose replicas nobody needs lets the last of them end, seconds, while another one answers."""


def spread(scale: Mapping[str, Any], nodes: Sequence[int], present: Collection[int]) -> dict[int, dict[str, Any]]:
    """Say which machines keep how many replicas.

    Machines that keep some already are taken first, so that nothing moves without need; then the others in the order
    given. There are no more machines than replicas.

    Args:
        scale: of the revision, in the form of `ServingSpec.scale`.
        nodes: machines that can be had, the best first.
        present: those that keep a part of the revision already.

    Returns:
        Machine → its keeper's scale.
    """
    ordered = sorted(nodes, key=lambda node: node not in present)
    most = int(scale.get("max", 1)) if _varies(scale) else int(scale.get("instances", 1))
    chosen = sorted(ordered[: max(1, most)]) if nodes else []
    if not _varies(scale):
        parts = _parts(most, len(chosen))
        return {node: {"type": "default", "instances": part} for node, part in zip(chosen, parts, strict=True)}
    least = _parts(int(scale.get("min", 1)), len(chosen))
    found = {}
    for place, (node, low, high) in enumerate(zip(chosen, least, _parts(most, len(chosen)), strict=True)):
        found[node] = {**scale, "min": low, "max": high}
        if low == 0 and place:
            found[node] |= {"start": 0, "zero_after_s": _REST_AFTER_S}
    return found


def total(scale: Mapping[str, Any]) -> int:
    """Give the least number of replicas that a scale asks for."""
    return int(scale.get("min", 1)) if _varies(scale) else int(scale.get("instances", 1))


def _varies(scale: Mapping[str, Any]) -> bool:
    return scale.get("type") == "target_utilization"


def _parts(number: int, machines: int) -> list[int]:
    """Split a number into as many parts, as equal as can be, the greater first."""
    return [number // machines + (place < number % machines) for place in range(machines)]
