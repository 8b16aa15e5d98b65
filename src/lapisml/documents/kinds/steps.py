"""The steps of a pipeline, one model for each type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from lapisml.documents.base import Part
from lapisml.documents.fields import Amount, Choice, FilledText, Flag, MappingOf, Tags, Text, Texts, Variables
from lapisml.documents.kinds.any_component import AComponent, ATrial, component_type
from lapisml.documents.kinds.bindings import BoundAmount, BoundCount, OrBinding
from lapisml.documents.kinds.by_type import ByType, Chosen, known_type
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import check_names
from lapisml.documents.kinds.jobs import ComputeName
from lapisml.documents.kinds.parallel import Batching, Task, batching_faults
from lapisml.documents.kinds.parts import Distribution, JobIdentity, Limits, QueueSettings, Resources, Services
from lapisml.documents.kinds.search_space import SearchSpace
from lapisml.documents.kinds.spark import SparkResources, SparkWork, conf_faults, with_conf
from lapisml.documents.kinds.step_io import StepInputs, StepOutputs, plain_inputs, typed_faults
from lapisml.documents.kinds.sweep import EarlyTermination, Objective, Sampling, SweepLimits, sampling_faults
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault

_CONTROL = "loops and branches are not delivered; write the steps out"
REFUSED_STEPS = {
    "automl": "AutoML steps are not delivered yet; train in a command step",
    "data_transfer": "data transfer steps are not delivered; copy the data in a command step",
    "import": "import steps are not delivered; fetch the data in a command step",
    "finetuning": "fine-tuning steps are not delivered; train in a command step",
    "flow_parallel": "prompt flows are not delivered",
    "do_while": _CONTROL,
    "if_else": _CONTROL,
    "parallel_for": _CONTROL,
}
"""Type of a step that is known and not delivered → why, and what to do."""

_NESTED_JOBS = "put the steps under `component:`, together with `type: pipeline`"
Compute = Annotated[ComputeName, OrBinding()]


class StepResources(Resources):
    """How many machines, of what kind, and how much of them."""

    instance_count: BoundCount | None = Field(None, description="number of nodes")  # type: ignore[assignment]
    max_instance_count: BoundCount | None = Field(None, description="largest number of nodes")  # type: ignore[assignment]


class StepDistribution(Distribution):
    """How the processes of a step on several nodes are started."""

    process_count_per_instance: BoundCount | None = Field(None, description="processes on each node")  # type: ignore[assignment]
    parameter_server_count: BoundAmount | None = Field(None, description="processes that hold parameters")  # type: ignore[assignment]
    worker_count: BoundCount | None = Field(None, description="processes that train")  # type: ignore[assignment]


class StepLimits(Limits):
    """When a step is ended."""

    timeout: BoundCount | None = Field(None, description="seconds")  # type: ignore[assignment]


class StepRetries(Part):
    """What happens when a step fails. Azure ML knows this of mini-batches alone; here every process has it."""

    max_retries: Amount | None = Field(None, description="how often the step is started again after a failure")


class Step(Part):
    """What steps of every type share."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"$schema"})
    OF_COMPONENT: ClassVar[tuple[str, ...]] = ()
    """Keys that say what runs: a step without a component needs the first ones, a step with one has none."""
    NEEDED: ClassVar[tuple[str, ...]] = ()
    """Keys that a step without a component needs."""

    component: AComponent | None = Field(None, description="a reference, a local path, or a component in place")
    name: Text | None = Field(None, description="for people; a step's name is its key under `jobs`")
    display_name: Text | None = Field(None, description="a name for people")
    description: Text | None = Field(None, description="what it is, for people")
    tags: Tags | None = Field(None, description="key and text")
    properties: Tags | None = Field(None, description="key and text, fixed once the job exists")
    inputs: StepInputs | None = Field(None, description="name and value, ${{parent.…}} or data")
    outputs: StepOutputs | None = Field(None, description="name and place, or ${{parent.outputs.<name>}}")
    compute: Compute | None = Field(None, description="where it runs; the pipeline's when left out")
    identity: JobIdentity | None = Field(None, description="in whose name it reaches data")
    services: Services | None = Field(None, description="what runs beside it")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a step that says nothing of what runs, or says it twice."""
        yield from typed_faults(self.inputs or {})
        if self.component is None:
            for key in self.NEEDED:
                if getattr(self, key) is None:
                    yield (key,), fault(f"missing key `{key}`", f"{self._meaning(key)}; or `component`", at="missing")
            return
        for key in self.OF_COMPONENT:
            if getattr(self, key) is not None:
                message = f"a step with a component has no `{key}` of its own"
                yield (key,), fault(message, "one of them", at="key")

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary; an input that is only a value is that value."""
        return plain_inputs(super().to_dict(), self.inputs or {})


