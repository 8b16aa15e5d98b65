"""How replicas are spread over machines."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.server.features.endpoints.spread import spread, total

AUTO = {"type": "target_utilization", "target_percent": 70, "polling_s": 1}


def counts(found: dict[int, dict[str, Any]]) -> dict[int, Any]:
    """Give the numbers only."""
    return {n: s["instances"] if "instances" in s else (s["min"], s["max"]) for n, s in found.items()}


@pytest.mark.parametrize(
    ("scale", "nodes", "present", "expected"),
    [
        ({"type": "default", "instances": 1}, [0, 1], [], {0: 1}),
        ({"type": "default", "instances": 2}, [0, 1, 2], [], {0: 1, 1: 1}),
        ({"type": "default", "instances": 2}, [0, 1, 2], [2], {0: 1, 2: 1}),
        ({"type": "default", "instances": 5}, [1, 3], [], {1: 3, 3: 2}),
        ({"type": "default", "instances": 2}, [1], [1], {1: 2}),
        ({"type": "default", "instances": 2}, [], [], {}),
        ({**AUTO, "min": 1, "max": 3}, [0, 1], [], {0: (1, 2), 1: (0, 1)}),
        ({**AUTO, "min": 2, "max": 4}, [0, 1], [], {0: (1, 2), 1: (1, 2)}),
        ({**AUTO, "min": 0, "max": 1}, [0, 1], [1], {1: (0, 1)}),
    ],
)
def test_machines_and_replicas(
    scale: dict[str, Any], nodes: list[int], present: list[int], expected: dict[int, Any]
) -> None:
    assert counts(spread(scale, nodes, present)) == expected


def test_a_machine_that_is_not_needed_yet_begins_with_nothing() -> None:
    found = spread({**AUTO, "min": 0, "max": 2}, [0, 1], [])
    assert "start" not in found[0]
    assert found[1]["start"] == 0
    assert found[1]["zero_after_s"] == 60


def test_the_least_number() -> None:
    assert total({"type": "default", "instances": 3}) == 3
    assert total({**AUTO, "min": 0, "max": 2}) == 0
