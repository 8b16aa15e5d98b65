"""What a record has around its document: status, id, creation context, services …, by attribute or by key."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

_MOMENTS = ("created_at", "last_modified_at")


_REGISTRIES = "azureml://registries/"


def reference_of(record: Mapping[str, Any]) -> str:
    """Give the reference that means a version which the server gave: what is in a registry is named with it."""
    address = str(record.get("id") or "")
    return address if address.startswith(_REGISTRIES) else f"azureml:{record['name']}:{record['version']}"


class View(dict[str, Any]):
    """A mapping whose keys are attributes too: ``job.services["Studio"].endpoint``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"there is no '{name}' here; there is {', '.join(self) or 'nothing'}") from None


def viewed(value: Any) -> Any:
    """Turn mappings, also those within lists and mappings, into views; times of a creation context into datetimes."""
    if isinstance(value, dict):
        made = View({key: viewed(inner) for key, inner in value.items()})
        if "created_by" in made:
            made.update({key: datetime.fromisoformat(made[key]) for key in _MOMENTS if made.get(key)})
        return made
    if isinstance(value, list):
        return [viewed(inner) for inner in value]
    return value
