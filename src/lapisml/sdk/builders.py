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
        name: unique; one is made up when left out.
        timeout: seconds.
        job_tier, priority: place in the queue.
        resources: ``instance_count, instance_type, shm_size, docker_args, locations``. The rest: as in the document.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """
    from lapisml.sdk.entities import CommandJob

    unknown = set(resources) - set(_RESOURCES)
    if unknown:
        raise TypeError(f"command() got an unexpected keyword argument '{min(unknown)}'")
    values = {
        "command": command,
        "environment": _environment(environment),
        "code": None if code is None else str(code),
        "inputs": {key: _plain(value) for key, value in (inputs or {}).items()} or None,
        "outputs": {key: _plain(value) for key, value in (outputs or {}).items()} or None,
        "limits": _given(timeout=timeout),
        "queue_settings": _given(job_tier=job_tier, priority=priority),
        "resources": _given(**resources),
    }
    others = _given(
        compute=compute, name=name, display_name=display_name, description=description, identity=identity,
        experiment_name=experiment_name, tags=tags, properties=properties, services=services,
        environment_variables=environment_variables, distribution=distribution,
    )  # fmt: skip
    return CommandJob(**(_given(**values) or {}), **(others or {}))


def _environment(given: Any) -> Any:
    """Name a registered environment by its reference; put one that was only made here in place."""
    if getattr(given, "KIND", None) != "environment":
        return given
    if given.record is not None and given.record.get("version"):
        return f"azureml:{given.record['name']}:{given.record['version']}"
    return {k: v for k, v in given.to_dict().items() if k not in ("properties", "auto_delete_setting")}


def _plain(given: Any) -> Any:
    return given.to_dict() if hasattr(given, "to_dict") else given


def _given(**values: Any) -> dict[str, Any] | None:
    return {key: value for key, value in values.items() if value is not None} or None