class CommandStep(Step):
    """A command, or a command component."""

    OF_COMPONENT: ClassVar[tuple[str, ...]] = ("command", "code", "additional_includes", "is_deterministic")
    NEEDED: ClassVar[tuple[str, ...]] = ("command", "environment")

    type: Annotated[str, Choice("command")] | None = Field(None, description="what sort of step it is")
    command: FilledText | None = Field(None, description="what bash runs")
    code: FilledText | None = Field(None, description="a folder or file that the command needs")
    environment: AnEnvironment | None = Field(None, description="a reference, or an environment in place")
    environment_variables: Variables | None = Field(None, description="variable and value")
    resources: StepResources | None = Field(None, description="how many nodes")
    limits: StepLimits | None = Field(None, description="when it is ended")
    distribution: StepDistribution | None = Field(None, description="how processes are started on several nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    retry_settings: StepRetries | None = Field(None, description="what happens when it fails")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")
    is_deterministic: Flag | None = Field(None, description="whether equal inputs give equal outputs")


class PipelineStep(Step):
    """A pipeline within a pipeline."""

    NEEDED: ClassVar[tuple[str, ...]] = ("component",)
    KEY_HINTS: ClassVar[Mapping[str, str]] = {"jobs": _NESTED_JOBS}

    type: Annotated[str, Choice("pipeline")] | None = Field(None, description="what sort of step it is")


class ParallelStep(Batching, Step):
    """A function that is called for each mini-batch, or a parallel component."""

    OF_COMPONENT: ClassVar[tuple[str, ...]] = ("task", "additional_includes", "is_deterministic")
    NEEDED: ClassVar[tuple[str, ...]] = ("task", "input_data")

    type: Annotated[str, Choice("parallel")] | None = Field(None, description="what sort of step it is")
    task: Task | None = Field(None, description="the function")
    resources: StepResources | None = Field(None, description="how many nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")
    is_deterministic: Flag | None = Field(None, description="whether equal inputs give equal outputs")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from super().faults()
        yield from batching_faults(self)


class SparkStep(SparkWork, Step):
    """A program for Spark, or a Spark component."""

    OF_COMPONENT: ClassVar[tuple[str, ...]] = ("entry", "code", "additional_includes", "is_deterministic")
    NEEDED: ClassVar[tuple[str, ...]] = ("entry",)

    type: Annotated[str, Choice("spark")] | None = Field(None, description="what sort of step it is")
    resources: SparkResources | None = Field(None, description="on what it runs")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")
    is_deterministic: Flag | None = Field(None, description="whether equal inputs give equal outputs")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse values that do not fit each other."""
        yield from super().faults()
        yield from conf_faults(self)

    def to_dict(self) -> dict[str, Any]:
        """Give the plain dictionary, all settings of Spark under ``conf``."""
        return with_conf(super().to_dict())


class SweepStep(Step):
    """A sweep within a pipeline."""

    KEY_HINTS: ClassVar[Mapping[str, str]] = {}

    type: Annotated[str, Choice("sweep")] | None = Field(None, description="what sort of step it is")
    trial: ATrial = Field(description="the command to run: a component, or command, code and environment")
    sampling_algorithm: Sampling = Field("random", description="random, grid, bayesian, or a mapping with settings")
    search_space: SearchSpace = Field(description="parameter and distribution")
    objective: Objective = Field(description="which trial is the best")
    early_termination: EarlyTermination | None = Field(None, description="which trials are ended early")
    limits: SweepLimits | None = Field(None, description="how many trials, and for how long")
    resources: StepResources | None = Field(None, description="how many nodes each trial has")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")

    def faults(self) -> Iterator[tuple[DocumentPath, PydanticCustomError]]:
        """Refuse a component, and a grid without lists."""
        yield from typed_faults(self.inputs or {})
        if self.component is not None:
            yield ("component",), fault("a sweep has no component of its own", "`trial`", at="key")
        yield from sampling_faults(self.sampling_algorithm, self.search_space)


STEPS: dict[str, type[Step]] = {
    "command": CommandStep,
    "pipeline": PipelineStep,
    "parallel": ParallelStep,
    "spark": SparkStep,
    "sweep": SweepStep,
}
"""Type of a step → model."""


def _choose(data: Mapping[str, Any]) -> Chosen:
    """Choose the model: what the step says, what its component is, what its keys tell, else a command.

    The type of a step whose component is only a reference is left open when the step does not say it.
    """
    found = known_type(data.get("type"), tuple(STEPS), REFUSED_STEPS)
    component = data.get("component")
    if isinstance(component, Mapping):
        inner = component_type(component, ("component",))
        if found is not None and found != inner:
            raise fault(f"the step is of type {found}, its component is a {inner} component", f"`type: {inner}`")
        return STEPS[inner], inner
    if found is None:
        found = next((kind for key, kind in _MARKS.items() if key in data), "command")
        return STEPS[found], None if component is not None and found == "command" else found
    return STEPS[found], found


_MARKS = {"trial": "sweep", "task": "parallel", "entry": "spark"}
"""Key that only one type of step has → the type."""


def _every_model() -> Sequence[type[Part]]:
    return list(STEPS.values())


Steps = Annotated[
    dict[str, Annotated[Step, ByType(_choose, _every_model, "a mapping with a step")]],
    MappingOf,
    BeforeValidator(check_names),
]
"""Name → step."""
