"""Why a step ran, was reused or waits."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.core.lifecycle import JobState
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.reuse.explaining import Cause, Explanation
from tests.unit.reuse.steps import STORE, Steps, command

FILES = {"model/w": b"1"}
DATA = {"type": "uri_folder", "path": f"{STORE}/data"}


def _why(steps: Steps, name: str) -> Explanation:
    return steps.explainer.explain(steps.ws, name)


def _jobs(**nodes: Any) -> dict[str, Any]:
    return {"jobs": {name: node or {"command": "x"} for name, node in nodes.items()}}


def test_the_first_run_is_said_to_be_the_first(steps: Steps) -> None:
    name = steps.run(steps.pipeline("p1"), "train", command(), FILES)
    found = _why(steps, name)
    assert (found.cause, found.compared_with, found.changes) == (Cause.FIRST, None, [])
    assert found.standing.status is JobState.COMPLETED


def test_what_changed_since_the_nearest_earlier_run_is_named(steps: Steps) -> None:
    steps.write(f"{STORE}/data", {"a.csv": b"1"})

    def train(parent: str, lr: float, text: str = "train") -> str:
        document = command(command=text + " ${{outputs.model}}", inputs={"data": DATA, "lr": lr})
        return steps.run(steps.pipeline(parent), "train", document, FILES)

    far = train("p1", 0.3, "other")
    near = train("p2", 0.1)
    newest_far = train("p3", 0.4, "another")
    steps.write(f"{STORE}/data", {"a.csv": b"2"})
    found = _why(steps, train("p4", 0.1))
    assert (found.cause, found.compared_with) == (Cause.CHANGED, near)
    assert near not in (far, newest_far)
    old, new = found.changes[0].old or "", found.changes[0].new or ""
    assert str(found.changes[0]) == f"inputs.data: sha256 {old[7:15]}…→{new[7:15]}…"
    assert len(found.changes) == 1
    assert found.reason == f"It ran because 1 thing that it depends on has changed since {near}."


def test_of_equally_near_runs_the_latest_is_taken(steps: Steps) -> None:
    for parent, lr in (("p1", 1), ("p2", 2)):
        steps.run(steps.pipeline(parent), "train", command(inputs={"lr": lr}), FILES)
    found = _why(steps, steps.run(steps.pipeline("p3"), "train", command(inputs={"lr": 3}), FILES))
    assert [str(change) for change in found.changes] == ["inputs.lr: 2→3"]
    assert found.compared_with == "p2--train"


def test_only_the_same_step_of_like_pipelines_is_compared(plain: Steps) -> None:
    plain.run(plain.pipeline("p1"), "evaluate", command(inputs={"lr": 1}), FILES)
    plain.run(plain.pipeline("p2", experiment_name="other"), "train", command(inputs={"lr": 1}), FILES)
    plain.run(plain.pipeline("p3", display_name="weekly"), "train", command(inputs={"lr": 1}), FILES)
    weekly = plain.start(plain.pipeline("p4"), "train", command(inputs={"lr": 2}))
    assert _why(plain, weekly).cause is Cause.FIRST
    renamed = plain.start(plain.pipeline("p5", display_name="brand new"), "train", command(inputs={"lr": 3}))
    assert _why(plain, renamed).compared_with == "p4--train", "no pipeline has this name: all of the experiment count"


def test_later_runs_are_not_compared(plain: Steps) -> None:
    first = plain.run(plain.pipeline("p1"), "train", command(inputs={"lr": 1}), FILES)
    plain.run(plain.pipeline("p2"), "train", command(inputs={"lr": 2}), FILES)
    assert _why(plain, first).cause is Cause.FIRST


def test_a_step_within_a_nested_pipeline_is_compared_with_its_like(plain: Steps) -> None:
    def nested(parent: str, lr: int) -> str:
        outer = plain.pipeline(parent)
        inner = plain.jobs.composites.submit_child(
            plain.ws, outer, f"{parent}--inner", {"type": "pipeline", "jobs": {}}, step="inner"
        )
        return plain.run(inner, "train", command(inputs={"lr": lr}), FILES)

    first, second = nested("p1", 1), nested("p2", 2)
    found = _why(plain, second)
    assert (found.compared_with, [str(c) for c in found.changes]) == (first, ["inputs.lr: 1→2"])


def test_a_reused_step_names_whose_outputs_it_took(steps: Steps) -> None:
    name = steps.run(steps.pipeline("p1"), "train", command(), FILES)
    reused = steps.take(steps.pipeline("p2"), "train", command())
    found = _why(steps, reused)
    assert (found.cause, found.compared_with, found.standing.code) == (Cause.REUSED, name, "Reused")
    assert name in found.reason


def test_outputs_that_were_lost_are_named(plain: Steps) -> None:
    name = plain.run(plain.pipeline("p1"), "train", command(), FILES)
    (plain.path(name) / "w").unlink()
    assert plain.found(command()) is None
    found = _why(plain, plain.run(plain.pipeline("p2"), "train", command(), FILES))
    assert (found.cause, found.compared_with) == (Cause.OUTPUTS_LOST, name)
    assert "output 'model' has changed" in found.reason


def test_outputs_that_were_lost_are_named_even_when_the_result_was_reused_in_between(plain: Steps) -> None:
    name = plain.run(plain.pipeline("p1"), "train", command(), FILES)
    plain.take(plain.pipeline("p2"), "train", command())
    (plain.path(name) / "w").unlink()
    assert plain.found(command()) is None
    found = _why(plain, plain.run(plain.pipeline("p3"), "train", command(), FILES))
    assert (found.cause, found.compared_with) == (Cause.OUTPUTS_LOST, name)


@pytest.mark.parametrize(
    ("end", "words"), [(JobState.FAILED, "ended as Failed"), (None, "was not complete when it started")]
)
def test_an_equal_run_that_gave_no_result_is_named(plain: Steps, end: JobState | None, words: str) -> None:
    first = plain.start(plain.pipeline("p1"), "train", command())
    if end is not None:
        plain.finish(first, {}, end)
    found = _why(plain, plain.start(plain.pipeline("p2"), "train", command()))
    assert (found.cause, found.compared_with) == (Cause.NO_RESULT, first)
    assert words in found.reason


def test_forced_and_not_deterministic_steps_say_so_and_what_changed(plain: Steps) -> None:
    plain.run(plain.pipeline("p1"), "train", command(inputs={"lr": 1}), FILES)
    forced = plain.pipeline("p2", settings={"force_rerun": True})
    found = _why(plain, plain.run(forced, "train", command(inputs={"lr": 2}), FILES))
    assert (found.cause, [str(c) for c in found.changes]) == (Cause.FORCED, ["inputs.lr: 1→2"])
    component = {"name": "c", "type": "command", "command": "x", "environment": {"image": "python"}}
    plain.world.assets.create(plain.ws, AssetKind.COMPONENTS, {**component, "is_deterministic": False}, "ann")
    for parent, node in (("p3", {"component": {"is_deterministic": False}}), ("p4", {"component": "azureml:c:1"})):
        made = plain.pipeline(parent, **_jobs(train=node))
        found = _why(plain, plain.run(made, "train", command(inputs={"lr": 2}), FILES))
        assert found.cause is Cause.NOT_DETERMINISTIC, parent


def test_content_that_can_not_be_known_is_named(plain: Steps) -> None:
    document = command(inputs={"page": {"type": "uri_file", "path": "http://127.0.0.1:9/x"}})
    found = _why(plain, plain.start(plain.pipeline("p1"), "train", document))
    assert found.cause is Cause.UNKNOWN_CONTENT
    assert "inputs.page: " in found.reason


def test_another_attempt_says_how_the_one_before_ended(plain: Steps) -> None:
    parent = plain.pipeline("p1")
    first = plain.start(parent, "train", command())
    plain.finish(first, {}, JobState.FAILED)
    found = _why(plain, plain.start(parent, "train", command(), attempt=2))
    assert (found.cause, found.reason) == (Cause.AGAIN, f"It is another attempt: {first} ended as Failed.")


def test_jobs_that_are_no_steps_always_run(plain: Steps) -> None:
    alone = plain.jobs.service.submit(plain.ws, "alone", command(), None, "ann")
    found = _why(plain, alone.name)
    assert found.cause is Cause.ALWAYS
    assert found.standing.reason.startswith("Queued: 1st in line for serverless")
    trial = plain.jobs.composites.submit_child(plain.ws, alone, "alone--0", command(), step="0")
    assert _why(plain, trial.name).cause is Cause.ALWAYS
    with pytest.raises(LapisError) as caught:
        _why(plain, "nobody")
    assert caught.value.code is ErrorCode.NOT_FOUND


def test_a_pipeline_has_a_line_for_each_step(steps: Steps) -> None:
    steps.run(steps.pipeline("p1"), "prepare", command(), FILES)
    steps.run(steps.pipeline("p2"), "train", command(inputs={"lr": 1}), FILES)
    nodes = {
        "prepare": {"command": "x"},
        "train": {"command": "x"},
        "report": {"inputs": {"m": "${{parent.jobs.train.outputs.model}}", "d": "${{parent.jobs.prepare.outputs.o}}"}},
        "alone": {"inputs": {"d": "${{parent.jobs.prepare.outputs.o}}", "n": "${{parent.inputs.n}}"}},
    }
    parent = steps.pipeline("p3", jobs=nodes)
    steps.take(parent, "prepare", command())
    train = steps.start(parent, "train", command(inputs={"lr": 2}))
    steps.jobs.composites.note(parent, "train runs.")
    found = _why(steps, "p3")
    assert (found.cause, found.standing.reason) == (Cause.PIPELINE, "train runs.")
    lines = {line.step: line for line in found.steps}
    assert list(lines) == ["prepare", "train", "report", "alone"], "those that have started come first, then as written"
    assert lines["prepare"].job == "p3--prepare"
    assert "p1--prepare, whose outputs it took" in lines["prepare"].reason
    assert lines["train"].reason.startswith("Queued: 1st in line")
    assert (lines["report"].job, lines["report"].reason) == (None, "It waits for train.")
    assert lines["alone"].reason == "It is about to start."
    steps.finish(train, FILES)
    lines = {line.step: line for line in _why(steps, "p3").steps}
    assert [str(change) for change in lines["train"].changes] == ["inputs.lr: 1→2"]


def test_a_step_that_failed_says_how(plain: Steps) -> None:
    parent = plain.pipeline("p1", **_jobs(train=None, report={"inputs": {"m": "${{parent.jobs.train.outputs.m}}"}}))
    name = plain.start(parent, "train", command())
    plain.finish(name, {}, JobState.FAILED)
    lines = {line.step: line for line in _why(plain, "p1").steps}
    assert (lines["train"].status, lines["train"].reason) == ("Failed", "Failed.")
    assert lines["report"].reason == "It waits for train."
