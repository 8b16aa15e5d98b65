"""What evaluation takes and gives. Times are milliseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class EvaluationDataset:
    """A named set of examples.

    Attributes:
        schema: part of a record → field → type of its values; None before the first record.
        records: how many it has.
    """

    row: int
    dataset_id: str
    name: str
    schema: dict[str, Any] | None
    digest: str
    created_by: str | None
    updated_by: str | None
    created_at: int
    updated_at: int
    tags: dict[str, str] = field(default_factory=dict)
    experiment_ids: list[str] = field(default_factory=list)
    records: int = 0


@dataclass(frozen=True, slots=True)
class EvaluationRecord:
    """One example.

    Attributes:
        body: ``inputs``, and what was given of ``outputs``, ``expectations``, ``tags``, ``source``,
            ``source_id``, ``source_type``, ``created_by``, ``last_updated_by``.
    """

    row: int
    record_id: str
    body: dict[str, Any]
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class ScorerVersion:
    """One version of a scorer; `serialized` is text that only clients understand."""

    experiment_id: str
    name: str
    scorer_id: str
    version: int
    serialized: str
    created_at: int
