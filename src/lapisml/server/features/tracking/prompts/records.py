"""What prompts are made of. Times are milliseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PromptVersion:
    """One version of a prompt; the text itself is one of its tags."""

    name: str
    version: int
    source: str
    run_id: str | None
    description: str | None
    tags: dict[str, str]
    aliases: tuple[str, ...]
    created_by: str
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """A name with its versions.

    Attributes:
        aliases: alias → version.
        last_version: the greatest number that a version ever had.
    """

    row: int
    name: str
    description: str | None
    tags: dict[str, str]
    aliases: dict[str, int]
    last_version: int
    created_by: str
    created_at: int
    updated_at: int
