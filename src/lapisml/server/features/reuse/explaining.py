"""Why a job ran, was reused, waits or ended: one sentence, and what of the key changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState
from lapisml.core.reuse import PartChange
from lapisml.documents.expressions import referenced
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.records import Child, JobRecord
from lapisml.server.features.jobs.service import JobService, Standing
from lapisml.server.features.reuse.earlier import Earlier, EarlierRuns
from lapisml.server.features.reuse.records import ResultState, StepResult
from lapisml.server.features.reuse.service import ReuseService
from lapisml.server.features.workspaces.service import Workspace

_MANY_PIPELINES, _FEW_PIPELINES = 50, 5
"""How many earlier pipelines one step is compared with, and all steps of a pipeline."""
_WAITING = frozenset({JobState.NOT_STARTED, JobState.QUEUED, JobState.PAUSED})

Children = Callable[[Workspace, str], Sequence[Child]]
"""Gives the jobs that a job started, in that order."""


class Cause(StrEnum):
    """Why a step ran; stable words."""

    REUSED = "Reused"
    FORCED = "Forced"
    NOT_DETERMINISTIC = "NotDeterministic"
    UNKNOWN_CONTENT = "UnknownContent"
    FIRST = "First"
    CHANGED = "Changed"
    AGAIN = "AnotherAttempt"
    OUTPUTS_LOST = "OutputsLost"
    NO_RESULT = "NoResult"
    ALWAYS = "AlwaysRuns"
    PIPELINE = "Pipeline"


@dataclass(frozen=True)
class Explanation:
    """Why a job is what it is.

    Attributes:
        standing: where the job stands: what it waits for, or how it ended.
        cause: why it ran or did not.
        reason: that as a sentence.
        compared_with: the earlier job that `changes` is about, or whose outputs it took.
        changes: the parts of the key that differ from it.
        steps: of a pipeline: each step and its line.
    """

    job: JobRecord
    standing: Standing
    cause: Cause
    reason: str
    compared_with: str | None = None
    changes: list[PartChange] = field(default_factory=list)
    steps: list[StepLine] = field(default_factory=list)


@dataclass(frozen=True)
class StepLine:
    """One step of a pipeline; `job` is None when it has not started."""

    step: str
    job: str | None
    status: str
    reason: str
    changes: list[PartChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Finding:
    cause: Cause
    reason: str
    compared_with: str | None = None
    changes: list[PartChange] = field(default_factory=list)


@dataclass(frozen=True)
class _Family:
    """What is read once for all steps of a pipeline.

    Attributes:
        children: of the pipeline, in the order in which they started.
        place: the pipeline's own place below the first one.
        before: earlier pipelines to compare with, newest first.
    """

    parent: JobRecord
    children: Sequence[Child]
    place: list[str]
    before: Sequence[JobRecord]


class Explainer:
    """Explains jobs."""

    def __init__(self, jobs: JobService, children: Children, assets: AssetService, reuse: ReuseService) -> None:
        self._jobs = jobs
        self._children = children
        self._assets = assets
        self._reuse = reuse
        self._earlier = EarlierRuns(jobs, reuse)

    def explain(self, workspace: Workspace, name: str) -> Explanation:
        """Say why a job ran or was reused, and where it stands.

        Raises:
            LapisError: NotFound.
        """
        job = self._jobs.get(workspace, name)
        standing = self._jobs.standing(workspace, job)
        if job.type == "pipeline":
            return self._pipeline(workspace, job, standing)
        found = self._leaf(workspace, job)
        return Explanation(job, standing, found.cause, found.reason, found.compared_with, found.changes)

    def _leaf(self, workspace: Workspace, job: JobRecord) -> _Finding:
        if job.parent_name is None:
            return _Finding(Cause.ALWAYS, "A job of its own always runs: only steps are reused.")
        parent = self._jobs.get(workspace, job.parent_name)
        if parent.type != "pipeline":
            return _Finding(Cause.ALWAYS, f"Each child of a {parent.type} runs: only steps are reused.")
        family = self._family(workspace, parent)
        child = next(child for child in family.children if child.name == job.name)
        return self._step(workspace, family, child, self._reuse.result(workspace, job.name))

    def _pipeline(self, workspace: Workspace, job: JobRecord, standing: Standing) -> Explanation:
        family = self._family(workspace, job, _FEW_PIPELINES)
        latest = {child.step: child for child in family.children}
        known = {r.job_name: r for r in self._reuse.results(workspace, [child.name for child in latest.values()])}
        lines = [self._line(workspace, family, child, known.get(child.name)) for child in latest.values()]
        lines += [
            StepLine(step, None, JobState.NOT_STARTED.value, _not_started(job, node, latest))
            for step, node in (job.document.get("jobs") or {}).items()
            if step not in latest
        ]
        return Explanation(job, standing, Cause.PIPELINE, "A pipeline is as its steps are.", steps=lines)

    def _line(self, workspace: Workspace, family: _Family, child: Child, result: StepResult | None) -> StepLine:
        if child.status in _WAITING:
            standing = self._jobs.standing(workspace, self._jobs.get(workspace, child.name))
            return StepLine(child.step, child.name, standing.status.value, standing.reason)
        if child.type == "pipeline":
            return StepLine(child.step, child.name, child.status.value, child.status_reason)
        found = self._step(workspace, family, child, result)
        reason = found.reason
        if child.status in (JobState.FAILED, JobState.CANCELED):
            reason = child.status_reason.partition("\n")[0]
        return StepLine(child.step, child.name, child.status.value, reason, found.changes)

    def _family(self, workspace: Workspace, parent: JobRecord, most: int = _MANY_PIPELINES) -> _Family:
        root, place = self._earlier.place(workspace, parent)
        before = self._earlier.pipelines_before(workspace, root, most)
        return _Family(parent, self._children(workspace, parent.name), place, before)

    def _step(self, workspace: Workspace, family: _Family, child: Child, result: StepResult | None) -> _Finding:
        if result is None:
            return _Finding(Cause.NO_RESULT, "What it depends on was not recorded: it could not be started.")
        if result.reused_from is not None:
            sentence = f"Nothing that it depends on has changed since {result.reused_from}, whose outputs it took."
            return _Finding(Cause.REUSED, sentence, result.reused_from)
        earlier = self._earlier.nearest(workspace, result, family.before, [*family.place, child.step])
        compared = (earlier.result.job_name, earlier.changes) if earlier is not None else (None, [])
        if (family.parent.document.get("settings") or {}).get("force_rerun"):
            return _Finding(Cause.FORCED, "It ran because the pipeline sets `force_rerun`.", *compared)
        if not self._is_deterministic(workspace, family.parent, child.step):
            sentence = "It ran because it is declared `is_deterministic: false`."
            return _Finding(Cause.NOT_DETERMINISTIC, sentence, *compared)
        if not result.key.is_whole:
            parts = "; ".join(f"{part}: {why.rstrip('.')}" for part, why in result.key.unknown.items())
            sentence = f"It ran because not all that it depends on can be known: {parts}."
            return _Finding(Cause.UNKNOWN_CONTENT, sentence)
        before = next((c for c in reversed(family.children) if c.step == child.step and c.seq < child.seq), None)
        if before is not None:
            return _Finding(Cause.AGAIN, f"It is another attempt: {before.name} ended as {before.status.value}.")
        return self._compared(workspace, earlier)

    def _compared(self, workspace: Workspace, earlier: Earlier | None) -> _Finding:
        if earlier is None:
            return _Finding(Cause.FIRST, "It ran because no earlier run of this step is known.")
        name = earlier.result.job_name
        if earlier.changes:
            count = len(earlier.changes)
            what = "1 thing that it depends on has" if count == 1 else f"{count} things that it depends on have"
            sentence = f"It ran because {what} changed since {name}."
            return _Finding(Cause.CHANGED, sentence, name, earlier.changes)
        return _Finding(*self._unused(workspace, earlier.result), name)

    def _unused(self, workspace: Workspace, result: StepResult) -> tuple[Cause, str]:
        """Say why an earlier run with the same key was of no use."""
        name = result.job_name
        if result.state is ResultState.LOST:
            return Cause.OUTPUTS_LOST, f"It ran because the outputs of {name} are not whole: {result.remark}."
        if result.state is ResultState.UNUSABLE:
            return Cause.NO_RESULT, f"It ran because the result of {name} can't be reused: {result.remark}."
        try:
            status = self._jobs.get(workspace, name).status
        except LapisError:
            return Cause.NO_RESULT, f"It ran because {name}, which did the same, is not there any more."
        if status in (JobState.FAILED, JobState.CANCELED):
            return Cause.NO_RESULT, f"It ran because {name}, which did the same, ended as {status.value}."
        return Cause.NO_RESULT, f"It ran because {name}, which does the same, was not complete when it started."

    def _is_deterministic(self, workspace: Workspace, parent: JobRecord, step: str) -> bool:
        node = (parent.document.get("jobs") or {}).get(step) or {}
        component = node.get("component") or node.get("trial")
        if isinstance(component, str):
            try:
                component = self._assets.resolve(workspace, AssetKind.COMPONENTS, component).document
            except LapisError:
                component = None
        holders = [holder for holder in (node, component) if isinstance(holder, Mapping)]
        return all(holder.get("is_deterministic") is not False for holder in holders)


def _not_started(job: JobRecord, node: Any, latest: Mapping[str, Child]) -> str:
    """Say what a step that has no job yet waits for."""
    needs = {name.partition(".")[0] for name in _needed(json.dumps(node))}
    waits = sorted(step for step in needs if step not in latest or latest[step].status is not JobState.COMPLETED)
    if job.is_over:
        return "It never started: the pipeline ended before."
    return f"It waits for {', '.join(waits)}." if waits else "It is about to start."


def _needed(text: str) -> list[str]:
    return [name.removeprefix("jobs.") for name in referenced(text, "parent") if name.startswith("jobs.")]
