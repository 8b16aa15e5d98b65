"""The wire form of explanations."""

from __future__ import annotations

from typing import Any

from lapisml.core.reuse import PartChange
from lapisml.server.features.reuse.explaining import Explanation


def explanation_body(found: Explanation) -> dict[str, Any]:
    """Make the record of an explanation."""
    return {
        "name": found.job.name,
        "display_name": found.job.display_name,
        "step": found.job.step,
        "type": found.job.type,
        "status": found.standing.status.value,
        "status_code": found.standing.code,
        "status_reason": found.standing.reason,
        "cause": found.cause.value,
        "reason": found.reason,
        "compared_with": found.compared_with,
        "changes": _changes(found.changes),
        "steps": [
            {
                "step": line.step,
                "name": line.job,
                "status": line.status,
                "reason": line.reason,
                "changes": _changes(line.changes),
            }
            for line in found.steps
        ],
    }


def _changes(found: list[PartChange]) -> list[dict[str, Any]]:
    return [{"part": change.part, "old": change.old, "new": change.new, "text": str(change)} for change in found]
