"""The wire form of what pages show of pipelines."""

from __future__ import annotations

from typing_extensions import TypedDict

from lapisml.server.features.jobs.summaries import JobLine, JobSummary
from lapisml.server.features.pipelines.driver import REUSED_FROM
from lapisml.server.features.pipelines.picture import Box, Line, Picture, Port
from lapisml.server.features.pipelines.shown import ListedPipeline, Shown, StepState
from lapisml.server.platform.wire import timestamp


class PipelinePort(TypedDict):
    """An input or output of a step or of the pipeline.

    Attributes:
        value: as written: a literal, a path, or the expression that names where it comes from.
    """

    name: str
    type: str | None
    value: str | None


class PipelineEdge(TypedDict):
    """What goes from an output to an input.

    Attributes:
        source: a step; empty for an input of the pipeline.
        target: a step; empty for an output of the pipeline.
        output, input: the ports; empty where one step only waits for the other.
    """

    source: str
    output: str
    target: str
    input: str


class PipelineStep(TypedDict):
    """A step and where it stands. Times are ISO 8601 in UTC.

    Attributes:
        component: reference of the component that it was made from.
        needs: the steps that must have completed before.
        job: name of its last job; None before it starts.
        tries: how many jobs were made for it.
        status: empty for a step of a component, which does not run.
        reused_from: the job whose outputs it took.
    """

    name: str
    type: str
    display_name: str
    component: str | None
    needs: list[str]
    inputs: list[PipelinePort]
    outputs: list[PipelinePort]
    job: str | None
    tries: int
    status: str
    status_code: str
    reason: str
    compute: str | None
    reused_from: str | None
    created_at: str | None
    started_at: str | None
    ended_at: str | None


class PipelineCause(TypedDict):
    """One place on the way to the job that failed first."""

    step: str
    job: str
    type: str
    reason: str


class PipelineGraph(TypedDict):
    """A pipeline with the state of each of its steps.

    Attributes:
        cause: from the step that failed first down to the job that did; empty when none failed.
    """

    name: str
    status: str
    reason: str
    steps: list[PipelineStep]
    edges: list[PipelineEdge]
    inputs: list[PipelinePort]
    outputs: list[PipelinePort]
    cause: list[PipelineCause]


class PipelineLine(TypedDict):
    """A pipeline job in a list. Times are ISO 8601 in UTC.

    Attributes:
        steps: how many there are.
        counts: state → number of steps that have started and are in it.
    """

    name: str
    display_name: str
    experiment_name: str
    description: str | None
    tags: dict[str, str]
    status: str
    reason: str
    steps: int
    counts: dict[str, int]
    created_by: str
    created_at: str | None
    started_at: str | None
    ended_at: str | None


class ComponentUser(TypedDict):
    """A pipeline or sweep that names a component. Times are ISO 8601 in UTC."""

    name: str
    display_name: str
    type: str
    status: str
    created_by: str
    created_at: str | None
    ended_at: str | None


def graph_body(shown: Shown) -> PipelineGraph:
    """Make the wire form of a pipeline with the states of its steps."""
    drawn = shown.picture
    return {
        "name": shown.job.name,
        "status": shown.standing.status.value,
        "reason": shown.standing.reason,
        "steps": [_step(box, shown.states[box.name]) for box in drawn.boxes],
        **_around(drawn),
        "cause": [_cause(job) for job in shown.cause],
    }


def picture_body(name: str, drawn: Picture) -> PipelineGraph:
    """Make the wire form of a pipeline that is not running: a component."""
    steps = [_step(box, StepState(None, 0, "")) for box in drawn.boxes]
    for step in steps:
        step["status"] = ""
    return {"name": name, "status": "", "reason": "", "steps": steps, **_around(drawn), "cause": []}


def pipeline_line(found: ListedPipeline) -> PipelineLine:
    """Make the wire form of a pipeline in a list."""
    job = found.job
    return {
        "name": job.name,
        "display_name": job.display_name,
        "experiment_name": job.experiment_name,
        "description": job.document.get("description"),
        "tags": job.document.get("tags") or {},
        "status": found.standing.status.value,
        "reason": found.standing.reason,
        "steps": max(found.steps, sum(found.counts.values())),
        "counts": found.counts,
        "created_by": job.created_by,
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at),
        "ended_at": timestamp(job.ended_at),
    }


def user_body(line: JobLine) -> ComponentUser:
    """Make the wire form of a job that uses a component."""
    return {
        "name": line.name,
        "display_name": line.display_name,
        "type": line.type,
        "status": line.status,
        "created_by": line.created_by,
        "created_at": timestamp(line.created_at),
        "ended_at": timestamp(line.ended_at),
    }


class _Around(TypedDict):
    edges: list[PipelineEdge]
    inputs: list[PipelinePort]
    outputs: list[PipelinePort]


def _around(drawn: Picture) -> _Around:
    return {
        "edges": [_edge(line) for line in drawn.lines],
        "inputs": [_port(port) for port in drawn.inputs],
        "outputs": [_port(port) for port in drawn.outputs],
    }


def _step(box: Box, state: StepState) -> PipelineStep:
    job = state.job
    return {
        "name": box.name,
        "type": box.type,
        "display_name": box.name if job is None else job.display_name,
        "component": box.component,
        "needs": list(box.needs),
        "inputs": [_port(port) for port in box.inputs],
        "outputs": [_port(port) for port in box.outputs],
        "job": None if job is None else job.name,
        "tries": state.tries,
        "status": "NotStarted" if job is None else job.status.value,
        "status_code": "" if job is None else job.status_code,
        "reason": state.reason,
        "compute": None if job is None else job.compute,
        "reused_from": None if job is None else job.properties.get(REUSED_FROM),
        "created_at": None if job is None else timestamp(job.created_at),
        "started_at": None if job is None else timestamp(job.started_at),
        "ended_at": None if job is None else timestamp(job.ended_at),
    }


def _port(port: Port) -> PipelinePort:
    return {"name": port.name, "type": port.type, "value": port.value}


def _edge(line: Line) -> PipelineEdge:
    return {"source": line.source, "output": line.output, "target": line.target, "input": line.input}


def _cause(job: JobSummary) -> PipelineCause:
    return {"step": job.step, "job": job.name, "type": job.type, "reason": job.status_reason}
