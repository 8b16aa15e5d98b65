"""What a pipeline does next."""

from __future__ import annotations

import pytest

from lapisml.core.lifecycle import JobState
from lapisml.core.pipelines import Course, NodeState, Phase, Policy, next_actions

NEEDS = {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"], "e": []}
GO_ON = Policy(continue_on_step_failure=True)


def state(word: str, attempts: int = 1) -> NodeState:
    return NodeState(Phase(word), attempts)


def test_steps_start_the_moment_what_they_need_is_there() -> None:
    assert next_actions({}, NEEDS).start == ["a", "e"]
    assert next_actions({"a": state("live"), "e": state("live")}, NEEDS).start == []
    done = {"a": state("completed"), "e": state("live")}
    assert next_actions(done, NEEDS).start == ["b", "c"]
    assert next_actions({**done, "b": state("completed"), "c": state("live")}, NEEDS).start == []
    assert next_actions({**done, "b": state("completed"), "c": state("completed")}, NEEDS).start == ["d"]


def test_the_end() -> None:
    end = next_actions(dict.fromkeys(NEEDS, state("completed")), NEEDS).end
    assert end is not None
    assert (end.state, end.reason) == (JobState.COMPLETED, "All 5 steps completed.")
    one = next_actions({"a": state("completed")}, {"a": []}).end
    assert one is not None
    assert one.reason == "The step completed."
    assert next_actions({**dict.fromkeys(NEEDS, state("completed")), "d": state("live")}, NEEDS).end is None


def test_a_failure_stops_all() -> None:
    nodes = {"a": state("completed"), "b": state("failed"), "c": state("live"), "e": state("live")}
    actions = next_actions(nodes, NEEDS)
    assert (actions.start, actions.cancel, actions.skip, actions.end) == ([], ["c", "e"], {"d": "b"}, None)
    nodes.update(c=state("canceled"), e=state("completed"))
    end = next_actions(nodes, NEEDS).end
    assert end is not None
    assert (end.state, end.reason) == (JobState.FAILED, "Step 'b' failed. 1 step did not run.")


def test_a_failure_stops_only_what_depends_on_it() -> None:
    nodes = {"a": state("completed"), "b": state("failed"), "c": state("live")}
    actions = next_actions(nodes, NEEDS, GO_ON)
    assert (actions.start, actions.cancel, actions.skip, actions.end) == (["e"], [], {"d": "b"}, None)
    nodes.update(c=state("completed"), e=state("failed"))
    end = next_actions(nodes, NEEDS, GO_ON).end
    assert end is not None
    assert (end.state, end.reason) == (JobState.FAILED, "Steps 'b', 'e' failed. 1 step did not run.")


def test_a_canceled_step_ends_the_pipeline_as_canceled() -> None:
    end = next_actions({"a": state("canceled"), "e": state("completed")}, NEEDS).end
    assert end is not None
    assert (end.state, end.reason) == (JobState.CANCELED, "Step 'a' was canceled. 3 steps did not run.")


def test_the_reason_of_a_single_failure_is_told() -> None:
    nodes = {"a": NodeState(Phase.FAILED, 1, "The command ended with 3."), "e": state("completed")}
    end = next_actions(nodes, NEEDS).end
    assert end is not None
    assert end.reason == "Step 'a' failed: The command ended with 3. 3 steps did not run."


def test_many_failures_are_counted() -> None:
    needs: dict[str, list[str]] = {f"s{n}": [] for n in range(9)}
    end = next_actions(dict.fromkeys(needs, state("failed")), needs, GO_ON).end
    assert end is not None
    assert end.reason == "Steps 's0', 's1', 's2', 's3', 's4' and 4 more failed."


def test_retries() -> None:
    policy = Policy(retries={"a": 2})
    assert next_actions({"a": state("failed", 1)}, NEEDS, policy).start == ["a", "e"]
    assert next_actions({"a": state("failed", 2)}, NEEDS, policy).start == ["a", "e"]
    third = next_actions({"a": state("failed", 3)}, NEEDS, policy)
    assert (third.start, third.end is not None) == ([], True)
    assert next_actions({"a": state("live", 2)}, NEEDS, policy).start == ["e"]
    assert next_actions({"a": state("canceled", 1)}, NEEDS, policy).start == []


def test_news_may_come_in_any_order() -> None:
    """After a restart all is read again: what failed, and may be tried again, before what it needed."""
    policy = Policy(retries={"b": 1})
    nodes = {"b": state("failed"), "a": state("completed"), "c": state("live"), "e": state("completed")}
    assert next_actions(nodes, NEEDS, policy).start == ["b"]


def test_news_that_is_known_changes_nothing() -> None:
    course = Course(NEEDS)
    course.news("a", state("completed"))
    course.news("a", NodeState(Phase.COMPLETED, 1, "told again"))
    assert course.actions().start == ["b", "c", "e"]
    course.news("e", state("failed"))
    course.news("e", NodeState(Phase.FAILED, 1, "with a reason"))
    end = course.actions().end
    assert end is not None
    assert "with a reason" in end.reason


def test_what_is_over_stays_over() -> None:
    course = Course(NEEDS)
    course.news("a", state("completed"))
    with pytest.raises(ValueError, match="'a' was completed"):
        course.news("a", state("live"))
    with pytest.raises(KeyError):
        course.news("nobody", state("live"))


@pytest.mark.parametrize(
    ("job", "phase"),
    [
        (JobState.QUEUED, Phase.LIVE),
        (JobState.CANCEL_REQUESTED, Phase.LIVE),
        (JobState.COMPLETED, Phase.COMPLETED),
        (JobState.FAILED, Phase.FAILED),
        (JobState.CANCELED, Phase.CANCELED),
    ],
)
def test_states_of_jobs(job: JobState, phase: Phase) -> None:
    found = NodeState.of_job(job, 2, "because")
    assert (found.phase, found.attempts) == (phase, 2)
    assert found.reason == ("" if phase is Phase.LIVE else "because")
