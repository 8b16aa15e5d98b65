"""What components, and jobs that were made in Python, have in common: they can be called, and become steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lapisml.sdk.attributes import Attributes
from lapisml.sdk.dsl.definition import has_value

if TYPE_CHECKING:
    from lapisml.sdk.dsl.definition import Definition
    from lapisml.sdk.dsl.steps import Step


class StepMaker:
    """Makes an entity callable: within a function with ``@dsl.pipeline`` each call is a step.

    Attributes:
        is_repeatable: whether a step with equal inputs may be reused; of jobs made in Python, which have no key for it.
    """

    @property
    def is_repeatable(self) -> bool:
        """Whether a step with equal inputs may be reused."""
        return bool(self.__dict__.get("_is_repeatable", True))

    @is_repeatable.setter
    def is_repeatable(self, value: bool) -> None:
        self.__dict__["_is_repeatable"] = value

    def definition(self) -> Definition:
        """Describe what a step of it runs."""
        from lapisml.sdk.dsl import definition

        is_job = getattr(self, "KIND", None) == "job"
        return definition.of_job(self) if is_job else definition.of_component(self)

    def __call__(self, *args: Any, **inputs: Any) -> Step:
        """Make a step.

        Args:
            args: none; inputs are given by name.
            inputs: name → value, `Input`, distribution, the pipeline's input, or an output of another step.

        Raises:
            LapisError: Usage, for an input that is not declared, with the nearest one that is.
        """
        from lapisml.sdk.dsl.building import add_step, refuse_positional
        from lapisml.sdk.dsl.steps import Step

        definition = self.definition()
        refuse_positional(definition, args)
        return add_step(Step(definition, inputs))

    @property
    def _func(self) -> Any:
        """The entity as a plain function, for ``help(…)``: notebooks look at components this way."""
        from inspect import Parameter, Signature

        definition = self.definition()

        def component(**inputs: Any) -> Step:
            return self(**inputs)

        component.__name__ = component.__qualname__ = definition.name or definition.type
        component.__doc__ = f"{getattr(self, 'description', None) or definition.title}\n\n{self}"
        names = [name for name in definition.inputs or () if name.isidentifier()]
        parameters = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in names]
        component.__dict__["__signature__"] = Signature(parameters)
        return component

    def sweep(self, *, primary_metric: str, goal: str, **options: Any) -> Step:
        """Sweep over the inputs that `search_space` names; see `lapisml.sdk.dsl.sweeping.sweep_of`."""
        return self().sweep(primary_metric=primary_metric, goal=goal, **options)


class JobStepMaker(StepMaker):
    """Makes a job callable, and gives it as a component; its inputs and outputs are attributes of theirs."""

    def __init__(self, **values: Any) -> None:
        super().__init__(**values)
        for key in ("inputs", "outputs"):
            if self.__dict__.get(key) is not None:
                self.__dict__[key] = Attributes(self.__dict__[key])

    def _given_inputs(self) -> Mapping[str, Any]:
        """Give the inputs that have a value; the others only declare what a step is given."""
        inputs = getattr(self, "inputs", None) or {}
        return {name: value for name, value in inputs.items() if has_value(value)}

    @property
    def component(self) -> Any:
        """The job as a component: ``ml_client.components.create_or_update(job.component)``.

        Raises:
            LapisError: DocumentInvalid, when the job has no name.
        """
        from lapisml.sdk.entities import ENTITIES

        document = self.definition().component
        assert isinstance(document, dict)
        by_type = ENTITIES["component"]
        return by_type.get(document["type"], by_type[""])(**document)
