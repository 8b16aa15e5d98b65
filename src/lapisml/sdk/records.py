"""What a record has around its document: status, id, creation context, services …, by attribute or by key."""

from __future__ import annotations

from typing import Any


class View(dict[str, Any]):
    """A mapping whose keys are attributes too: ``job.services["Studio"].endpoint``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no '{name}' here; there is {', '.join(self) or 'nothing'}") from None


def viewed(value: Any) -> Any:
    """Turn mappings, also those within lists and mappings, into views."""
    if isinstance(value, dict):
        return View({key: viewed(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return [viewed(inner) for inner in value]
    return value
