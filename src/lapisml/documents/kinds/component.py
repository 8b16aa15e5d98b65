"""Command components: a command with declared inputs and outputs, to be used in pipelines."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from lapisml.documents.base import Asset
from lapisml.documents.fields import AnyMapping, Choice, FilledText, Flag, Name, Text, Texts, Variables
from lapisml.documents.kinds.declarations import DeclaredInputs, DeclaredOutputs
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.parts import Distribution, QueueSettings, Resources


class Component(Asset):
    """What components of every type share."""

    KIND: ClassVar[str] = "component"

    display_name: Text | None = Field(None, description="a name for people")
    inputs: DeclaredInputs | None = Field(None, description="name and declaration")
    outputs: DeclaredOutputs | None = Field(None, description="name and declaration")
    is_deterministic: Flag | None = Field(None, description="whether equal inputs give equal outputs")
    properties: AnyMapping | None = Field(None, description="further facts")


class CommandComponent(Component):
    """A command with declared inputs and outputs."""

    NOUN: ClassVar[str] = "command component"

    type: Annotated[str, Choice("command")] = Field("command", description="command")
    command: FilledText = Field(description="what bash runs, with ${{inputs.<name>}} and ${{outputs.<name>}}")
    code: FilledText | None = Field(None, description="a folder or file that the command needs")
    environment: AnEnvironment = Field(description="a reference, or an environment in place")
    environment_variables: Variables | None = Field(None, description="variable and value")
    resources: Resources | None = Field(None, description="how many nodes")
    distribution: Distribution | None = Field(None, description="how processes are started on several nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
    additional_includes: Texts | None = Field(None, description="files and folders to put beside the code")


class InlineCommandComponent(CommandComponent):
    """A command component that stands within a job or a pipeline; it needs no name."""

    name: Name | None = Field(None, description="for people")  # type: ignore[assignment]
