"""What is known of steps that ran or were reused."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lapisml.core.reuse import StepKey
from lapisml.server.features.assets.records import JobOutput


class ResultState(StrEnum):
    """Where a step's result stands."""

    STARTED = "started"
    """The step is under way, or did not end well."""
    REUSABLE = "reusable"
    """It is complete, and later steps with the same key may take its outputs."""
    REUSED = "reused"
    """It took the outputs of another."""
    LOST = "lost"
    """It was reusable until an output was removed or changed."""
    UNUSABLE = "unusable"
    """It completed, but its outputs can't stand for its key: an input changed meanwhile, say."""


@dataclass(frozen=True)
class OutputMark:
    """One output of a step as it was when the step completed.

    Attributes:
        mark: its content, as `contents.Content.mark`.
        files: number of files.
        size: bytes of all of them.
    """

    name: str
    type: str
    uri: str
    mark: str
    files: int
    size: int

    def to_json(self) -> dict[str, Any]:
        """Give the plain form that is kept."""
        return {
            "name": self.name,
            "type": self.type,
            "uri": self.uri,
            "mark": self.mark,
            "files": self.files,
            "size": self.size,
        }


@dataclass(frozen=True)
class StepResult:
    """One step that was started or reused. Times are milliseconds since the epoch, UTC.

    Attributes:
        remark: why it is lost or unusable.
        reused_from: the job whose outputs it took.
        outputs: empty until it is complete.
    """

    id: int
    job_name: str
    key: StepKey
    state: ResultState
    remark: str | None
    reused_from: str | None
    outputs: tuple[OutputMark, ...]
    created_at: int
    completed_at: int | None


@dataclass(frozen=True)
class Reusable:
    """An earlier result that may be taken: its outputs exist and have the content that they had.

    Attributes:
        job_name: the job that made it.
        outputs: its outputs, ``artifacts`` among them.
    """

    job_name: str
    outputs: list[JobOutput]
