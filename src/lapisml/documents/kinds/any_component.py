"""A component where a job names one: a reference, or the component in place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Annotated, Any

from lapisml.core.errors import LapisError
from lapisml.documents.base import Part
from lapisml.documents.kinds.by_type import ByType, Chosen, known_type
from lapisml.documents.paths import DocumentPath
from lapisml.documents.reading import fault, read_filled
from lapisml.documents.references import AssetRef, LocalPath, parse

FORMS = "azureml:<name>:<version>, azureml:<name>@latest, azureml://registries/…, a local path, or a mapping"
COMPONENTS = {
    "command": ("component", "InlineCommandComponent"),
    "pipeline": ("pipeline", "InlinePipelineComponent"),
    "parallel": ("parallel", "InlineParallelComponent"),
    "spark": ("spark", "InlineSparkComponent"),
}
"""Type of a component → module and class of the form that needs no name."""

REFUSED_COMPONENTS = {
    "automl": "AutoML steps are not delivered yet; train in a command step",
    "data_transfer": "data transfer steps are not delivered; copy the data in a command step",
    "import": "import steps are not delivered; fetch the data in a command step",
    "sweep": "a sweep is a step of its own; write `type: sweep` and `trial`",
    "flow_parallel": "prompt flows are not delivered",
}
"""Type of a component that is known and not delivered → why, and what to do."""


def component_type(data: Mapping[str, Any], within: DocumentPath = ()) -> str:
    """Tell the type of a component that stands in place: what it says, what its keys tell, or ``command``.

    Args:
        within: where it stands in what is read, for the fault.

    Raises:
        ValidationError: the type is unknown or not delivered.
    """
    found = known_type(data.get("type"), tuple(COMPONENTS), REFUSED_COMPONENTS, within)
    return found or _by_keys(data)


def _by_keys(data: Mapping[str, Any]) -> str:
    """Guess the type of a component that says none by the key that only one type has."""
    marks = {"jobs": "pipeline", "task": "parallel", "entry": "spark"}
    return next((found for key, found in marks.items() if key in data and "command" not in data), "command")


def read_reference(value: Any) -> str:
    """Return the text of a reference to a component; local paths are checked with the other files."""
    text = read_filled(value)
    try:
        reference = parse(text)
    except LapisError as error:
        raise fault(error.message.rstrip("."), FORMS) from None
    if isinstance(reference, LocalPath):
        return text
    if not isinstance(reference, AssetRef) or reference.kind not in (None, "component"):
        raise fault(f"`{text[:200]}` can't name a component", FORMS)
    return text


def _choose(data: Mapping[str, Any]) -> Chosen:
    found = component_type(data)
    return model_of(found), found


def model_of(type_: str) -> type[Part]:
    """Return the model of a component in place."""
    module, name = COMPONENTS[type_]
    made: type[Part] = getattr(import_module(f"lapisml.documents.kinds.{module}"), name)
    return made


def _every_model() -> Sequence[type[Part]]:
    return [model_of(type_) for type_ in COMPONENTS]


AComponent = Annotated[str | Part, ByType(_choose, _every_model, FORMS, read_reference)]
"""A reference, or a component in place."""


def _choose_trial(data: Mapping[str, Any]) -> Chosen:
    found = component_type(data)
    if found != "command":
        raise fault(f"a trial is a command, this is a {found} component", "a command component")
    return model_of(found), found


ATrial = Annotated[str | Part, ByType(_choose_trial, lambda: [model_of("command")], FORMS, read_reference)]
"""A command component: a reference, or in place."""
