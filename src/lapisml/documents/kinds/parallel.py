"""Parallel jobs and components: a function that is called for each of many small parts of the data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Choice, FilledText, ListOf, Name, OneOrMore, Text, Texts, Variables, Whole
from lapisml.documents.kinds.bindings import BoundAmount, BoundCount, OrBinding, is_binding
from lapisml.documents.kinds.component import Component
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import Inputs, Outputs
from lapisml.documents.kinds.jobs import Job
from lapisml.documents.kinds.parts import QueueSettings, Resources
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_SIZE = re.compile(r"[1-9]\d*\s*(?:b|kb|mb|gb)?\Z", re.IGNORECASE)
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Threshold = Annotated[int | str, Whole(low=-1), OrBinding()]
"""-1 for no limit, 0, 1, 2 …"""


class RetrySettings(Part):
    """What happens when a mini-batch fails."""

    max_retries: BoundAmount | None = Field(None, description="how often a mini-batch is tried again")
    timeout: BoundCount | None = Field(None, description="seconds for one try of a mini-batch")


class Task(Part):
    """What is called for each mini-batch: a function of a script, or an MLflow model itself."""

    type: Annotated[str, Choice("run_function", "model", refused={"function": "write `type: run_function`"})] = Field(
        "run_function", description="run_function, or model for an MLflow model that is used by itself"
    )
    code: FilledText | None = Field(None, description="the folder with the script")
    entry_script: FilledText | None = Field(
        None, description="path of the script in the folder, with init() and run(mini_batch)"
    )
    environment: AnEnvironment = Field(description="a reference, or an environment in place")
    program_arguments: Text | None = Field(None, description="arguments; ${{inputs.<name>}}, ${{outputs.<name>}}")
    append_row_to: FilledText | None = Field(None, description="${{outputs.<name>}}: a file for what run() returns")
    model: FilledText | None = Field(
        None, description="${{inputs.<name>}}: a model; its folder lies in AZUREML_MODEL_DIR"
    )

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a function without a script, and a model with one."""
        needed = ("entry_script",) if self.type == "run_function" else ("model", "append_row_to")
        for key in needed:
            if getattr(self, key) is None:
                yield (key,), fault(f"missing key `{key}`", self._meaning(key), at="missing")
        for key in ("code", "entry_script") if self.type == "model" else ():
            if getattr(self, key) is not None:
                message = f"a model that is used by itself has no `{key}`"
                yield (key,), fault(message, "`type: run_function`, or a model alone", at="key")


class Batching(BaseModel):
    """How data is parted, and what may fail."""

    input_data: FilledText | None = Field(None, description="${{inputs.<name>}}: the data that is parted")
    mini_batch_size: Text | None = Field(None, description="files in a mini-batch, or size of a table, such as 10kb")
    partition_keys: Annotated[Texts, ListOf, OneOrMore()] | None = Field(
        None, description="columns or levels of folders; equal values make a mini-batch"
    )
    mini_batch_error_threshold: Threshold | None = Field(None, description="mini-batches that may fail; -1 for any")
    error_threshold: Threshold | None = Field(None, description="items that may fail; -1 for any")
    retry_settings: RetrySettings | None = Field(None, description="what happens when a mini-batch fails")
    logging_level: Annotated[str, Choice(*_LEVELS)] | None = Field(None, description="DEBUG, INFO, WARNING or ERROR")
    max_concurrency_per_instance: BoundCount | None = Field(None, description="mini-batches at once on each node")
    environment_variables: Variables | None = Field(None, description="variable and value")


def batching_faults(found: Any) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield what is wrong with a size, or with keys that nothing names."""
    size = found.mini_batch_size
    if size is not None and not is_binding(size) and not _SIZE.match(size.strip()):
        yield ("mini_batch_size",), fault(f"`{size[:80]}` is not a size", "a number of files, or a size such as 10kb")
    if found.partition_keys is not None and not found.partition_keys:
        yield ("partition_keys",), fault("the list is empty", "at least one key")


class ParallelJob(Batching, Job):
    """A function, called for each mini-batch."""

    NOUN: ClassVar[str] = "parallel job"

    type: Annotated[str, Choice("parallel")] = Field("parallel", description="parallel")
    task: Task = Field(description="the function")
    inputs: Inputs | None = Field(None, description="name and value")
    outputs: Outputs | None = Field(None, description="name and place")
    resources: Resources | None = Field(None, description="how many nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from super().faults()
        yield from batching_faults(self)
        if self.input_data is None:
            yield ("input_data",), fault("missing key `input_data`", self._meaning("input_data"), at="missing")


class ParallelComponent(Batching, Component):
    """A function with declared inputs and outputs."""

    NOUN: ClassVar[str] = "parallel component"

    type: Annotated[str, Choice("parallel")] = Field("parallel", description="parallel")
    task: Task = Field(description="the function")
    resources: Resources | None = Field(None, description="how many nodes")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from batching_faults(self)


class InlineParallelComponent(ParallelComponent):
    """A parallel component that stands within a pipeline; it needs no name."""

    name: Name | None = Field(None, description="for people")  # type: ignore[assignment]
