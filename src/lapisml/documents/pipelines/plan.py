"""A step while its pipeline is compiled: what was written, what its component declares, what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lapisml.documents.expressions import referenced
from lapisml.documents.paths import DocumentPath
from lapisml.documents.pipelines.values import Given

ARTIFACTS = "artifacts"
"""The output that every job has without declaring it."""


@dataclass
class Plan:
    """A step.

    Attributes:
        path: its place in the pipeline's document.
        type: of its job; empty when that could not be told.
        document: its job's document so far, without inputs and outputs.
        given_inputs, given_outputs: as the step writes them.
        declared_inputs: as its component declares them; None when it has no component.
        declared_outputs: likewise; empty when it has no component.
        origins: key of `document` → place in the pipeline's document.
        deterministic, retries: see `Step`.
        component: of a pipeline step.
        labels: what a component is called that it refers to; empty when the component stands in place.
        inputs, outputs: of its job's document, expressions still in them.
        values: what is known of each input.
        needs: steps that must have completed before.
        bound: keys of `document` in which expressions name inputs of the pipeline.
    """

    name: str
    path: DocumentPath
    type: str = ""
    document: dict[str, Any] = field(default_factory=dict)
    given_inputs: Mapping[str, Any] = field(default_factory=dict)
    given_outputs: Mapping[str, Any] = field(default_factory=dict)
    declared_inputs: Mapping[str, Any] | None = None
    declared_outputs: Mapping[str, Any] = field(default_factory=dict)
    origins: dict[str, DocumentPath] = field(default_factory=dict)
    deterministic: bool = True
    retries: int = 0
    component: Mapping[str, Any] | None = None
    labels: frozenset[str] = frozenset()
    inputs: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)
    values: dict[str, Given] = field(default_factory=dict)
    needs: set[str] = field(default_factory=set)
    bound: set[str] = field(default_factory=set)
    _mentioned: frozenset[str] | None = None

    def texts(self) -> Iterator[tuple[DocumentPath, str]]:
        """Yield the texts that are filled in with inputs and outputs when the step runs, with their keys."""
        for keys in _TEXTS.get(self.type, ()):
            value: Any = self.document
            for key in keys:
                value = value.get(key) if isinstance(value, Mapping) else None
            if isinstance(value, str):
                yield keys, value

    def origin(self, keys: DocumentPath) -> DocumentPath:
        """Give the place of a key of the job's document in the pipeline's document."""
        start = self.origins.get(str(keys[0])) if keys else None
        return (*self.path, *keys) if start is None else (*start, *keys[1:])

    def mentioned_outputs(self) -> frozenset[str]:
        """Give the outputs that its command names without declaring them."""
        if self._mentioned is None:
            found = (name for _, text in self.texts() if "outputs" in text for name in referenced(text, "outputs"))
            self._mentioned = frozenset(found)
        return self._mentioned

    def is_shapeless(self) -> bool:
        """Say whether nothing is known of it: what it is could not be read, which was reported."""
        return not self.type


_TEXTS: dict[str, tuple[tuple[str, ...], ...]] = {
    "command": (("command",),),
    "sweep": (("trial", "command"),),
    "parallel": (("input_data",), ("task", "program_arguments"), ("task", "append_row_to")),
    "spark": (("args",),),
}
