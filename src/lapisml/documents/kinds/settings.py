"""Settings of a pipeline."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from lapisml.documents.base import Part
from lapisml.documents.fields import FilledText, Flag, Refused
from lapisml.documents.kinds.jobs import ComputeName

_NO_HOOKS = "steps that run before or after all others are not delivered; make them steps that others depend on"


class PipelineSettings(Part):
    """What holds for all steps of a pipeline."""

    READ_ONLY: ClassVar[frozenset[str]] = frozenset({"default_datestore"})
    """A slip of the pen in public examples that Azure passes over."""

    default_compute: ComputeName | None = Field(None, description="where steps run that name no compute")
    default_datastore: FilledText | None = Field(None, description="where steps write outputs that name no place")
    continue_on_step_failure: Flag | None = Field(
        None, description="whether steps that do not need a failed one go on; false when left out"
    )
    force_rerun: Flag | None = Field(None, description="whether every step runs, even if an equal one has succeeded")
    on_init: Annotated[None, Refused(_NO_HOOKS)] = None
    on_finalize: Annotated[None, Refused(_NO_HOOKS)] = None
