"""``parallel_run_function(…)``: a job that calls a function for each mini-batch of its data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lapisml.sdk.attributes import Attributes
from lapisml.sdk.builders import given, job_or_step, kept, resources_of
from lapisml.sdk.dsl.values import environment_of, plain


class RunFunction(Attributes):
    """The function that is called: a script with ``init()``, ``run(mini_batch)`` and ``shutdown()``.

    Args:
        code: folder with the script, relative to the working folder.
        entry_script: path of the script within it.
        program_arguments: for the script, with ``${{inputs.x}}``.
        model: model that the script needs.
        append_row_to: ``${{outputs.x}}``, the file that results are appended to.
        environment: ``azureml:name@latest``, or an `Environment`.
    """

    def __init__(
        self,
        *,
        code: Any = None,
        entry_script: str | None = None,
        program_arguments: str | None = None,
        model: str | None = None,
        append_row_to: str | None = None,
        environment: Any = None,
    ) -> None:
        super().__init__(
            type="run_function",
            code=None if code is None else str(code),
            entry_script=entry_script,
            program_arguments=program_arguments,
            model=model,
            append_row_to=append_row_to,
            environment=environment_of(environment),
        )


class RetrySettings(Attributes):
    """How often a mini-batch is tried again, and how many seconds each try may take."""

    def __init__(self, *, max_retries: int | None = None, timeout: int | None = None) -> None:
        super().__init__(max_retries=max_retries, timeout=timeout)


def parallel_run_function(
    *,
    task: Any,
    inputs: dict[str, Any] | None = None,
    outputs: dict[str, Any] | None = None,
    input_data: str | None = None,
    mini_batch_size: str | int | None = None,
    partition_keys: Sequence[str] | None = None,
    max_concurrency_per_instance: int | None = None,
    retry_settings: Any = None,
    error_threshold: int | None = None,
    mini_batch_error_threshold: int | None = None,
    logging_level: str | None = None,
    compute: str | None = None,
    name: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    experiment_name: str | None = None,
    tags: dict[str, str] | None = None,
    properties: dict[str, str] | None = None,
    environment_variables: dict[str, str] | None = None,
    identity: Any = None,
    is_deterministic: bool = True,
    **resources: Any,
) -> Any:
    """Make a job, or a step of a pipeline, that calls a function for each mini-batch of its data.

    Args:
        task: a `RunFunction`.
        inputs: name → `Input`.
        outputs: name → `Output`.
        input_data: ``${{inputs.x}}``, what is cut into mini-batches.
        mini_batch_size: number of files, or size of tabular data such as ``10kb``.
        partition_keys: columns or folders that a mini-batch has one value of each.
        max_concurrency_per_instance: processes on each node.
        retry_settings: a `RetrySettings`.
        error_threshold: failed items that are tolerated; -1: any number.
        mini_batch_error_threshold: failed mini-batches that are tolerated; -1: any number.
        name: the step's name in a pipeline.
        is_deterministic: whether a step with equal inputs may be reused.
        resources: ``instance_count, instance_type, shm_size, docker_args, locations``. The rest: as in the document.

    Returns:
        A `ParallelJob`; within a function with ``@dsl.pipeline`` a step.

    Raises:
        LapisError: DocumentInvalid, with every fault.
    """
    from lapisml.sdk.entities import ParallelJob

    values = {
        "task": task, "input_data": input_data, "partition_keys": partition_keys, "retry_settings": retry_settings,
        "mini_batch_size": mini_batch_size, "max_concurrency_per_instance": max_concurrency_per_instance,
        "error_threshold": error_threshold, "mini_batch_error_threshold": mini_batch_error_threshold,
        "logging_level": logging_level, "compute": compute, "name": name, "display_name": display_name,
        "description": description, "experiment_name": experiment_name, "tags": tags, "properties": properties,
        "environment_variables": environment_variables, "identity": identity,
        "resources": resources_of("parallel_run_function", resources),
    }  # fmt: skip
    job = ParallelJob(**(given(**plain(values), inputs=kept(inputs), outputs=kept(outputs)) or {}))
    job.is_repeatable = is_deterministic
    return job_or_step(job)


__all__ = ["RetrySettings", "RunFunction", "parallel_run_function"]
