"""What holds for every pipeline: random graphs, random bindings, random courses."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lapisml.core.errors import LapisError
from lapisml.core.lifecycle import JobState
from lapisml.core.pipelines import Course, NodeState, Phase, Policy, next_actions
from lapisml.documents.pipelines import ParentValues, compile_pipeline, pipeline_outputs, step_document
from lapisml.documents.pipelines.ordering import order
from tests.unit.pipelines_graph.documents import ENVIRONMENT, Shelf

Needs = dict[str, list[str]]


@st.composite
def graphs(draw: st.DrawFn, most: int = 12) -> Needs:
    """Steps that need only steps drawn before them, then put in any order."""
    count = draw(st.integers(1, most))
    names = [f"s{n}" for n in range(count)]
    needs = {
        name: draw(st.lists(st.sampled_from(names[:place]), unique=True, max_size=4)) if place else []
        for place, name in enumerate(names)
    }
    return {name: needs[name] for name in draw(st.permutations(names))}


def document_of(needs: Needs) -> dict[str, Any]:
    jobs = {}
    for name, wanted in needs.items():
        jobs[name] = {
            "command": "x > ${{outputs.o}}",
            "environment": ENVIRONMENT,
            "inputs": {f"i{n}": f"${{{{parent.jobs.{other}.outputs.o}}}}" for n, other in enumerate(wanted)},
            "outputs": {"o": {"type": "uri_file"}},
        }
    return {"type": "pipeline", "jobs": jobs}


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_the_order_respects_what_is_needed(needs: Needs) -> None:
    graph = compile_pipeline(document_of(needs), Shelf())
    assert {name: set(step.needs) for name, step in graph.steps.items()} == {n: set(w) for n, w in needs.items()}
    assert sorted(graph.order) == sorted(needs)
    places = {name: place for place, name in enumerate(graph.order)}
    assert all(places[other] < places[name] for name, wanted in needs.items() for other in wanted)


@given(graphs(), st.data())
@settings(max_examples=100, deadline=None)
def test_a_ring_is_found_and_is_one(needs: Needs, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(sorted(needs)))
    above, stack = {start}, [start]
    while stack:
        for other in needs[stack.pop()]:
            if other not in above:
                above.add(other)
                stack.append(other)
    closed = {name: list(wanted) for name, wanted in needs.items()}
    closed[data.draw(st.sampled_from(sorted(above)))].append(start)
    placed, rings = order(closed)
    assert rings
    for ring in rings:
        assert all(ring[place - 1] in closed[name] for place, name in enumerate(ring))
        assert not set(ring) & set(placed)
    with pytest.raises(LapisError) as caught:
        compile_pipeline(document_of(closed), Shelf())
    assert {problem.path for problem in caught.value.problems} == {f"jobs.{ring[0]}" for ring in rings}


@given(
    graphs(),
    st.booleans(),
    st.dictionaries(st.sampled_from([f"s{n}" for n in range(12)]), st.integers(0, 2)),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_every_course_comes_to_its_end(
    needs: Needs, goes_on: bool, retries: dict[str, int], data: st.DataObject
) -> None:
    policy = Policy(goes_on, retries)
    course, states = Course(needs, policy), dict.fromkeys(needs, NodeState())
    started: dict[str, int] = dict.fromkeys(needs, 0)

    def tell(name: str, phase: Phase) -> None:
        states[name] = NodeState(phase, started[name])
        course.news(name, states[name])

    for _ in range(1000):
        actions = course.actions()
        assert actions == next_actions(states, needs, policy)
        if actions.end is not None:
            break
        for name in actions.start:
            assert all(states[other].phase is Phase.COMPLETED for other in needs[name])
            started[name] += 1
            tell(name, Phase.LIVE)
        for name in actions.cancel:
            tell(name, Phase.CANCELED)
        live = [name for name, state in states.items() if state.phase is Phase.LIVE]
        if live:
            ends = [Phase.COMPLETED] * 3 + [Phase.FAILED, Phase.CANCELED]
            tell(data.draw(st.sampled_from(live)), data.draw(st.sampled_from(ends)))
    else:
        raise AssertionError("no end was reached")
    assert actions.end is not None
    assert all(started[name] <= 1 + retries.get(name, 0) for name in needs)
    ran = {name for name, state in states.items() if state.phase is not Phase.WAITING}
    assert ran | set(actions.skip) == set(needs)
    assert not ran & set(actions.skip)
    all_completed = all(state.phase is Phase.COMPLETED for state in states.values())
    assert (actions.end.state is JobState.COMPLETED) == all_completed
    if goes_on:
        lost = {name for name, state in states.items() if state.phase in (Phase.FAILED, Phase.CANCELED)}
        assert all(any(other in lost or other in actions.skip for other in needs[name]) for name in actions.skip)


VALUES = st.one_of(
    st.integers(-5, 5),
    st.floats(-1, 1, allow_nan=False),
    st.booleans(),
    st.text("abc ./:", min_size=1, max_size=8),
    st.builds(
        lambda name, kind: {"type": kind, "path": f"azureml://datastores/d/paths/{name}"},
        st.text("abc", min_size=1, max_size=4),
        st.sampled_from(["uri_file", "uri_folder", "mltable"]),
    ),
)


@given(graphs(6), st.dictionaries(st.sampled_from("pqrstu"), VALUES, min_size=1), st.data())
@settings(max_examples=150, deadline=None)
def test_every_binding_becomes_what_it_names(needs: Needs, values: dict[str, Any], data: st.DataObject) -> None:
    document = document_of(needs)
    expected: dict[str, dict[str, Any]] = {}
    document["inputs"] = values
    for name, wanted in needs.items():
        inputs = document["jobs"][name]["inputs"]
        expected[name] = {
            f"i{n}": {"type": "uri_file", "path": f"azureml://jobs/job-{other}/outputs/o"}
            for n, other in enumerate(wanted)
        }
        for n, bound in enumerate(data.draw(st.lists(st.sampled_from(sorted(values)), max_size=3))):
            inputs[f"v{n}"] = f"${{{{parent.inputs.{bound}}}}}"
            expected[name][f"v{n}"] = values[bound]
    writer = data.draw(st.sampled_from(sorted(needs)))
    document["outputs"] = {"whole": {"mode": "upload"}}
    document["jobs"][writer]["outputs"]["o"] = {"type": "uri_file", "path": "${{parent.outputs.whole}}"}
    graph = compile_pipeline(document, Shelf())
    finished = {name: f"job-{name}" for name in needs}
    for name in needs:
        assert step_document(graph, name, ParentValues(), finished).get("inputs", {}) == expected[name]
    assert pipeline_outputs(graph, finished) == {"whole": (f"job-{writer}", "o")}


def test_a_thousand_steps_are_no_matter() -> None:
    """The time of the process itself, so that other work on the machine does not count; about 0.2 s in all."""
    count = 1000
    chain = {f"s{n}": [f"s{n - 1}"] if n else [] for n in range(count)}
    wide: Needs = {"s0": [], **{f"s{n}": ["s0"] for n in range(1, count)}}
    for needs in (chain, wide):
        document = document_of(needs)
        start = time.process_time()
        graph = compile_pipeline(document, Shelf())
        assert time.process_time() - start < 1
        start = time.process_time()
        course = Course(graph.needs())
        while course.actions().end is None:
            for name in course.actions().start:
                course.news(name, NodeState(Phase.LIVE, 1))
                course.news(name, NodeState(Phase.COMPLETED, 1))
        assert time.process_time() - start < 1
