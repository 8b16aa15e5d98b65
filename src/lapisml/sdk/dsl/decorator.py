"""``@dsl.pipeline``: a function that calls components becomes one that makes pipeline jobs."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import wraps
from inspect import Parameter, cleandoc, signature
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.dsl.building import Builder, add_step, current
from lapisml.sdk.dsl.definition import DECLARED_KEYS, Definition
from lapisml.sdk.dsl.pipeline_job import SETTINGS, PipelineJob
from lapisml.sdk.dsl.steps import Step
from lapisml.sdk.dsl.values import LITERALS, PipelineInput, StepOutput, literal_type, plain, unknown

AS_COMPONENT = "__lapis_component__"
"""Attribute of a decorated function: makes the pipeline as a component."""

_OPTIONS = ("compute", "non_pipeline_inputs", *SETTINGS)


def pipeline(
    func: Callable[..., Any] | None = None,
    *,
    name: str | None = None,
    version: str | None = None,
    display_name: str | None = None,
    description: str | None = None,
    experiment_name: str | None = None,
    tags: dict[str, str] | None = None,
    **options: Any,
) -> Any:
    """Make a pipeline of a function: calling it gives a `PipelineJob`, or a step within another pipeline.

    The function's parameters become the pipeline's inputs, the components that it calls its steps, and the dict of
    step outputs that it returns its outputs.

    Args:
        func: the function, for use without parentheses.
        name: of the pipeline as a component; the function's when left out.
        version: of the pipeline as a component.
        display_name: for people; `name` when left out.
        description: the function's docstring when left out.
        experiment_name: the experiment that jobs belong to.
        tags: of the job.
        options: ``compute`` of the job; its settings ``default_compute, default_datastore, continue_on_step_failure,
            force_rerun``; ``non_pipeline_inputs``: names of parameters that are plain Python values.

    Raises:
        LapisError: Usage, for an option that does not exist.
    """
    for word in options:
        if word not in _OPTIONS:
            raise unknown(word, _OPTIONS, "@dsl.pipeline", "option")

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        about = _About(
            function, name or function.__name__, version, display_name or name or function.__name__,
            description or cleandoc(function.__doc__ or "") or None, experiment_name, tags, options,
        )  # fmt: skip

        @wraps(function)
        def make(*args: Any, **inputs: Any) -> Any:
            return about.call(args, inputs)

        make.__dict__[AS_COMPONENT] = about.component
        return make

    return decorate if func is None else decorate(func)


@dataclass
class _About:
    """A decorated function and what the decorator said."""

    function: Callable[..., Any]
    name: str
    version: str | None
    display_name: str
    description: str | None
    experiment_name: str | None
    tags: dict[str, str] | None
    options: dict[str, Any]
    parameters: dict[str, Parameter] = field(init=False)
    plain_names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.parameters = _parameters(self.function)
        self.plain_names = list(self.options.get("non_pipeline_inputs") or ())
        for word in self.plain_names:
            if word not in self.parameters:
                raise unknown(word, self.parameters, f"{self.name}()", "parameter")

    def call(self, args: Sequence[Any], named: Mapping[str, Any]) -> Any:
        """Build the pipeline for one call: a job, or a step within the pipeline that is being built."""
        outer = current()
        given = self._arguments(args, named)
        builder = Builder(self.name, outer)
        values = {key: value for key, value in given.items() if key not in self.plain_names}
        declared = {
            key: _declared(parameter, values.get(key))
            for key, parameter in self.parameters.items()
            if key not in self.plain_names
        }
        arguments: dict[str, Any] = {key: PipelineInput(key, said["type"], builder) for key, said in declared.items()}
        arguments |= {key: given[key] for key in self.plain_names if key in given}
        outputs = _outputs(self.name, builder, builder.run(self.function, arguments))
        for key, found in self._taken_types(builder).items():
            if key in declared and _known_type(self.parameters[key], values.get(key)) is None:
                declared[key]["type"] = found
        if outer is None:
            return self._job(builder, declared, values, outputs)
        return self._step(builder, declared, values, outputs)

    def component(self) -> Any:
        """Build the pipeline as a component, which needs no values."""
        return self.call((), {}).component

    @staticmethod
    def _taken_types(builder: Builder) -> dict[str, str]:
        """Find as what the pipeline's inputs are taken: the types that the steps which are given them declare."""
        found: dict[str, str] = {}
        for step in builder.steps:
            for name, port in step.inputs.given():
                declared = (step.definition.inputs or {}).get(name, {}).get("type")
                if isinstance(port.value, PipelineInput) and declared is not None:
                    found.setdefault(port.value.name, str(declared))
        return found

    def _arguments(self, args: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
        """Put the arguments of a call to the parameters that they belong to."""
        if len(args) > len(self.parameters):
            sentence = f"{self.name}() takes at most {len(self.parameters)} arguments, and {len(args)} were given."
            raise LapisError(ErrorCode.USAGE, sentence)
        given = dict(zip(self.parameters, args, strict=False))
        for key, value in named.items():
            if key not in self.parameters:
                raise unknown(key, self.parameters, f"{self.name}()", "input")
            if key in given:
                raise LapisError(ErrorCode.USAGE, f"{self.name}() is given `{key}` twice.")
            given[key] = value
        return given

    def _job(
        self,
        builder: Builder,
        declared: dict[str, dict[str, Any]],
        given: dict[str, Any],
        outputs: dict[str, StepOutput],
    ) -> PipelineJob:
        values = {key: given.get(key, _default(self.parameters[key])) for key in declared}
        job = PipelineJob(
            display_name=self.display_name,
            description=self.description,
            experiment_name=self.experiment_name,
            tags=self.tags,
            compute=self.options.get("compute"),
            settings={key: self.options[key] for key in SETTINGS if self.options.get(key) is not None},
            inputs=values,
            outputs={key: {**_declared_output(output), **output.settings} for key, output in outputs.items()},
            jobs={str(step.name): step for step in builder.steps},
        )
        _bind(outputs)
        about = {"name": self.name, "version": self.version, "display_name": self.display_name}
        job.describe({**about, "description": self.description}, declared)
        return job

    def _step(
        self,
        builder: Builder,
        declared: dict[str, dict[str, Any]],
        given: dict[str, Any],
        outputs: dict[str, StepOutput],
    ) -> Step:
        ignored = [key for key in ("compute", *SETTINGS) if self.options.get(key) is not None]
        if ignored:
            words = ", ".join(ignored)
            warnings.warn(f"{words} of {self.name}() hold only when it is not called in a pipeline.", stacklevel=4)
        given_outputs = {key: where for key, output in outputs.items() if (where := _place(output))}
        results = {key: _declared_output(output) for key, output in outputs.items()}
        _bind(outputs)
        component = {
            "type": "pipeline", "name": self.name, "version": self.version, "display_name": self.display_name,
            "description": self.description, "inputs": declared or None, "outputs": results or None,
            "jobs": {step.name: step.document() for step in builder.steps},
        }  # fmt: skip
        known = {key: value for key, value in component.items() if value is not None}
        definition = Definition(
            "pipeline", known, declared, results, self.name, given_outputs=given_outputs,
            values={key: value for key in declared if (value := _data_default(self.parameters[key])) is not None},
        )  # fmt: skip
        return add_step(Step(definition, given))


def _parameters(function: Callable[..., Any]) -> dict[str, Parameter]:
    try:
        found = signature(function, eval_str=True).parameters
    except Exception:  # noqa: BLE001 - an annotation that can't be read says nothing
        found = signature(function).parameters
    for parameter in found.values():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            sentence = f"`{parameter}` of {function.__name__}() can't be an input of a pipeline."
            raise LapisError(ErrorCode.USAGE, sentence, "Name each parameter.")
    return dict(found)


def _default(parameter: Parameter) -> Any:
    value = None if parameter.default is Parameter.empty else parameter.default
    return getattr(parameter.annotation, "default", None) if value is None else value


def _data_default(parameter: Parameter) -> Any:
    """Give a default that no declaration can hold: data."""
    value = _default(parameter)
    return None if value is None or type(value) in LITERALS else value


def _declared(parameter: Parameter, given: Any) -> dict[str, Any]:
    """Declare an input: by its annotation, else its default, else the value of this call."""
    annotation, default = parameter.annotation, _default(parameter)
    made = {key: getattr(annotation, key, None) for key in DECLARED_KEYS} if hasattr(annotation, "to_dict") else {}
    by_annotation = LITERALS.get(annotation) if isinstance(annotation, type) else None
    made["type"] = (
        made.get("type") or by_annotation or literal_type(default) or literal_type(_handed(given)) or "string"
    )
    if type(default) in LITERALS:
        made["default"] = default
    elif default is None and parameter.default is None:
        made["optional"] = True
    return {key: plain(value) for key, value in made.items() if value is not None}


def _known_type(parameter: Parameter, given: Any) -> str | None:
    """Give the type of an input: by its annotation, else its default, else the value of this call."""
    annotation = parameter.annotation
    if isinstance(annotation, type):
        found = LITERALS.get(annotation)
    else:
        found = literal_type(annotation) if hasattr(annotation, "to_dict") else None
    return found or literal_type(_default(parameter)) or literal_type(_handed(given))


def _handed(given: Any) -> Any:
    from lapisml.sdk.dsl.steps import only_output

    return only_output(given) if isinstance(given, Step) else given


def _outputs(name: str, builder: Builder, returned: Any) -> dict[str, StepOutput]:
    """Check what a pipeline's function returned: a dict of outputs of its steps, each once."""
    if returned is None:
        return {}
    hint = 'Return {"name": step.outputs.name}.'
    if not isinstance(returned, Mapping):
        sentence = f"{name}() returned a {type(returned).__name__}, and not a dict of step outputs."
        raise LapisError(ErrorCode.USAGE, sentence, hint)
    seen: dict[int, str] = {}
    for key, value in returned.items():
        if not isinstance(value, StepOutput) or not isinstance(key, str):
            sentence = f"{name}() returned a {type(value).__name__} as `{key}`, and not an output of a step."
            raise LapisError(ErrorCode.USAGE, sentence, hint)
        if all(value.step is not step for step in builder.steps):
            raise LapisError(ErrorCode.USAGE, f"{name}() returned `{key}`, an output of another pipeline's step.")
        if id(value) in seen:
            sentence = f"{name}() returned one output twice, as `{seen[id(value)]}` and `{key}`."
            raise LapisError(ErrorCode.USAGE, sentence, "An output of a step is one output of the pipeline.")
        seen[id(value)] = key
    return dict(returned)


def _declared_output(output: StepOutput) -> dict[str, Any]:
    declared = (output.step.definition.outputs or {}).get(output.port_name, {})
    made = {"type": output.declared_type, "mode": output.mode or declared.get("mode")}
    return {key: value for key, value in made.items() if value is not None}


def _place(output: StepOutput) -> dict[str, Any]:
    return {key: output.settings[key] for key in ("path", "name", "version") if key in output.settings}


def _bind(outputs: Mapping[str, StepOutput]) -> None:
    """Let each output be one of the pipeline, which now says where it is kept."""
    for key, output in outputs.items():
        output.settings.clear()
        output.assign(f"${{{{parent.outputs.{key}}}}}")
