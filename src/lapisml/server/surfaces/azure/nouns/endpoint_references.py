"""References in the bodies of deployments, for one request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lapisml.server.surfaces.azure.arm import ArmCall
from lapisml.server.surfaces.azure.nouns.codes import code_reference
from lapisml.server.surfaces.azure.nouns.jobs.references import References

if TYPE_CHECKING:
    from lapisml.server.surfaces.azure.services import AzureServices


def references_of(services: AzureServices, call: ArmCall) -> References:
    """Give what reads and writes references in the workspace of a request."""
    return References(call.scope_id, lambda code_id: code_reference(services, call.workspace, code_id))


def is_named(given: Any, environment: Mapping[str, Any], references: References) -> bool:
    """Say whether a reference is the one that an environment in place is written as."""
    return bool(given == references.read(references.write_environment(environment), "environment"))
