"""What pages show of pipelines: the graph with the state of every step, and where a failure began."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import COMPOSITE, JobState
from lapisml.server.features.assets.records import AssetKind, AssetRecord
from lapisml.server.features.assets.service import AssetService
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService, Standing
from lapisml.server.features.jobs.summaries import JobLine, JobSummaries, JobSummary
from lapisml.server.features.pipelines.kind import Graphs
from lapisml.server.features.pipelines.picture import Picture, picture
from lapisml.server.features.workspaces.service import Workspace

_KEPT = 64
"""How many pictures are remembered: a page asks again whenever a step moves."""
_DEEPEST = 24
_MOST_WAITING = 200
"""Of how many steps in line it is said who is before them."""


@dataclass(frozen=True)
class StepState:
    """Where a step stands.

    Attributes:
        job: its last job; None before it starts.
        tries: how many jobs were made for it.
        reason: why it is in its state; for one in line, its place.
    """

    job: JobSummary | None
    tries: int
    reason: str


@dataclass(frozen=True)
class Shown:
    """A pipeline job as a page draws it.

    Attributes:
        states: step → where it stands.
        cause: from the step that failed first down to the job that did: a nested pipeline's own step, a trial.
    """

    job: JobRecord
    standing: Standing
    picture: Picture
    states: dict[str, StepState]
    cause: list[JobSummary]


@dataclass(frozen=True)
class ListedPipeline:
    """A pipeline job in a list.

    Attributes:
        steps: how many there are.
        counts: state → number of steps that have started.
    """

    job: JobRecord
    standing: Standing
    steps: int
    counts: dict[str, int] = field(default_factory=dict)


class PipelinePages:
    """Reads what pages show of pipelines."""

    def __init__(self, jobs: JobService, summaries: JobSummaries, assets: AssetService, graphs: Graphs) -> None:
        self._jobs = jobs
        self._summaries = summaries
        self._assets = assets
        self._graphs = graphs
        self._pictures: OrderedDict[int, Picture] = OrderedDict()
        self._lock = threading.Lock()

    def find(
        self, workspace: Workspace, wanted: JobFilter, limit: int, before_seq: int | None = None
    ) -> list[ListedPipeline]:
        """Read pipeline jobs, newest first, older than row number `before_seq`."""
        records = self._jobs.find(workspace, wanted, limit, before_seq)
        standings = self._jobs.standings(workspace, records)
        counts = self._summaries.counts(workspace, [record.name for record in records])
        return [
            ListedPipeline(record, standing, len(record.document.get("jobs") or {}), counts.get(record.name, {}))
            for record, standing in zip(records, standings, strict=True)
        ]

    def show(self, workspace: Workspace, name: str) -> Shown:
        """Read a pipeline job with the state of each of its steps.

        Raises:
            LapisError: NotFound; NotSupported for a job that is no pipeline; as `Graphs.of` when a component is gone.
        """
        job = self._jobs.get(workspace, name)
        if job.type != "pipeline":
            raise LapisError(ErrorCode.NOT_SUPPORTED, f"Job '{name}' is a {job.type}: only pipelines have a graph.")
        drawn = self._picture(workspace, job)
        children = self._summaries.children(workspace, name)
        return Shown(
            job=job,
            standing=self._jobs.standing(workspace, job),
            picture=drawn,
            states=self._states(workspace, drawn, children, name),
            cause=self._cause(workspace, children),
        )

    def show_component(self, workspace: Workspace, name: str, version: str) -> Picture:
        """Draw a pipeline component.

        Raises:
            LapisError: NotFound; NotSupported for another type; as `Graphs.of` when a component in it is gone.
        """
        record = self._assets.get(workspace, AssetKind.COMPONENTS, name, version)
        kind = str(record.document.get("type") or "command")
        if kind != "pipeline":
            sentence = f"Component '{name}' version '{version}' is a {kind}: only pipelines have a graph."
            raise LapisError(ErrorCode.NOT_SUPPORTED, sentence)
        return picture(self._graphs.of_component(workspace, record.document), record.document)

    def users_of(self, workspace: Workspace, name: str, version: str, limit: int) -> list[JobLine]:
        """Find the pipelines and sweeps that name a version of a component, newest first.

        Raises:
            LapisError: NotFound.
        """
        record: AssetRecord = self._assets.get(workspace, AssetKind.COMPONENTS, name, version)
        return self._summaries.naming(workspace, record.reference, limit)

    def _picture(self, workspace: Workspace, job: JobRecord) -> Picture:
        """Give the picture of a job: its steps never change once it is submitted."""
        with self._lock:
            known = self._pictures.get(job.seq)
            if known is not None:
                self._pictures.move_to_end(job.seq)
                return known
        made = picture(self._graphs.of(workspace, job.document), job.document)
        with self._lock:
            self._pictures[job.seq] = made
            while len(self._pictures) > _KEPT:
                self._pictures.popitem(last=False)
        return made

    def _states(
        self, workspace: Workspace, drawn: Picture, children: Sequence[JobSummary], parent: str
    ) -> dict[str, StepState]:
        tries: dict[str, int] = {}
        latest: dict[str, JobSummary] = {}
        for child in children:
            tries[child.step] = tries.get(child.step, 0) + 1
            latest[child.step] = child
        waiting = self._waiting(workspace, parent) if any(c.status == JobState.QUEUED for c in latest.values()) else {}
        return {
            box.name: StepState(job, tries[box.name], waiting.get(job.name) or job.status_reason)
            if (job := latest.get(box.name)) is not None
            else StepState(None, 0, "")
            for box in drawn.boxes
        }

    def _waiting(self, workspace: Workspace, parent: str) -> dict[str, str]:
        """Say of the steps in line who is before them."""
        wanted = JobFilter(archived=None, parent_name=parent, status=JobState.QUEUED.value)
        records = self._jobs.find(workspace, wanted, _MOST_WAITING)
        standings = self._jobs.standings(workspace, records)
        return {record.name: standing.reason for record, standing in zip(records, standings, strict=True)}

    def _cause(self, workspace: Workspace, children: Sequence[JobSummary]) -> list[JobSummary]:
        found: list[JobSummary] = []
        while len(found) < _DEEPEST:
            latest = {child.step: child for child in children}
            failed = [child for child in latest.values() if child.status == JobState.FAILED]
            first = min(failed, key=lambda child: (child.ended_at or 0, child.seq), default=None)
            if first is None:
                return found
            found.append(first)
            if first.type not in COMPOSITE:
                return found
            children = self._summaries.children(workspace, first.name)
        return found
