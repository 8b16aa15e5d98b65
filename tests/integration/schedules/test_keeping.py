"""Making, changing, enabling, triggering and deleting schedules."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.testing.clock import FakeClock
from tests.integration.schedules.server import COMMAND, HOURLY, Server

HOUR = 60


def refusal(call: Any, *args: Any, **more: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        call(*args, **more)
    return caught.value


def test_the_same_document_changes_nothing(both: Server, clock: FakeClock) -> None:
    first = both.create(description="a")
    clock.advance(1000)
    assert both.create(description="a") == first
    second = both.create(description="b")
    assert (second.id, second.created_at) == (first.id, first.created_at)
    assert second.updated_at == clock.now_ms()


def test_a_changed_trigger_holds_from_now_on(both: Server) -> None:
    both.create(trigger={"type": "recurrence", "frequency": "hour", "interval": 1})
    both.round()
    both.round(30)
    both.create(trigger={"type": "recurrence", "frequency": "hour", "interval": 2})
    both.round()
    both.round(2 * HOUR)
    assert both.due_of_jobs() == ["2026-05-04T09:15:00", "2026-05-04T09:45:00", "2026-05-04T11:45:00"]


def test_another_description_keeps_the_beat(both: Server) -> None:
    trigger = {"type": "recurrence", "frequency": "hour", "interval": 1}
    both.create(trigger=trigger)
    both.round()
    both.round(30)
    both.create(trigger=trigger, description="new")
    both.round(30)
    assert both.due_of_jobs() == ["2026-05-04T09:15:00", "2026-05-04T10:15:00"]


def test_disabled_it_fires_nothing_and_makes_up_for_nothing(both: Server) -> None:
    both.create()
    both.part.service.set_enabled(both.ws, "nightly", enabled=False)
    assert both.get().upcoming(both.clock.now_ms(), 3) == []
    both.round(3 * HOUR)
    both.create(description="still disabled")
    assert not both.get().is_enabled
    both.part.service.set_enabled(both.ws, "nightly", enabled=True)
    both.round()
    assert both.made() == []
    both.round(45)
    assert both.due_of_jobs() == ["2026-05-04T13:00:00"]


def test_only_a_disabled_one_is_deleted(both: Server) -> None:
    both.create()
    both.round(45)
    refused = refusal(both.part.service.delete, both.ws, "nightly")
    assert refused.code is ErrorCode.CONFLICT
    assert "lapis schedule disable -n nightly" in str(refused)
    both.part.service.set_enabled(both.ws, "nightly", enabled=False)
    both.part.service.delete(both.ws, "nightly")
    assert refusal(both.get).code is ErrorCode.NOT_FOUND
    assert len(both.made()) == 1
    both.clock.advance(1)
    both.create()
    both.round(HOUR)
    assert len({job.name for job in both.made()}) == 2
    assert len(both.history()) == 1


def test_by_hand_a_disabled_one_makes_a_job_too(both: Server) -> None:
    both.create()
    both.part.service.set_enabled(both.ws, "nightly", enabled=False)
    name = both.part.service.trigger(both.ws, "nightly")
    (job,) = both.made()
    assert job.name == name
    assert job.display_name == "nightly-20260504T091500Z"
    assert job.properties["lapis.schedule_by"] == "hand"
    assert [(f.by_hand, f.state.value) for f in both.history()] == [(True, "Submitted")]


def test_a_refused_job_by_hand_is_told_and_kept(both: Server) -> None:
    both.computes.create_or_update(both.ws, {"name": "cpu", "type": "amlcompute", "max_instances": 1}, "ann")
    both.create(create_job={**COMMAND, "compute": "cpu"})
    both.computes.delete(both.ws, "cpu")
    refused = refusal(both.part.service.trigger, both.ws, "nightly")
    assert refused.code is ErrorCode.REFERENCE_NOT_FOUND
    assert both.states() == ["Failed"]


def test_a_job_that_exists_is_made_again_with_changes(both: Server) -> None:
    given = {**COMMAND, "inputs": {"a": 1, "b": "x"}, "tags": {"k": "v"}, "command": "echo ${{inputs.a}} ${{inputs.b}}"}
    both.jobs.submit(both.ws, "first", given, None, "ann")
    both.create("plain", create_job="azureml:first")
    changes = {"inputs": {"b": "y"}, "tags": {"new": "t"}, "experiment_name": "nights", "type": "command"}
    both.create("changed", create_job={"job": "azureml:first", **changes})
    both.round(45)
    by_schedule = {job.properties.get("lapis.schedule"): job.document for job in both.made()}
    assert by_schedule["plain"]["inputs"] == {"a": 1, "b": "x"}
    assert by_schedule["changed"]["inputs"] == {"a": 1, "b": "y"}
    assert by_schedule["changed"]["tags"] | {"k": "v", "new": "t"} == by_schedule["changed"]["tags"]
    assert by_schedule["changed"]["experiment_name"] == "nights"
    assert by_schedule["plain"]["command"] == given["command"]


def test_a_job_in_place_under_job_takes_changes(server: Server) -> None:
    server.create(create_job={"job": {**COMMAND, "name": "mine"}, "environment_variables": {"A": "1"}})
    server.round(45)
    (job,) = server.made()
    assert job.document["environment_variables"] == {"A": "1"}
    assert job.name.startswith("nightly_")


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"trigger": {**HOURLY, "expression": "61 * * * *"}}, ErrorCode.DOCUMENT_INVALID, "trigger.expression"),
        ({"trigger": {**HOURLY, "time_zone": "Mars"}}, ErrorCode.DOCUMENT_INVALID, "trigger.time_zone"),
        ({"trigger": {**HOURLY, "end_time": "2026-05-01"}}, ErrorCode.DOCUMENT_INVALID, "trigger.end_time"),
        ({"properties": {"lapis.missed_runs": "some"}}, ErrorCode.DOCUMENT_INVALID, "properties.lapis.missed_runs"),
        ({"create_job": "azureml:nothing"}, ErrorCode.REFERENCE_NOT_FOUND, "create_job"),
        ({"create_job": {**COMMAND, "compute": "gone"}}, ErrorCode.REFERENCE_NOT_FOUND, "create_job.compute"),
        (
            {"create_job": {"job": {**COMMAND, "compute": "gone"}}},
            ErrorCode.REFERENCE_NOT_FOUND,
            "create_job.job.compute",
        ),
        ({"create_job": {"job": COMMAND, "compute": "gone"}}, ErrorCode.REFERENCE_NOT_FOUND, "create_job.compute"),
        ({"create_job": {"job": COMMAND, "type": "pipeline"}}, ErrorCode.DOCUMENT_INVALID, "create_job.type"),
        (
            {"create_job": {"job": COMMAND, "settings": {"force_rerun": True}}},
            ErrorCode.DOCUMENT_INVALID,
            "create_job.settings",
        ),
        ({"create_job": {**COMMAND, "comand": "x"}}, ErrorCode.DOCUMENT_INVALID, "create_job.comand"),
        (
            {"create_job": {**COMMAND, "environment": "azureml:none:1"}},
            ErrorCode.REFERENCE_NOT_FOUND,
            "create_job.environment",
        ),
        ({"create_job": {**COMMAND, "code": "./src"}}, ErrorCode.DOCUMENT_INVALID, "create_job.code"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(
    server: Server, changes: dict[str, Any], code: ErrorCode, path: str
) -> None:
    refused = refusal(server.create, **changes)
    assert refused.code is code
    assert [problem.path for problem in refused.problems] == [path]
    assert server.part.service.find(server.ws) == []


def test_bad_names_are_refused(server: Server) -> None:
    for name in ("../x", "a b", "", "x" * 300):
        assert refusal(server.create, name).code is ErrorCode.DOCUMENT_INVALID


def test_update_changes_keys_and_state(server: Server) -> None:
    server.create(description="a", tags={"k": "v"})
    made = server.part.service.update(server.ws, "nightly", {"description": None, "is_enabled": False}, "bob")
    assert "description" not in made.document
    assert (made.document["tags"], made.is_enabled) == ({"k": "v"}, False)
    assert refusal(server.part.service.update, server.ws, "nightly", {"trigger": None}, "bob").problems
    refused = refusal(server.part.service.update, server.ws, "nightly", {"is_enabled": "true"}, "bob")
    assert refused.code is ErrorCode.USAGE


def test_lists_are_by_name_and_in_pages(both: Server) -> None:
    for name in ("c", "a", "b"):
        both.create(name)
    both.part.service.set_enabled(both.ws, "b", enabled=False)
    service = both.part.service
    assert [r.name for r in service.find(both.ws)] == ["a", "b", "c"]
    assert [r.name for r in service.find(both.ws, enabled=True)] == ["a", "c"]
    assert [r.name for r in service.find(both.ws, enabled=False)] == ["b"]
    assert [r.name for r in service.find(both.ws, None, 2, "a")] == ["b", "c"]


def test_a_workspace_goes_with_its_schedules(both: Server) -> None:
    both.workspaces.create_or_update("other", {"name": "other"}, "ann")
    other = both.workspaces.get("other")
    document = {"trigger": {"type": "recurrence", "frequency": "hour", "interval": 1}, "create_job": COMMAND}
    both.part.service.create_or_update(other, "nightly", document, "ann")
    both.create("mine")
    refused = refusal(both.workspaces.delete, "other")
    assert "1 schedules" in refused.message
    both.workspaces.delete("other", force=True)
    both.round(45)
    assert [job.properties["lapis.schedule"] for job in both.made()] == ["mine"]
