"""Spark jobs and components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import AnyMapping, Choice, Count, FilledText, Flag, Name, OneOrMore, Text, Texts
from lapisml.documents.kinds.component import Component
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import Inputs, Outputs
from lapisml.documents.kinds.jobs import Job
from lapisml.documents.kinds.parts import QueueSettings
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

CONF = {
    "driver_cores": "spark.driver.cores",
    "driver_memory": "spark.driver.memory",
    "executor_cores": "spark.executor.cores",
    "executor_memory": "spark.executor.memory",
    "executor_instances": "spark.executor.instances",
    "dynamic_allocation_enabled": "spark.dynamicAllocation.enabled",
    "dynamic_allocation_min_executors": "spark.dynamicAllocation.minExecutors",
    "dynamic_allocation_max_executors": "spark.dynamicAllocation.maxExecutors",
}
"""Key of a document → the setting of Spark that it stands for."""


Files = Annotated[Texts, OneOrMore()]


class Entry(Part):
    """What Spark runs."""

    file: FilledText | None = Field(None, description="path of the Python file in the folder with the code")
    class_name: FilledText | None = Field(None, description="name of the class in one of the jars")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse none and both."""
        if (self.file is None) == (self.class_name is None):
            message = "nothing says what Spark runs" if self.file is None else "an entry has a file or a class"
            yield (), fault(message, "`file` or `class_name`", at="key")


class SparkResources(Part):
    """On what Spark runs."""

    instance_type: Text | None = Field(None, description="size of a node")
    runtime_version: Text | None = Field(None, description="version of Spark, for example 3.4")


class SparkWork(BaseModel):
    """What Spark is given."""

    code: FilledText | None = Field(None, description="the folder with the code")
    entry: Entry | None = Field(None, description="what Spark runs")
    args: Text | None = Field(None, description="arguments, with ${{inputs.<name>}} and ${{outputs.<name>}}")
    conf: AnyMapping | None = Field(None, description="settings of Spark, for example spark.driver.cores")
    py_files: Files | None = Field(None, description="modules for Python, paths in the folder with the code")
    jars: Files | None = Field(None, description="jars, paths in the folder with the code")
    files: Files | None = Field(None, description="files for every executor, paths in the folder with the code")
    archives: Files | None = Field(None, description="archives for every executor, paths in the folder with the code")
    driver_cores: Count | None = Field(None, description="spark.driver.cores")
    driver_memory: Text | None = Field(None, description="spark.driver.memory, for example 2g")
    executor_cores: Count | None = Field(None, description="spark.executor.cores")
    executor_memory: Text | None = Field(None, description="spark.executor.memory, for example 2g")
    executor_instances: Count | None = Field(None, description="spark.executor.instances")
    dynamic_allocation_enabled: Flag | None = Field(None, description="spark.dynamicAllocation.enabled")
    dynamic_allocation_min_executors: Count | None = Field(None, description="spark.dynamicAllocation.minExecutors")
    dynamic_allocation_max_executors: Count | None = Field(None, description="spark.dynamicAllocation.maxExecutors")
    environment: AnEnvironment | None = Field(None, description="a reference, or an environment in place")
    resources: SparkResources | None = Field(None, description="on what it runs")


def conf_faults(found: Any) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
    """Yield settings that are no single values, and limits of executors that do not fit each other."""
    for key, value in (found.conf or {}).items():
        if isinstance(value, (list, dict)):
            yield ("conf", key), fault("it is a list or a mapping", "text, a number, true or false")
    low, high = found.dynamic_allocation_min_executors, found.dynamic_allocation_max_executors
    if low is not None and high is not None and low > high:
        message = f"{low} is more than dynamic_allocation_max_executors, {high}"
        yield ("dynamic_allocation_min_executors",), fault(message, f"a whole number from 1 to {high}")


def with_conf(made: dict[str, Any]) -> dict[str, Any]:
    """Move the keys that stand for settings of Spark to ``conf``; what stands there already counts more."""
    given = {CONF[key]: made.pop(key) for key in CONF if key in made}
    if given:
        made["conf"] = {**given, **made.get("conf", {})}
    return made


class SparkJob(SparkWork, Job):
    """A program for Spark."""

    NOUN: ClassVar[str] = "Spark job"

    type: Annotated[str, Choice("spark")] = Field("spark", description="spark")
    entry: Entry = Field(description="what Spark runs")
    inputs: Inputs | None = Field(None, description="name and value")
    outputs: Outputs | None = Field(None, description="name and place")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from super().faults()
        yield from conf_faults(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary, all settings of Spark under ``conf``."""
        return with_conf(super().to_dict())


class SparkComponent(SparkWork, Component):
    """A program for Spark with declared inputs and outputs."""

    NOUN: ClassVar[str] = "Spark component"

    type: Annotated[str, Choice("spark")] = Field("spark", description="spark")
    entry: Entry = Field(description="what Spark runs")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from conf_faults(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary, all settings of Spark under ``conf``."""
        return with_conf(super().to_dict())


class InlineSparkComponent(SparkComponent):
    """A Spark component that stands within a pipeline; it needs no name."""

    name: Name | None = Field(None, description="for people")  # type: ignore[assignment]
