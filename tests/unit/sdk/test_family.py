"""The tree of a pipeline's steps: planned from its document, filled by the moves that the server tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lapisml.sdk.family import REUSED, FamilyTree, change

DOCUMENT = {
    "type": "pipeline",
    "jobs": {
        "b_train": {"inputs": {"data": "${{parent.jobs.c_prep.outputs.o}}"}},
        "a_eval": {
            "type": "pipeline",
            "inputs": {"m": {"path": "${{parent.jobs.b_train.outputs.m}}"}, "d": "${{parent.jobs.c_prep.outputs.o}}"},
            "component": {"type": "pipeline", "jobs": {"fit": {"command": "x"}, "score": {"command": "y"}}},
        },
        "c_prep": {"command": "${{parent.jobs.none.outputs.o}}"},
    },
}


def move(name: str, step: str, status: str, second: int = 0, parent: str = "p", **more: Any) -> dict[str, Any]:
    at = datetime(2026, 1, 1, 12, 0, second, tzinfo=UTC).isoformat()
    return {"name": name, "step": step, "status": status, "at": at, "parent": parent, "type": "command", **more}


def tree() -> FamilyTree:
    return FamilyTree("p", DOCUMENT)


def test_steps_stand_behind_those_that_they_wait_for() -> None:
    found = {member.path: (member.depth, member.needs) for member in tree().members()}
    assert list(found) == ["c_prep", "b_train", "a_eval", "a_eval/fit", "a_eval/score"]
    assert found["a_eval"] == (0, ("b_train", "c_prep"))
    assert found["a_eval/fit"] == (1, ())


def test_a_circle_is_shown_all_the_same() -> None:
    jobs = {
        step: {"inputs": {"x": f"${{{{parent.jobs.{other}.outputs.o}}}}"}} for step, other in (("a", "b"), ("b", "a"))
    }
    assert [member.step for member in FamilyTree("p", {"jobs": jobs}).members()] == ["a", "b"]


def test_moves_fill_the_tree() -> None:
    family = tree()
    family.take(move("p--c", "c_prep", "Running", 1))
    member = family.take(move("p--c", "c_prep", "Completed", 4, reason="ok"))
    assert member is not None
    assert (member.status, member.seconds(datetime.now(UTC))) == ("Completed", 3.0)
    running = family.take(move("p--b", "b_train", "Running", 5))
    assert running is not None
    assert running.seconds(datetime(2026, 1, 1, 12, 0, 15, tzinfo=UTC)) == 10.0
    assert family.wait("p--b", "because") is running
    assert running.reason == "because"


def test_steps_of_an_inner_pipeline_find_their_place() -> None:
    family = tree()
    family.take(move("p--a", "a_eval", "Running", type="pipeline"))
    family.take(move("p--a--fit", "fit", "Completed", parent="p--a", reused_from="old"))
    new = family.take(move("p--a--new", "new", "Running", parent="p--a"))
    statuses = {member.path: member.status for member in family.members()}
    assert statuses["a_eval/fit"] == REUSED
    assert statuses["a_eval/new"] == "Running"
    assert new is not None
    assert new.depth == 1
    assert family.take(move("x", "x", "Running", parent="stranger")) is None


def test_another_attempt_takes_the_place_of_the_first() -> None:
    family = tree()
    family.take(move("p--c", "c_prep", "Running", 1))
    family.take(move("p--c", "c_prep", "Failed", 2, reason="first"))
    family.take(move("p--c--2", "c_prep", "Queued", 3))
    members = [member for member in family.members() if member.step == "c_prep"]
    assert len(members) == 1
    assert (members[0].status, members[0].began, members[0].job) == ("Queued", None, "p--c--2")
    assert family.failed() == []


def test_trials_of_a_sweep_are_called_trials() -> None:
    family = FamilyTree("s", {"type": "sweep"})
    family.take(move("s--0", "0", "Running", parent="s"))
    again = family.take(move("s--0", "0", "Completed", parent="s"))
    assert again is not None
    assert [(member.path, member.status) for member in family.members()] == [("trial 0", "Completed")]


def test_of_nested_failures_the_innermost_is_told() -> None:
    family = tree()
    family.take(move("p--a", "a_eval", "Running", type="pipeline"))
    family.take(move("p--a--fit", "fit", "Failed", parent="p--a"))
    family.take(move("p--a", "a_eval", "Failed", type="pipeline"))
    assert [member.path for member in family.failed()] == ["a_eval/fit"]


def test_a_change_is_one_line() -> None:
    family = tree()
    lines = [
        change(member)
        for said in (
            move("p--c", "c_prep", "Running", reason="anything"),
            move("p--c", "c_prep", "Failed", reason="The command ended with exit code 3.\nLast lines:\nx"),
            move("p--b", "b_train", "Completed", reused_from="old--b", reason="Reused: …"),
            move("p--a", "a_eval", "CancelRequested", reason="Another step of the pipeline failed."),
            move("p--a", "a_eval", "Canceled", reason="Canceled."),
        )
        if (member := family.take(said)) is not None
    ]
    assert lines == [
        "c_prep: Running",
        "c_prep: Failed: The command ended with exit code 3.",
        "b_train: Reused from old--b",
        "a_eval: CancelRequested: Another step of the pipeline failed.",
        "a_eval: Canceled: Another step of the pipeline failed.",
    ]
