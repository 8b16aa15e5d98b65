"""What the driver remembers of a running pipeline between two passes; all of it can be read again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from lapisml.core.lifecycle import TERMINAL, JobState
from lapisml.core.pipelines import Course, NodeState, Policy
from lapisml.documents.pipelines import Graph
from lapisml.server.features.jobs.records import Child


@dataclass
class Memory:
    """One running pipeline.

    Attributes:
        course: what is to be done next.
        jobs: step → name of its last job.
        attempts: step → how many jobs were made for it.
        known: names of all jobs that were made for steps.
        finished: step → name of the job that completed it.
        unmarked: jobs that have completed and whose results can't be found by others yet.
        event: number of the last move of a child that was taken in.
        read_at: when all children were read, milliseconds.
    """

    graph: Graph
    course: Course
    jobs: dict[str, str] = field(default_factory=dict)
    attempts: dict[str, int] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    finished: dict[str, str] = field(default_factory=dict)
    unmarked: list[str] = field(default_factory=list)
    event: int = 0
    read_at: int = 0

    @cached_property
    def changes_inputs(self) -> bool:
        """Whether a step may write into what another step gave it: results are marked before that."""
        inputs = (given for step in self.graph.steps.values() for given in (step.document.get("inputs") or {}).values())
        return any(isinstance(given, dict) and given.get("mode") == "rw_mount" for given in inputs)

    @classmethod
    def of(cls, graph: Graph) -> Memory:
        """Begin with a pipeline of which nothing has run."""
        policy = Policy(graph.settings.continue_on_step_failure, graph.retries())
        return cls(graph, Course(graph.needs(), policy))

    def note(self, step: str, job: str) -> int:
        """Note a further job of a step; give which attempt it is, from 1."""
        self.known.add(job)
        self.jobs[step] = job
        self.attempts[step] = self.attempts.get(step, 0) + 1
        return self.attempts[step]

    def take_in(self, children: Iterable[Child]) -> list[Child]:
        """Take in the states of children, oldest first; give those of them that have completed just now."""
        completed = []
        for child in children:
            if child.step not in self.graph.steps:
                continue
            if child.name not in self.known:
                self.note(child.step, child.name)
            if child.step in self.finished or self.jobs[child.step] != child.name:
                continue
            if child.status == JobState.COMPLETED:
                self.finished[child.step] = child.name
                completed.append(child)
            reason = child.status_reason.partition("\n")[0] if child.status in TERMINAL else ""
            state = NodeState.of_job(child.status, self.attempts[child.step], reason)
            self.course.news(child.step, state)
        return completed
