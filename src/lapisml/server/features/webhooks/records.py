"""What webhooks are made of. Times are milliseconds since the epoch, UTC."""

from __future__ import annotations

from dataclasses import dataclass

EVENTS = frozenset({
    "registered_model.created", "model_version.created",
    "model_version_tag.set", "model_version_tag.deleted",
    "model_version_alias.created", "model_version_alias.deleted",
    "prompt.created", "prompt_version.created", "prompt_tag.set", "prompt_tag.deleted",
    "prompt_version_tag.set", "prompt_version_tag.deleted", "prompt_alias.created", "prompt_alias.deleted",
})  # fmt: skip
"""What a webhook may be told of, as ``entity.action``; the words are MLflow's."""

ACTIVE, DISABLED = "ACTIVE", "DISABLED"


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address and what it is told of.

    Attributes:
        events: ``entity.action`` words of `EVENTS`.
        sealed_secret: the key that signs messages, encrypted; None when messages are not signed.
        status: ``ACTIVE`` or ``DISABLED``.
    """

    webhook_id: str
    name: str
    url: str
    events: tuple[str, ...]
    description: str | None
    sealed_secret: str | None
    status: str
    created_at: int
    updated_at: int
