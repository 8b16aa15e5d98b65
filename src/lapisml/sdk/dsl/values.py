"""What stands for a value that a pipeline gives to its steps: its inputs, and outputs of other steps."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.sdk.attributes import Attributes
from lapisml.sdk.records import reference_of

if TYPE_CHECKING:
    from lapisml.sdk.dsl.steps import Step

LITERALS = {bool: "boolean", int: "integer", float: "number", str: "string"}
OUTPUT_KEYS = ("type", "mode", "path", "name", "version", "description")


class Bound(ABC):
    """A value that is known only when the pipeline runs."""

    type: str | None

    @property
    @abstractmethod
    def binding(self) -> str:
        """The expression that documents have in its place."""

    def __str__(self) -> str:
        return self.binding

    def __bool__(self) -> bool:
        sentence = f"{self._described()} has no value while the pipeline is built, so it can't decide anything."
        raise LapisError(ErrorCode.USAGE, sentence, "Decide by a plain argument: list it in non_pipeline_inputs.")

    def _described(self) -> str:
        return "It"


class PipelineInput(Bound):
    """An input of the pipeline that is being built.

    Attributes:
        name: of the parameter.
        type: of its value, None when nothing tells it.
        owner: the pipeline.
    """

    def __init__(self, name: str, type_: str | None, owner: object) -> None:
        self.name = name
        self.type = type_
        self.owner = owner

    @property
    def binding(self) -> str:
        """``${{parent.inputs.<name>}}``."""
        return f"${{{{parent.inputs.{self.name}}}}}"

    def _described(self) -> str:
        return f"The pipeline's input `{self.name}`"


class StepOutput(Bound):
    """An output of a step: hand it to other steps, return it, or say where it is kept.

    Its attributes are the keys of an output: ``type``, ``mode``, ``path``, ``name`` (registers it), ``version``.
    """

    def __init__(self, step: Step, name: str, given: Any = None) -> None:
        self.__dict__["step"] = step
        self.__dict__["port_name"] = name
        self.__dict__["settings"] = Attributes()
        self.__dict__["fixed"] = None
        """The binding to an output of the pipeline around the step."""
        self.__dict__["is_said"] = False
        """Whether the document names the output even when it says nothing of it."""
        self.assign(given)

    def assign(self, given: Any) -> None:
        """Take an `Output`, a mapping with an output's keys, or a binding."""
        if isinstance(given, str):
            self.__dict__["fixed"] = given
        elif given is not None:
            made = plain(given)
            if not isinstance(made, Mapping):
                sentence = f"Output `{self.port_name}` of step `{self.step.label}` can't be a {type(given).__name__}."
                raise LapisError(ErrorCode.USAGE, sentence, "Use Output(type=…, mode=…, path=…).")
            self.__dict__["settings"] = Attributes(made)
            self.__dict__["is_said"] = True

    @property
    def binding(self) -> str:
        """``${{parent.jobs.<step>.outputs.<name>}}``.

        Raises:
            LapisError: Usage, when the step has no name yet.
        """
        if not self.step.name:
            hint = "Set step.name before you write it into a text."
            raise LapisError(ErrorCode.USAGE, f"Step {self.step.label} has no name until the pipeline is built.", hint)
        return f"${{{{parent.jobs.{self.step.name}.outputs.{self.port_name}}}}}"

    @property
    def declared_type(self) -> str | None:
        """The type that the output itself, or else its component, says."""
        found = self.settings.get("type") or (self.step.definition.outputs or {}).get(self.port_name, {}).get("type")
        return None if found is None else str(found)

    def document(self) -> Any:
        """Give what the step's document says of it; None when nothing is to be said."""
        settings = plain(self.settings)
        if self.fixed is None:
            return settings if settings or self.is_said else None
        return {**settings, "path": self.fixed} if settings else self.fixed

    def __getattr__(self, name: str) -> Any:
        if name == "type":
            return self.declared_type
        if name in OUTPUT_KEYS:
            return self.settings.get(name)
        raise AttributeError(f"an output has no '{name}'; it has {', '.join(OUTPUT_KEYS)}")

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in OUTPUT_KEYS:
            raise unknown(name, OUTPUT_KEYS, "An output", "key")
        setattr(self.settings, name, value)

    def __repr__(self) -> str:
        return f"<output {self.port_name} of step {self.step.label}>"

    def _described(self) -> str:
        return f"Output `{self.port_name}` of step `{self.step.label}`"


def plain(value: Any) -> Any:
    """Give what a document holds for a value: text, numbers, lists, mappings.

    Raises:
        LapisError: Usage for something that no document can hold.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, Bound):
        return value.binding
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return _plain_entity(value)


def _plain_entity(value: Any) -> Any:
    kind = getattr(value, "KIND", None)
    if kind == "environment":
        return environment_of(value)
    if kind in ("data", "model"):
        return {"type": value.type, "path": _address(value)}
    if hasattr(value, "to_dict"):
        from lapisml.documents.kinds.io import literal_of

        literal = literal_of(value)
        return literal if literal is not value and literal is not None else value.to_dict()
    sentence = f"A document can't hold a {type(value).__name__}."
    raise LapisError(ErrorCode.USAGE, sentence, "Give text, a number, true or false, an Input, or a step's output.")


def environment_of(given: Any) -> Any:
    """Name a registered environment by its reference; put one that was only made here in place."""
    if getattr(given, "KIND", None) != "environment":
        return given
    if given.record is not None and given.record.get("version"):
        return reference_of(given.record)
    return {key: value for key, value in given.to_dict().items() if key not in ("properties", "auto_delete_setting")}


def _address(asset: Any) -> str:
    if asset.record is not None and asset.record.get("version"):
        return reference_of(asset.record)
    return str(asset.path)


def literal_type(value: Any) -> str | None:
    """Give the type of a value as components declare it: ``integer``, ``uri_file`` …; None when nothing tells it."""
    if isinstance(value, Bound):
        return value.type
    if type(value) in LITERALS:
        return LITERALS[type(value)]
    is_mapping = isinstance(value, Mapping)
    given, path = ((value.get(k) if is_mapping else getattr(value, k, None)) for k in ("type", "path"))
    return given if isinstance(given, str) else "uri_folder" if path is not None else None


def unknown(name: str, known: Any, whose: str, noun: str, several: str | None = None) -> LapisError:
    """Make the error for a name that is not there, with the nearest one that is."""
    from lapisml.documents.words import nearest

    names = list(known)
    near = nearest(name, names)
    has = f"; it has {', '.join(names)}" if names else f"; it has no {several or noun + 's'}"
    return LapisError(
        ErrorCode.USAGE, f"{whose} has no {noun} `{name}`" + (f"; did you mean `{near}`?" if near else f"{has}.")
    )
