"""Moves a pipeline on: steps start the moment their inputs are there, results that are there are taken.

A pass may be cut off anywhere and made again: the name of a step's job follows from the pipeline's name, and what
has happened is read from the children's rows.
"""

from __future__ import annotations

import logging
from contextlib import nullcontext
from typing import Any

from lapisml.core.clock import Clock
from lapisml.core.errors import LapisError
from lapisml.core.ids import child_name
from lapisml.core.lifecycle import JobState
from lapisml.core.pipelines import End, NodeState
from lapisml.documents.pipelines import ParentValues, pipeline_outputs, step_document
from lapisml.server.features.assets.records import JobOutput
from lapisml.server.features.jobs.composites import CompositeJobs
from lapisml.server.features.jobs.finish import PASSING
from lapisml.server.features.jobs.outputs import REUSED
from lapisml.server.features.jobs.records import JobRecord
from lapisml.server.features.jobs.topics import RUNNING
from lapisml.server.features.pipelines.kind import Graphs
from lapisml.server.features.pipelines.memory import Memory
from lapisml.server.features.reuse.service import Reusable, ReuseService, StepKey
from lapisml.server.features.workspaces.service import Workspace

_log = logging.getLogger("lapis.jobs")

_READ_ALL_AFTER_MS = 10_000
_FORGET_ABOVE = 64

IS_REUSED = "azureml.isreused"
REUSED_FROM = "azureml.reusedrunid"


class PipelineDriver:
    """Drives jobs of type ``pipeline``."""

    type = "pipeline"

    def __init__(self, composites: CompositeJobs, graphs: Graphs, reuse: ReuseService, clock: Clock) -> None:
        self._composites = composites
        self._graphs = graphs
        self._reuse = reuse
        self._clock = clock
        self._memories: dict[int, Memory] = {}

    def forget(self) -> None:
        """Forget every job: the next pass reads it from the database."""
        self._memories.clear()

    def drive(self, workspace: Workspace, job: JobRecord) -> float | None:
        """Start what can start; end the pipeline when nothing is left to do."""
        memory = self._memories.get(job.seq)
        if memory is None:
            memory = self._memories[job.seq] = Memory.of(self._graphs.of(workspace, job.document))
            self._forget_some(job.seq)
        try:
            self._take_news(workspace, job, memory)
            if memory.changes_inputs:
                self._mark(workspace, memory)
            end = self._advance(workspace, job, memory)
            self._mark(workspace, memory)
            self._composites.note(job, RUNNING)
            if end is not None and self._end(workspace, job, memory, end):
                self._memories.pop(job.seq, None)
        except BaseException:
            self._memories.pop(job.seq, None)  # half a pass: read everything again
            raise
        return None

    def _mark(self, workspace: Workspace, memory: Memory) -> None:
        """Let results of steps that have completed be found; what follows them need not wait for that."""
        while memory.unmarked:
            self._reuse.completed(workspace, memory.unmarked[0])
            memory.unmarked.pop(0)

    def _forget_some(self, keep: int) -> None:
        for seq in [seq for seq in self._memories if seq != keep][:-_FORGET_ABOVE]:
            self._memories.pop(seq, None)

    def _take_news(self, workspace: Workspace, job: JobRecord, memory: Memory) -> None:
        """Read the children that moved since the last pass; now and then all of them."""
        now = self._clock.now_ms()
        everything = now - memory.read_at >= _READ_ALL_AFTER_MS or now < memory.read_at
        after = 0 if everything else memory.event
        children, memory.event = self._composites.moved_children(workspace, job, after)
        if everything:
            memory.read_at = now
        completed = memory.take_in(children)
        memory.unmarked += [c.name for c in completed if c.type != self.type and c.status_code != REUSED]

    def _advance(self, workspace: Workspace, job: JobRecord, memory: Memory) -> End | None:
        """Start steps until nothing more can start; a step whose result is reused may let others start."""
        while True:
            actions = memory.course.actions()
            for step in actions.cancel:
                self._composites.cancel(workspace, memory.jobs[step], reason="Another step of the pipeline failed.")
            if not actions.start:
                return actions.end
            for step in actions.start:
                self._start(workspace, job, memory, step)

    def _start(self, workspace: Workspace, job: JobRecord, memory: Memory, step: str) -> None:
        attempt = memory.attempts.get(step, 0) + 1
        name = child_name(job.name, step, attempt)
        state = self._run(workspace, job, memory, step, name, attempt)
        memory.note(step, name)
        if state == JobState.COMPLETED:
            memory.finished[step] = name
        memory.course.news(step, NodeState.of_job(state, attempt))

    def _run(
        self, workspace: Workspace, job: JobRecord, memory: Memory, step: str, name: str, attempt: int
    ) -> JobState:
        """Make the job of a step, or the record of a result that is reused; give the state that it is in."""
        graph, planned = memory.graph, memory.graph.steps[step]
        parent = ParentValues(experiment_name=job.experiment_name, name=job.name)
        document, shown = planned.document, step
        try:
            document = step_document(graph, step, parent, memory.finished, name)
            shown = str(document.get("display_name") or step)
            key = self._reuse.key(workspace, document) if planned.type != self.type else None
            if key is not None and attempt == 1 and planned.deterministic and not graph.settings.force_rerun:
                found = self._reuse.find(workspace, key)
                if found is not None:
                    self._take(workspace, job, (name, step, shown), document, key, found)
                    return JobState.COMPLETED
            with self._reuse.remembering(workspace, key, name) if key is not None else nullcontext():
                made = self._composites.submit_child(workspace, job, name, document, step=step, display_name=shown)
        except LapisError as error:
            if error.code in PASSING:
                self._composites.note(job, f"Step '{step}' can't start yet: {error.message}")
                raise
            return self._refused(workspace, job, (name, step, shown), document, error)
        return made.status

    def _take(
        self,
        workspace: Workspace,
        job: JobRecord,
        who: tuple[str, str, str],
        document: dict[str, Any],
        key: StepKey,
        found: Reusable,
    ) -> None:
        name, step, shown = who
        with self._reuse.remembering(workspace, key, name, reused_from=found.job_name):
            self._composites.add_finished_child(
                workspace,
                job,
                name,
                document,
                step=step,
                display_name=shown,
                properties={IS_REUSED: "true", REUSED_FROM: found.job_name},
                outputs=found.outputs,
                reason=f"Reused: '{found.job_name}' did the same with the same inputs.",
            )

    def _refused(
        self,
        workspace: Workspace,
        job: JobRecord,
        who: tuple[str, str, str],
        document: dict[str, Any],
        error: LapisError,
    ) -> JobState:
        name, step, shown = who
        _log.warning("pipeline.step.refused job=%s reason=%s", name, error.message)
        made = self._composites.add_failed_child(workspace, job, name, document, error, step=step, display_name=shown)
        return made.status

    def _end(self, workspace: Workspace, job: JobRecord, memory: Memory, end: End) -> bool:
        sources = pipeline_outputs(memory.graph, memory.finished)
        given = {child: self._composites.outputs_of(workspace, child) for child, _ in sources.values()}
        found = [
            JobOutput(job.name, output, one.type, one.uri)
            for output, (child, name) in sources.items()
            for one in given[child]
            if one.name == name
        ]
        if found:
            self._composites.record_outputs(workspace, found)
        code = {JobState.COMPLETED: "Completed", JobState.FAILED: "StepFailed"}.get(end.state, "Canceled")
        return self._composites.end(workspace, job, end.state, code, end.reason)
