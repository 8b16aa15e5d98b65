"""Filters and orders of prompts: there are few, so they are compared in memory."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lapisml.server.features.tracking.filters import Clause, Order
from lapisml.server.features.tracking.prompts.records import Prompt


def fulfils(prompt: Prompt, clauses: Sequence[Clause]) -> bool:
    """Say whether a prompt fulfils all comparisons of its name and tags."""
    return all(_compare(prompt.tags.get(c.key) if c.entity == "tag" else prompt.name, c) for c in clauses)


def _compare(text: str | None, clause: Clause) -> bool:
    if text is None:
        return False
    if clause.operator in ("=", "!="):
        return (text == clause.value) == (clause.operator == "=")
    if isinstance(clause.value, tuple):
        return (text in clause.value) == (clause.operator == "IN")
    parts = [{"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in str(clause.value)]
    pattern = re.sub(r"(?:\.\*)+", ".*", "".join(parts))
    flags = re.DOTALL | (re.IGNORECASE if clause.operator == "ILIKE" else 0)
    return re.fullmatch(pattern, text, flags) is not None


def ordered(found: list[Prompt], orders: Sequence[Order]) -> list[Prompt]:
    """Return prompts in an order; by name where it says nothing."""
    fields = {"creation_timestamp": "created_at", "last_updated_timestamp": "updated_at"}
    for order in reversed(orders):
        name = fields.get(order.key, "name")
        found = sorted(found, key=lambda one: getattr(one, name), reverse=not order.ascending)
    return found
