"""What a pipeline document becomes: steps with what they wait for, and where the pipeline's outputs come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lapisml.documents.paths import DocumentPath, format_path, parse_path


@dataclass(frozen=True)
class Settings:
    """The pipeline's `settings`, and `compute` where `default_compute` is not given.

    Attributes:
        default_compute: where steps without a compute run; None is this machine.
        default_datastore: bare name of the datastore for outputs without a path; None is the workspace's own.
        continue_on_step_failure: whether steps that do not depend on a failed one still run.
        force_rerun: whether nothing is reused.
    """

    default_compute: str | None = None
    default_datastore: str | None = None
    continue_on_step_failure: bool = False
    force_rerun: bool = False


@dataclass(frozen=True)
class Step:
    """One entry of `jobs`.

    Attributes:
        name: its key in `jobs`.
        type: ``command``, ``pipeline``, ``sweep``, ``parallel`` or ``spark``.
        needs: names of the steps that must have completed before.
        document: the document of its job, component merged in; values may still hold ``${{parent…}}``.
        deterministic: whether an earlier result of the same step may be taken.
        retries: how often it is started again after a failure.
        origins: top-level key of `document` → where it stands in the pipeline's document, if not in the step itself.
        place: where the step stands in the pipeline's document.
        bound: keys of `document`, besides inputs and outputs, in which inputs of the pipeline are named.
    """

    name: str
    type: str
    needs: frozenset[str]
    document: dict[str, Any]
    deterministic: bool = True
    retries: int = 0
    origins: Mapping[str, DocumentPath] = field(default_factory=dict)
    place: DocumentPath = ()
    bound: frozenset[str] = frozenset()

    def path_of(self, path: str) -> str:
        """Turn a path within the step's job document into the one within the pipeline's document.

        >>> Step("a", "command", frozenset(), {}, origins={"code": ("jobs", "a", "component", "code")}).path_of("code")
        'jobs.a.component.code'
        """
        steps = parse_path(path) if path else ()
        place = self.place or ("jobs", self.name)
        origin = self.origins.get(str(steps[0])) if steps else None
        return format_path((*place, *steps) if origin is None else (*origin, *steps[1:]))


@dataclass(frozen=True)
class OutputSource:
    """Where an output of the pipeline comes from.

    Attributes:
        step: the step that writes it; None when no step does.
        output: the name of that step's output.
        declared: the entry in the pipeline's `outputs`: type, mode, path, name, version; empty when there is none.
    """

    step: str | None
    output: str
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """A pipeline that was checked as a whole.

    Attributes:
        steps: in the order of the document.
        inputs: the pipeline's inputs, defaults filled in: literals, or mappings with a path.
        outputs: the pipeline's outputs.
        order: the names of the steps, each after those that it needs.
        warnings: what is accepted but not honoured, a sentence each.
    """

    steps: Mapping[str, Step]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, OutputSource]
    settings: Settings
    order: tuple[str, ...]
    warnings: tuple[str, ...] = ()

    def needs(self) -> dict[str, frozenset[str]]:
        """Give what each step waits for, as `core.pipelines` takes it."""
        return {name: step.needs for name, step in self.steps.items()}

    def retries(self) -> dict[str, int]:
        """Give how often steps may be started again, those that may not left out."""
        return {name: step.retries for name, step in self.steps.items() if step.retries}


@dataclass(frozen=True)
class ParentValues:
    """What steps take from the job of the pipeline, besides its document.

    Attributes:
        experiment_name: the experiment of the pipeline's job; None leaves it out.
        name: of the pipeline's job, for ``${{name}}`` in its inputs; None leaves the expression as it is.
    """

    experiment_name: str | None = None
    name: str | None = None
