"""``command(…)`` and ``spark(…)``: jobs, and steps of pipelines, from Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lapisml.sdk.dsl.values import environment_of, plain

if TYPE_CHECKING:
    from lapisml.documents.kinds.parts import Distribution
    from lapisml.sdk.entities import Environment, InlineEnvironment

RESOURCES = ("instance_count", "instance_type", "locations", "docker_args", "shm_size")


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
    is_deterministic: bool = True,
    job_tier: str | None = None,
    priority: str | None = None,
    parent_job_name: str | None = None,
    **resources: Any,
) -> Any:
    """Make a command job, ready for ``ml_client.jobs.create_or_update``, or to be called as a step of a pipeline.

    Args:
        command: what bash runs, with ``${{inputs.x}}`` and ``${{outputs.y}}``.
        environment: ``azureml:name@latest``, or an `Environment`.
        code: folder or file, relative to the working folder.
        inputs: name → `Input`, or a plain value; an `Input` without a path declares what a step is given.
        outputs: name → `Output`.
        compute: name of the compute; this machine when left out.
        name: unique, and the component's name in a pipeline; one is made up when left out.
        timeout: seconds.
        is_deterministic: whether a step with equal inputs may be reused.
        job_tier, priority: place in the queue.
        resources: ``instance_count, instance_type, shm_size, docker_args, locations``. The rest: as in the document.

    Returns:
        A `CommandJob`; within a function with ``@dsl.pipeline`` a step.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """
    from lapisml.sdk.entities import CommandJob

    values = {
        "command": command,
        "environment": environment_of(environment),
        "code": None if code is None else str(code),
        "inputs": kept(inputs),
        "outputs": kept(outputs),
        "resources": resources_of("command", resources),
        "limits": given(timeout=timeout),
        "queue_settings": given(job_tier=job_tier, priority=priority),
        "distribution": plain(distribution),
        "identity": plain(identity),
        "services": plain(services),
    }
    others = given(
        compute=compute, name=name, display_name=display_name, description=description, tags=tags,
        experiment_name=experiment_name, properties=properties, parent_job_name=parent_job_name,
        environment_variables=environment_variables,
    )  # fmt: skip
    job = CommandJob(**(given(**values) or {}), **(others or {}))
    job.is_repeatable = is_deterministic
    return job_or_step(job)


def spark(
    *,
    entry: Any,
    code: Any = None,
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    environment: Any = None,
    resources: Any = None,
    identity: Any = None,
    is_deterministic: bool = True,
    **values: Any,
) -> Any:
    """Make a Spark job, or a step of a pipeline; see `command`.

    Args:
        entry: ``{"file": "main.py"}`` or ``{"class_name": …}``.
        resources: ``{"instance_type": …, "runtime_version": …}``.
        values: keys of the document: ``args, conf, py_files, jars, files, archives, compute, name, display_name,
            description, tags, experiment_name``, and ``driver_cores, driver_memory, executor_cores, executor_memory,
            executor_instances, dynamic_allocation_…``, which go to ``conf``.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """
    from lapisml.sdk.entities import SparkJob

    made = {"entry": entry, "environment": environment_of(environment), "resources": resources, "identity": identity}
    made |= {"code": None if code is None else str(code)} | values
    job = SparkJob(**(given(**plain(made), inputs=kept(inputs), outputs=kept(outputs)) or {}))
    job.is_repeatable = is_deterministic
    return job_or_step(job)


def job_or_step(job: Any) -> Any:
    """Give the job itself; while a pipeline is built, a step of it."""
    from lapisml.sdk.dsl.building import current

    return job if current() is None else job()


def resources_of(function: str, values: dict[str, Any]) -> dict[str, Any] | None:
    """Collect the arguments that say how much of a compute a job takes.

    Raises:
        TypeError: an argument is none of those.
    """
    unknown = set(values) - set(RESOURCES)
    if unknown:
        raise TypeError(f"{function}() got an unexpected keyword argument '{min(unknown)}'")
    return given(**values)


def kept(ports: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give inputs or outputs as an entity takes them: parts of documents stay what they are."""
    from lapisml.documents.base import Part

    return {key: value if isinstance(value, Part) else plain(value) for key, value in (ports or {}).items()} or None


def given(**values: Any) -> dict[str, Any] | None:
    """Collect what was given; None when nothing was."""
    return {key: value for key, value in values.items() if value is not None} or None
