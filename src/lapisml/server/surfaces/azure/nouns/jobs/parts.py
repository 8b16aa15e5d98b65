"""Parts that bodies of jobs share, as ARM writes them and as our documents do. Pure.

Nodes of a pipeline have the same parts with ``snake_case`` keys; `steps` turns those around.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.durations import read_seconds, write_seconds
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import (
    IDENTITIES,
    LAUNCHERS,
    PRIORITIES,
    SERVICES,
    TIERS,
    cameled,
    filled,
    mapping,
    snaked,
)

OWN_SERVICES = ("Studio", "Tracking")
_SERVICE_PROPERTIES = {"sshPublicKeys": "ssh_public_keys", "logDir": "log_dir"}


def read_resources(body: Any, path: str) -> dict[str, Any]:
    """Read `resources`; keys of `properties` are the user's."""
    return filled(snaked(mapping(body, path)))


def write_resources(resources: Any) -> dict[str, Any] | None:
    """Write `resources`."""
    return cameled(resources) if resources else None


def read_distribution(body: Any, path: str) -> dict[str, Any]:
    """Read `distribution`."""
    made = snaked(mapping(body, path))
    if "distribution_type" in made:
        made["type"] = LAUNCHERS.read(made.pop("distribution_type"))
    return made


def write_distribution(distribution: Any) -> dict[str, Any] | None:
    """Write `distribution`."""
    if not distribution:
        return None
    made = cameled(distribution)
    return {"distributionType": LAUNCHERS.write(made.pop("type")), **made}


def read_limits(body: Any, path: str) -> dict[str, Any]:
    """Read the limits of a command or a sweep; lengths of time become seconds."""
    made = snaked(mapping(body, path))
    made.pop("job_limits_type", None)
    for key in ("timeout", "trial_timeout"):
        if key in made:
            made[key] = _seconds(made[key], f"{path}.{key}")
    return {key: value for key, value in made.items() if value is not None}


def write_limits(limits: Any, kind: str) -> dict[str, Any] | None:
    """Write limits.

    Args:
        kind: ``Command`` or ``Sweep``.
    """
    if not limits:
        return None
    made = cameled(limits)
    for key in ("timeout", "trialTimeout"):
        if isinstance(made.get(key), int):
            made[key] = write_seconds(made[key])
    return {"jobLimitsType": kind, **made}


def _seconds(value: Any, path: str) -> Any:
    if isinstance(value, int) or (isinstance(value, str) and (value.isdigit() or "${{" in value)):
        return int(value) if str(value).isdigit() else value
    return read_seconds(value, path)


def read_identity(body: Any, path: str) -> dict[str, Any]:
    """Read in whose name a job reaches data."""
    made = snaked(mapping(body, path))
    if "identity_type" in made:
        made["type"] = IDENTITIES.read(made.pop("identity_type"))
    if "resource_id" in made:
        made["msi_resource_id"] = made.pop("resource_id")
    return made


def write_identity(identity: Any) -> dict[str, Any] | None:
    """Write in whose name a job reaches data."""
    if not identity:
        return None
    made = cameled(identity)
    if "msiResourceId" in made:
        made["resourceId"] = made.pop("msiResourceId")
    return {"identityType": IDENTITIES.write(made.pop("type")), **made}


def read_queue(body: Any, path: str) -> dict[str, Any]:
    """Read a job's place in the queue."""
    made = snaked(mapping(body, path))
    if "job_tier" in made:
        made["job_tier"] = TIERS.read(made["job_tier"])
    if "priority" in made:
        made["priority"] = PRIORITIES.read(made["priority"])
    return made


def write_queue(queue: Any) -> dict[str, Any] | None:
    """Write a job's place in the queue."""
    if not queue:
        return None
    made = cameled(queue)
    if "jobTier" in made:
        made["jobTier"] = TIERS.write(made["jobTier"])
    if "priority" in made:
        number = str(PRIORITIES.write(made["priority"]))
        made["priority"] = int(number) if number.isdigit() else number
    return made


def read_services(body: Any, path: str) -> dict[str, Any]:
    """Read what runs beside a job, without what the server itself puts there."""
    found = mapping(body, path)
    return {
        name: _read_service(service, f"{path}.{name}") for name, service in found.items() if name not in OWN_SERVICES
    }


def _read_service(body: Any, path: str) -> dict[str, Any]:
    made = snaked(mapping(body, path))
    if "job_service_type" in made:
        made["type"] = SERVICES.read(made.pop("job_service_type"))
    if isinstance(made.get("nodes"), Mapping):
        made["nodes"] = str(made["nodes"].get("nodesValueType") or made["nodes"].get("nodes_value_type")).lower()
    properties = mapping(made.pop("properties", None), f"{path}.properties")
    for theirs, ours in _SERVICE_PROPERTIES.items():
        if properties.get(theirs) is not None:
            made[ours] = properties.pop(theirs)
    return {**made, **filled({"properties": properties})}


def write_services(services: Any) -> dict[str, Any]:
    """Write what runs beside a job."""
    return {name: _write_service(dict(service)) for name, service in (services or {}).items()}


def _write_service(service: dict[str, Any]) -> dict[str, Any]:
    properties = dict(service.pop("properties", None) or {})
    for theirs, ours in _SERVICE_PROPERTIES.items():
        if service.get(ours) is not None:
            properties[theirs] = service.pop(ours)
    made = cameled(service)
    if "type" in made:
        made["jobServiceType"] = SERVICES.write(made.pop("type"))
    if "nodes" in made:
        made["nodes"] = {"nodesValueType": "All" if made["nodes"] == "all" else made["nodes"]}
    return {**made, **filled({"properties": properties})}


def write_compute(compute: Any, references: References) -> str | None:
    """Write where a job runs; ``local`` would mean the client's own machine there, so it is left out."""
    found = references.write(compute, "compute")
    return None if not found or str(found).rsplit("/", 1)[-1] == "local" else str(found)


def read_compute(body: Mapping[str, Any], references: References) -> str | None:
    """Read where a job runs."""
    compute = references.read(body.get("computeId"), "compute")
    return str(compute) if compute else None
