"""``command(…)``: a command job from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lapisml.documents.kinds.parts import Distribution
    from lapisml.sdk.entities import CommandJob, Environment, InlineEnvironment

_RESOURCES = ("instance_count", "instance_type", "locations", "docker_args", "shm_size")


def command(
    *,
    command: str,
    environment: str | Environment | InlineEnvironment,
    code: Any = None,
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    compute: str | None = None,
    name: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    experiment_name: str | None = None,
    tags: dict[str, str] | None = None,
    properties: dict[str, str] | None = None,
    environment_variables: dict[str, str] | None = None,
    distribution: Distribution | dict[str, Any] | None = None,
    timeout: int | None = None,
    identity: Any = None,
    services: dict[str, Any] | None = None,
    job_tier: str | None = None,
    priority: str | None = None,
    **resources: Any,
) -> CommandJob:
    """Make a command job, ready for ``ml_client.jobs.create_or_update``.

    Args:
        command: what bash runs, with ``${{inputs.x}}`` and ``${{outputs.y}}``.
        environment: ``azureml:name@latest``, or an `Environment`.
        code: folder or file, relative to the working folder.
        inputs: name → `Input`, or a plain value.
        outputs: name → `Output`.
        compute: name of the compute; this machine when left out.
        name: unique name; one is made up when left out.
        display_name, description, experiment_name, tags, properties: for people.
        environment_variables: variable → value.
        distribution: how processes are started on several nodes.
        timeout: seconds.
        identity, services: see the document.
        job_tier, priority: place in the queue.
        resources: ``instance_count, instance_type, shm_size, docker_args, locations``.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """
    from lapisml.sdk.entities import CommandJob

    unknown = set(resources) - set(_RESOURCES)
    if unknown:
        raise TypeError(f"command() got an unexpected keyword argument '{min(unknown)}'")
    queue = {"job_tier": job_tier, "priority": priority}
    values = {
        "command": command,
        "environment": _environment(environment),
        "code": None if code is None else str(code),
        "inputs": {key: _plain(value) for key, value in (inputs or {}).items()} or None,
        "outputs": {key: _plain(value) for key, value in (outputs or {}).items()} or None,
        "compute": compute,
        "name": name,
        "display_name": display_name,
        "description": description,
        "experiment_name": experiment_name,
        "tags": tags,
        "properties": properties,
        "environment_variables": environment_variables,
        "distribution": distribution,
        "limits": None if timeout is None else {"timeout": timeout},
        "identity": identity,
        "services": services,
        "queue_settings": _given(queue),
        "resources": _given(resources),
    }
    return CommandJob(**{key: value for key, value in values.items() if value is not None})


def _environment(given: Any) -> Any:
    """Name a registered environment by its reference; put one that was only made here in place."""
    if getattr(given, "KIND", None) != "environment":
        return given
    if given.record is not None and given.record.get("version"):
        return f"azureml:{given.record['name']}:{given.record['version']}"
    return {k: v for k, v in given.to_dict().items() if k not in ("properties", "auto_delete_setting")}


def _plain(given: Any) -> Any:
    return given.to_dict() if hasattr(given, "to_dict") else given


def _given(values: dict[str, Any]) -> dict[str, Any] | None:
    return {key: value for key, value in values.items() if value is not None} or None
