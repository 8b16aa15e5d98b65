"""Earlier runs of a step: the same place in earlier pipelines of the experiment, and whoever had the same key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lapisml.core.ids import child_name
from lapisml.core.reuse import PartChange, changes
from lapisml.server.features.jobs.records import JobFilter, JobRecord
from lapisml.server.features.jobs.service import JobService
from lapisml.server.features.reuse.records import ResultState, StepResult
from lapisml.server.features.reuse.service import ReuseService
from lapisml.server.features.workspaces.service import Workspace

_MOST_ATTEMPTS = 3
_TELLING = (ResultState.LOST, ResultState.UNUSABLE, ResultState.STARTED, ResultState.REUSED, ResultState.REUSABLE)
"""States of results with the same key, the one that says most about why it was not taken first."""


@dataclass(frozen=True)
class Earlier:
    """The earlier run that a step is compared with.

    Attributes:
        changes: the parts that differ; none when the key is the same.
    """

    result: StepResult
    changes: list[PartChange]


class EarlierRuns:
    """Finds earlier runs."""

    def __init__(self, jobs: JobService, reuse: ReuseService) -> None:
        self._jobs = jobs
        self._reuse = reuse

    def nearest(
        self, workspace: Workspace, result: StepResult, pipelines: Sequence[JobRecord], place: Sequence[str]
    ) -> Earlier | None:
        """Return the run before this one that differs least, and of several such the latest.

        Args:
            pipelines: where to look, from `pipelines_before`.
            place: the step's place below its pipeline, from `place`.
        """
        same = [r for r in self._reuse.with_key(workspace, result.key) if r.id < result.id]
        if same:
            return Earlier(min(same, key=lambda r: (_TELLING.index(r.state), -r.id)), [])
        names = [name for root in pipelines for name in _names_at(root.name, place)]
        found = self._reuse.results(workspace, names) if names else []
        compared = [Earlier(r, changes(r.key.parts, result.key.parts)) for r in found if r.id < result.id]
        return min(compared, key=lambda earlier: (len(earlier.changes), -earlier.result.id), default=None)

    def pipelines_before(self, workspace: Workspace, root: JobRecord, most: int) -> list[JobRecord]:
        """Return earlier pipelines of the experiment, newest first; those of the same display name, if there are any.

        Args:
            root: a pipeline that is no step.
        """
        wanted = JobFilter(archived=None, experiment_name=root.experiment_name)
        found = [r for r in self._jobs.find(workspace, wanted, most, root.seq) if r.type == root.type]
        named = [r for r in found if r.display_name == root.display_name]
        return named or found

    def place(self, workspace: Workspace, job: JobRecord) -> tuple[JobRecord, list[str]]:
        """Return the pipeline that a job belongs to at last, and the steps that lead from it to the job."""
        steps: list[str] = []
        while job.parent_name is not None:
            steps.insert(0, job.step or "")
            job = self._jobs.get(workspace, job.parent_name)
        return job, steps


def _names_at(root: str, place: Sequence[str]) -> list[str]:
    """Give the names that jobs at a place below a pipeline have: those of its first attempts."""
    parents = [root]
    for step in place:
        parents = [child_name(parent, step, n) for parent in parents for n in range(1, _MOST_ATTEMPTS + 1)]
    return parents[: 3 * _MOST_ATTEMPTS]
