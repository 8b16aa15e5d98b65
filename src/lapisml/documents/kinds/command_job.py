"""Command jobs."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from lapisml.documents.fields import Choice, FilledText, Variables
from lapisml.documents.kinds.environment import AnEnvironment
from lapisml.documents.kinds.io import Inputs, Outputs
from lapisml.documents.kinds.jobs import Job
from lapisml.documents.kinds.parts import Distribution, Limits, QueueSettings, Resources


class CommandJob(Job):
    """One command, run once."""

    NOUN: ClassVar[str] = "command job"

    type: Annotated[str, Choice("command")] = Field("command", description="command")
    command: FilledText = Field(description="what bash runs, with ${{inputs.<name>}} and ${{outputs.<name>}}")
    code: FilledText | None = Field(None, description="a folder or file that the command needs")
    inputs: Inputs | None = Field(None, description="name and value")
    outputs: Outputs | None = Field(None, description="name and place")
    environment: AnEnvironment = Field(description="a reference, or an environment in place")
    environment_variables: Variables | None = Field(None, description="variable and value")
    resources: Resources | None = Field(None, description="how many nodes")
    limits: Limits | None = Field(None, description="when it is ended")
    distribution: Distribution | None = Field(None, description="how processes are started on several nodes")
    queue_settings: QueueSettings | None = Field(None, description="place in the queue")
