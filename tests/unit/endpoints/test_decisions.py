"""What follows from the news of a revision."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from lapisml.ports.compute import ExitStatus
from lapisml.ports.endings import OUTCOMES, EndReason
from lapisml.ports.serving import RevisionRecord
from lapisml.server.features.endpoints.decisions import on_end, on_word, pause_ms
from lapisml.server.features.endpoints.records import Revision, RevisionState

NOW = 1_000_000
ID = "0123456789ab"


def revision(state: RevisionState = RevisionState.STARTING, **values: Any) -> Revision:
    """Make a revision that was handed over ten seconds ago."""
    plain: dict[str, Any] = dict.fromkeys(Revision.__dataclass_fields__)
    plain |= {"id": ID, "document": {}, "scale": {}, "reason": "", "log_tail": "", "waits_for": ""}
    plain |= {"attempt": 1, "tries": 0}
    plain |= {"submit_key": "k", "handed_over": True, "started_at": NOW - 10_000, "state": state}
    return Revision(**{**plain, **values})


def ended(reason: EndReason) -> ExitStatus:
    """Make the end of a job."""
    return ExitStatus(OUTCOMES[reason], reason, f"It ended: {reason}.", log_tail="last line")


def after(before: Revision, changes: dict[str, Any]) -> Revision:
    """Apply a verdict."""
    return replace(before, **{**changes, "state": RevisionState(changes.get("state", before.state))})


@pytest.mark.parametrize("state", ["ready", "zero"])
def test_the_first_good_word_makes_it_ready(state: str) -> None:
    verdict = on_word(revision(), RevisionRecord(ID, state), NOW)
    assert verdict.changes == {"state": "Ready", "reason": "", "log_tail": "", "ready_at": NOW}
    assert not verdict.end_job


def test_a_ready_one_that_says_so_again_changes_nothing() -> None:
    assert on_word(revision(RevisionState.READY, ready_at=1), RevisionRecord(ID, "ready"), NOW).changes == {}


def test_one_that_never_was_ready_and_says_that_it_failed_is_given_up() -> None:
    verdict = on_word(revision(), RevisionRecord(ID, "failed", "no such table", "tail"), NOW)
    assert verdict.changes == {"state": "Failed", "reason": "no such table", "log_tail": "tail"}
    assert verdict.end_job


def test_one_that_was_ready_and_fails_is_told_and_not_given_up() -> None:
    ready = revision(RevisionState.READY, ready_at=1)
    verdict = on_word(ready, RevisionRecord(ID, "failed", "it crashes", "tail"), NOW)
    assert verdict.changes == {"reason": "it crashes", "log_tail": "tail"}
    assert not verdict.end_job
    broken = after(ready, verdict.changes)
    assert not broken.is_ready
    healed = after(broken, on_word(broken, RevisionRecord(ID, "ready"), NOW).changes)
    assert healed.is_ready
    assert healed.ready_at == 1


@pytest.mark.parametrize("reason", [EndReason.ENVIRONMENT, EndReason.INPUT, EndReason.CODE, EndReason.EXIT_CODE])
def test_a_start_that_would_fail_again_is_not_repeated(reason: EndReason) -> None:
    changes = on_end(revision(), ended(reason), None, NOW).changes
    assert changes == {
        "state": "Failed", "reason": f"It ended: {reason}.", "log_tail": "last line", "ended_at": NOW,
    }  # fmt: skip


def test_what_the_keeper_said_is_the_reason() -> None:
    word = RevisionRecord(ID, "failed", "init() raised KeyError", "the trace")
    changes = on_end(revision(), ended(EndReason.EXIT_CODE), word, NOW).changes
    assert (changes["reason"], changes["log_tail"]) == ("init() raised KeyError", "the trace")


@pytest.mark.parametrize("reason", [EndReason.KILLED, EndReason.SUPERVISOR_LOST, EndReason.MACHINE_RESTARTED])
def test_a_start_that_was_killed_is_repeated_a_few_times(reason: EndReason) -> None:
    found = revision()
    for attempt in range(2, 6):
        changes = on_end(found, ended(reason), None, NOW).changes
        assert changes["attempt"] == attempt
        assert changes["handed_over"] is False
        found = after(found, changes)
    assert on_end(found, ended(reason), None, NOW).changes["state"] == "Failed"


def test_one_that_was_ready_is_started_again_for_ever_with_growing_pauses() -> None:
    found, pauses = revision(RevisionState.READY, ready_at=1), []
    for _ in range(20):
        changes = on_end(found, ended(EndReason.KILLED), None, NOW).changes
        pauses.append(changes["next_at"] - NOW)
        found = replace(after(found, changes), started_at=NOW - 10_000)
    assert found.state is RevisionState.READY
    assert found.attempt == 21
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0, 60_000)
    assert found.reason == "It ended: Killed. It is started again."


def test_an_attempt_that_lasted_begins_the_pauses_anew() -> None:
    tired = revision(RevisionState.READY, ready_at=1, tries=9, started_at=NOW - 600_000)
    changes = on_end(tired, ended(EndReason.KILLED), None, NOW).changes
    assert (changes["tries"], changes["next_at"]) == (1, NOW)
    assert "reason" not in changes


def test_a_folder_that_is_gone_is_an_end_from_outside() -> None:
    assert on_end(revision(), None, None, NOW).changes["attempt"] == 2


def test_attempts_are_jobs_of_their_own() -> None:
    assert [revision(attempt=n).job for n in (1, 2)] == [f"serving--{ID}", f"serving--{ID}--2"]
    assert revision(attempt=1).key != revision(attempt=2).key


def test_pauses_double_up_to_a_minute() -> None:
    assert [pause_ms(tries) for tries in (1, 2, 3, 4, 30)] == [0, 500, 1000, 2000, 60_000]
