"""References in the bodies of deployments, for one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs.lookups import workspace_references as references_of
from lapisml.server.surfaces.azure.nouns.jobs.references import References

__all__ = ["is_named", "references_of"]


def is_named(given: Any, environment: Mapping[str, Any], references: References) -> bool:
    """Say whether a reference is the one that an environment in place is written as."""
    return bool(given == references.read(references.write_environment(environment), "environment"))
