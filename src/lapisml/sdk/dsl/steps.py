"""A step: a component, what it is given, and where it runs. It is also a job of its own outside a pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.attributes import Attributes
from lapisml.sdk.dsl.definition import Definition, copied
from lapisml.sdk.dsl.ports import Ports, StepInput, input_documents, output_documents
from lapisml.sdk.dsl.values import StepOutput, environment_of, plain, unknown
from lapisml.sdk.searching import SearchSpace

_ALL = ("display_name", "description", "tags", "properties", "compute", "identity", "services")
_RUN = ("environment", "environment_variables", "resources", "limits")
KEYS: dict[str, tuple[str, ...]] = {
    "command": (*_ALL, *_RUN, "command", "code", "distribution", "queue_settings", "additional_includes"),
    "pipeline": (*_ALL, "settings"),
    "sweep": (
        *_ALL, "trial", "sampling_algorithm", "search_space", "objective", "early_termination", "limits", "resources",
        "queue_settings",
    ),
    "parallel": (
        *_ALL, *_RUN, "task", "input_data", "mini_batch_size", "partition_keys", "max_concurrency_per_instance",
        "retry_settings", "logging_level", "error_threshold", "mini_batch_error_threshold",
    ),
    "spark": (*_ALL, *_RUN, "code", "entry", "conf", "args", "py_files", "jars", "files", "archives"),
}  # fmt: skip
"""Type of a step → the keys that may be set on it."""

_MAPPINGS = (
    "environment_variables", "resources", "limits", "tags", "properties", "queue_settings", "settings", "objective",
    "early_termination", "retry_settings", "conf", "services",
)  # fmt: skip
"""Keys that hold mappings: they read as an empty one, ready to be filled."""

_OWN = ("name", "experiment_name", "base_path", "definition", "inputs", "outputs", "label", "rest")
_RESOURCES = ("instance_type", "instance_count", "locations", "properties", "docker_args", "shm_size")


class Step:
    """A step of a pipeline; outside one, a job that can be submitted.

    Its attributes are the keys of the step's document: ``step.compute = "cpu-cluster"``,
    ``step.resources.instance_count = 2``, ``step.outputs.model.mode = "upload"``.

    Attributes:
        type: ``command``, ``pipeline``, ``sweep``, ``parallel`` or ``spark``.
        name: within the pipeline; the variable's name when left out.
        definition: what it runs.
        inputs, outputs: by attribute or by name.
    """

    KIND = "job"

    name: str | None
    definition: Definition
    inputs: Ports
    outputs: Ports

    def __init__(self, definition: Definition, given: Mapping[str, Any] | None = None) -> None:
        self.__dict__["type"] = definition.type
        self.__dict__["definition"] = definition
        self.__dict__["values"] = {key: copied(value) for key, value in definition.settings.items()}
        self.__dict__["record"] = None
        self.rest: dict[str, Any] = {}
        self.name = None
        self.experiment_name: str | None = None
        self.base_path = Path.cwd()
        whose = definition.title[:1].upper() + definition.title[1:]
        known = None if definition.inputs is None else list(definition.inputs)
        outputs = None if definition.outputs is None else list(definition.outputs)
        self.inputs = Ports(whose, "input", known, _input)
        self.outputs = Ports(whose, "output", outputs, lambda name, value: StepOutput(self, name, value))
        for name, value in {**definition.values, **(given or {})}.items():
            if value is not None:
                self.inputs[name] = value
            else:
                self.inputs.check(name)
        for name, value in definition.given_outputs.items():
            self.outputs[name] = value

    @property
    def label(self) -> str:
        """What messages call it."""
        return self.name or self.definition.name or self.type_name

    @property
    def type_name(self) -> str:
        """Its type."""
        return str(self.__dict__["type"])

    @property
    def component(self) -> Any:
        """Its component: a reference, or the component in place; None when its own keys say what it runs."""
        return self.definition.component

    @property
    def values(self) -> dict[str, Any]:
        """The keys that were set."""
        found: dict[str, Any] = self.__dict__["values"]
        return found

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in KEYS[self.type_name]:
            raise AttributeError(str(unknown(name, self._words(), f"A {self.type_name} step", "key").message))
        if name not in self.values and name in _MAPPINGS:
            self.values[name] = Attributes(self._declared(name))
        value = self.values.get(name)
        if type(value) is dict:
            value = self.values[name] = Attributes(value)
        return value

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            self.__dict__[name] = value
        elif name in KEYS[self.type_name]:
            self.values[name] = value
        else:
            raise unknown(name, self._words(), f"A {self.type_name} step", "key")

    def set_resources(self, **resources: Any) -> None:
        """Set ``instance_count, instance_type, locations, properties, docker_args, shm_size``; the rest stays."""
        self._fill("resources", resources, (*_RESOURCES, "runtime_version"))

    def set_limits(self, **limits: Any) -> None:
        """Set ``timeout`` (seconds); of a sweep also ``max_total_trials, max_concurrent_trials, trial_timeout``."""
        sweep = ("max_concurrent_trials", "max_total_trials", "timeout", "trial_timeout")
        self._fill("limits", limits, sweep if self.type_name == "sweep" else ("timeout",))

    def set_queue_settings(self, *, job_tier: str | None = None, priority: str | None = None) -> None:
        """Set the place in the queue."""
        self._fill("queue_settings", {"job_tier": job_tier, "priority": priority}, ("job_tier", "priority"))

    def set_objective(self, *, goal: str | None = None, primary_metric: str | None = None) -> None:
        """Set what the best trial of a sweep is."""
        goal = goal.lower() if goal else None
        self._fill("objective", {"goal": goal, "primary_metric": primary_metric}, ("goal", "primary_metric"))

    def sweep(self, *, primary_metric: str, goal: str, **options: Any) -> Step:
        """Turn a command whose inputs hold distributions into a sweep over them; see `sweep_of`."""
        from lapisml.sdk.dsl.sweeping import sweep_of

        return sweep_of(self, primary_metric=primary_metric, goal=goal, **options)

    def __call__(self, *args: Any, **inputs: Any) -> Step:
        """Make another step of the same component: what this one has, with `inputs` over its inputs."""
        from lapisml.sdk.dsl.building import add_step, refuse_positional

        refuse_positional(self.definition, args)
        kept = {name: port.value for name, port in self.inputs.given()}
        made = Step(self.definition, {**kept, **inputs})
        made.values.update(copied(self.values))
        return add_step(made)

    def document(self) -> dict[str, Any]:
        """Give the step as a pipeline's document has it.

        Raises:
            LapisError: Usage, for a distribution as an input of a step that is no sweep.
        """
        made: dict[str, Any] = {"type": self.type_name} | self._settings()
        if self.definition.component is not None:
            made["component"] = copied(self.definition.component)
        inputs, outputs = self._inputs(), output_documents(self.outputs)
        made |= ({"inputs": inputs} if inputs else {}) | ({"outputs": outputs} if outputs else {})
        return {**made, **self.rest}

    def to_dict(self) -> dict[str, Any]:
        """Give the document of the step as a job of its own."""
        from lapisml.sdk.dsl.standalone import job_document

        return job_document(self)

    def _settings(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for key in KEYS[self.type_name]:
            value = self.values.get(key)
            said = plain(environment_of(value) if key == "environment" else value)
            if said is not None and said != {} and said != self._declared(key):
                made[key] = said
        return made

    def _inputs(self) -> dict[str, Any]:
        for name, port in self.inputs.given():
            if isinstance(port.value, SearchSpace):
                sentence = f"Input `{name}` of step `{self.label}` is a search space, and the step is no sweep."
                raise LapisError(ErrorCode.USAGE, sentence, "Call .sweep(primary_metric=…, goal=…) on it.")
        return input_documents(self.inputs)

    def _declared(self, key: str) -> Any:
        """Give what the component in place says of a key, which the step need not repeat."""
        component = self.definition.component
        repeated = key not in ("display_name", "description", "tags", "properties")
        return component.get(key) if isinstance(component, dict) and repeated else None

    def _fill(self, key: str, values: Mapping[str, Any], known: tuple[str, ...]) -> None:
        for word, value in values.items():
            if word not in known:
                raise unknown(word, known, f"`{key}` of a {self.type_name} step", "key")
            if value is not None:
                getattr(self, key)[word] = value

    def _words(self) -> list[str]:
        return [*KEYS[self.type_name], "name", "inputs", "outputs"]

    def __repr__(self) -> str:
        return f"<{self.type_name} step {self.label}>"


def _input(_name: str, value: Any) -> StepInput:
    if isinstance(value, StepInput):
        made = StepInput(value.value)
        made.settings.update(value.settings)
        return made
    if isinstance(value, Step):
        return StepInput(only_output(value))
    return StepInput(value)


def only_output(step: Step) -> StepOutput:
    """Give the one output of a step that was handed on whole.

    Raises:
        LapisError: Usage, when it has none or several.
    """
    names = list(step.outputs)
    if len(names) != 1:
        has = f"outputs {', '.join(names)}" if names else "no output"
        hint = f"Say which: {step.label}.outputs.{names[0]}." if names else None
        raise LapisError(ErrorCode.USAGE, f"Step `{step.label}` was handed on whole, and has {has}.", hint)
    found: StepOutput = step.outputs[names[0]]
    return found
